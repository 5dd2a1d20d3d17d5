#include <isotrace/executor/compare_files.hpp>

#include <algorithm>
#include <set>
#include <thread>

#include <isotrace/executor/equal_run.hpp>
#include <isotrace/trace/message.hpp>

namespace isotrace::executor {
namespace {

using trace::Divergence;
using trace::FooterMessage;
using trace::HeaderMessage;
using trace::StepRecord;

/// The message of a type that stands there and takes all of the bytes.
template <class Record>
std::optional<Record> decode(core::ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  auto decoded = trace::decode_message(bytes);
  if (!decoded || decoded->bytes != bytes.size()) return std::nullopt;
  auto* record = std::get_if<Record>(&decoded->message);
  return record == nullptr ? std::nullopt : std::optional(std::move(*record));
}

/// One of the two files while they are compared.
struct Side {
  explicit Side(const BlockSource& source) : file(source), walk(source, MessageWalk(0, 0)) {}

  const BlockSource& file;
  core::Bytes header;  ///< the message
  trace::TraceIdentity identity;
  FileWalk walk;
  std::optional<FooterMessage> footer;

  bool read_header();
  bool read_footer();
};

bool Side::read_header() {
  // The head of any message tells its length; a longer one than this is no header of ours.
  constexpr std::uint64_t header_bytes_max = 1 << 20;
  core::Bytes front(std::min(file.size(), header_bytes_max));
  if (front.empty() || !file.read(0, front)) return false;
  auto decoded = trace::decode_message(front);
  if (!decoded) return false;
  auto* found = std::get_if<HeaderMessage>(&decoded->message);
  if (found == nullptr) return false;
  front.resize(decoded->bytes);
  header = std::move(front);
  identity = std::move(found->identity);
  return true;
}

/// Walks on to the footer, which counts the leaves that were passed.
bool Side::read_footer() {
  if (!walk.advance_to_footer()) return false;
  footer = decode<FooterMessage>(walk.message());
  return footer && footer->leaves == walk.walk().leaves() + 2 &&
         footer->state.has_value() == identity.machine.has_value();
}

bool say_the_same(const FooterMessage& a, const FooterMessage& b) {
  const auto same = [](const trace::NamedRecord& x, const trace::NamedRecord& y) {
    return x.name == y.name && x.tensor == y.tensor;
  };
  return std::ranges::equal(a.outputs, b.outputs, same) && a.leaves == b.leaves &&
         a.root == b.root && a.state == b.state && a.results == b.results;
}

/// The digests of tensors that a report of the divergence may show.
std::set<core::Digest> wanted_contents(const Side& side, const Divergence& divergence,
                                       const std::optional<StepRecord>& step) {
  std::set<core::Digest> wanted;
  for (const trace::NamedRecord& input : side.identity.inputs) wanted.insert(input.tensor.digest);
  for (const auto& record : {divergence.a, divergence.b}) {
    if (record) wanted.insert(record->digest);
  }
  if (!step) return wanted;
  for (const auto& input : step->inputs) {
    if (input) wanted.insert(input->digest);
  }
  for (const trace::TensorRecord& output : step->outputs) wanted.insert(output.digest);
  return wanted;
}

/// Header, program and wanted contents alone are a recording that was not closed; the reader of
/// those checks every digest in it.
std::optional<trace::Trace> read_parts(Side& side, const std::set<core::Digest>& wanted) {
  core::Bytes parts = side.header;
  for (const MessageSpan& chunk : side.walk.walk().chunks()) {
    const core::ByteView message = side.walk.bytes(chunk.offset, chunk.bytes);
    if (chunk.kind == MessageKind::content) {
      const auto content = decode<trace::ContentChunk>(message);
      if (!content) return std::nullopt;
      if (!wanted.contains(content->tensor.digest)) continue;
    }
    if (message.empty()) return std::nullopt;
    parts.insert(parts.end(), message.begin(), message.end());
  }
  auto recovered = trace::recover_trace(parts);
  if (!recovered || recovered->valid_bytes != parts.size()) return std::nullopt;
  recovered->trace.outputs = side.footer->outputs;
  recovered->trace.root = side.footer->root;
  return std::move(recovered->trace);
}

class Comparison {
 public:
  Comparison(const BlockSource& a, const BlockSource& b) : a_(a), b_(b) {}

  std::optional<FileComparison> run(unsigned threads) {
    if (!a_.read_header() || !b_.read_header()) return std::nullopt;
    a_.walk = start(a_);
    b_.walk = start(b_);
    divergence_ = find_given();
    if (divergence_) return finish_diverged(threads);
    const bool machine = a_.identity.machine.has_value();
    if (machine != b_.identity.machine.has_value()) return std::nullopt;
    const auto equal =
        find_equal_run({a_.file, a_.header.size()}, {b_.file, b_.header.size()}, threads);
    if (!equal) return std::nullopt;
    if (auto same = finish_identical(*equal)) return same;
    if (machine || !find_step(*equal)) return std::nullopt;
    return finish_diverged(threads);
  }

 private:
  static FileWalk start(const Side& side) {
    return {side.file, MessageWalk(side.header.size(), side.file.size())};
  }

  /// What differs before the steps.
  std::optional<Divergence> find_given() const {
    if (a_.identity.machine || b_.identity.machine) return std::nullopt;
    return trace::find_identity_difference(a_.identity, b_.identity);
  }

  /// Whether nothing differs but provenance and, because of it, the digest of the file.
  std::optional<FileComparison> finish_identical(const EqualRun& equal) {
    const auto& last = equal.walk.begun();
    if (!last || last->kind != MessageKind::footer || !equal.walk.ended()) return std::nullopt;
    if (identity_digest(a_.identity) != identity_digest(b_.identity)) return std::nullopt;
    set_walks(equal);
    if (!a_.read_footer() || !b_.read_footer()) return std::nullopt;
    // What b still had before its footer, a does not have: contents, which one digest cannot cover.
    if (b_.walk.at().offset - b_.header.size() != last->offset - a_.header.size()) {
      return std::nullopt;
    }
    // A digest of the file that is the same for other bytes, or another one for the same, is wrong.
    const bool same_bytes = a_.header == b_.header;
    const bool same_digest = a_.footer->file_digest == b_.footer->file_digest;
    if (!say_the_same(*a_.footer, *b_.footer) || same_bytes != same_digest) return std::nullopt;
    FileComparison found{{}, {}, std::nullopt};
    for (auto [side, out] : {std::pair(&a_, &found.a), std::pair(&b_, &found.b)}) {
      out->trace.identity = side->identity;
      out->trace.outputs = side->footer->outputs;
      out->trace.root = side->footer->root;
      out->steps = step_count(*side);
    }
    return found;
  }

  static std::uint64_t step_count(const Side& side) {
    return side.footer->state ? side.footer->state->steps : side.walk.walk().steps();
  }

  /// Both before the message that differs first.
  void set_walks(const EqualRun& equal) {
    const std::uint64_t at = equal.walk.begun()->offset;
    const std::uint64_t at_b = at - a_.header.size() + b_.header.size();
    a_.walk = FileWalk(a_.file, equal.walk.rewound(at, a_.file.size()));
    b_.walk = FileWalk(b_.file, equal.walk.rewound(at_b, b_.file.size()));
  }

  /// Goes on step by step to the first one that is another computation. False if there is none.
  bool find_step(const EqualRun& equal) {
    if (!equal.walk.begun()) return false;
    set_walks(equal);
    while (a_.walk.advance_to_step() && b_.walk.advance_to_step()) {
      const core::ByteView a = a_.walk.message();
      const core::ByteView b = b_.walk.message();
      if (a_.walk.at().kind == MessageKind::footer && b_.walk.at().kind == MessageKind::footer) {
        return false;
      }
      if (!a.empty() && std::ranges::equal(a, b)) continue;
      auto step_a = decode_step(a_);
      auto step_b = decode_step(b_);
      if (!is_footer_or(a_, step_a) || !is_footer_or(b_, step_b)) return false;
      if (step_a && step_b && step_digest(*step_a) == step_digest(*step_b)) continue;
      return set_divergence(std::move(step_a), std::move(step_b));
    }
    return false;
  }

  static std::optional<StepRecord> decode_step(Side& side) {
    if (side.walk.at().kind != MessageKind::step) return std::nullopt;
    auto step = decode<StepRecord>(side.walk.message());
    return step && step->index == side.walk.walk().steps() ? step : std::nullopt;
  }

  static bool is_footer_or(const Side& side, const std::optional<StepRecord>& step) {
    return step.has_value() || side.walk.at().kind == MessageKind::footer;
  }

  bool set_divergence(std::optional<StepRecord> a, std::optional<StepRecord> b) {
    const auto before = a_.walk.walk().last_step();
    divergence_ = a && b ? trace::make_step_divergence(*std::move(a), *std::move(b))
                         : trace::make_length_divergence(a ? *a : *b);
    if (!before) return true;
    divergence_->agreed = decode<StepRecord>(a_.walk.bytes(before->offset, before->bytes));
    return divergence_->agreed.has_value();
  }

  /// Walks to the ends of both.
  bool read_footers(unsigned threads) {
    if (threads < 2) return a_.read_footer() && b_.read_footer();
    bool read = false;
    std::thread other([&] { read = b_.read_footer(); });
    const bool both = a_.read_footer();
    other.join();
    return both && read;
  }

  std::optional<FileComparison> finish_diverged(unsigned threads) {
    if (!read_footers(threads)) return std::nullopt;
    if (a_.footer->root == b_.footer->root) return std::nullopt;
    auto a = read_parts(a_, wanted_contents(a_, *divergence_, divergence_->step_a));
    auto b = read_parts(b_, wanted_contents(b_, *divergence_, divergence_->step_b));
    if (!a || !b) return std::nullopt;
    return FileComparison{
        {*std::move(a), step_count(a_)}, {*std::move(b), step_count(b_)}, std::move(divergence_)};
  }

  Side a_;
  Side b_;
  std::optional<Divergence> divergence_;
};

}  // namespace

std::optional<FileComparison> compare_files(const BlockSource& a, const BlockSource& b,
                                            unsigned threads) {
  return Comparison(a, b).run(threads);
}

}  // namespace isotrace::executor
