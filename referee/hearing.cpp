#include <isotrace/referee/hearing.hpp>

#include <algorithm>
#include <deque>

#include <isotrace/core/merkle.hpp>
#include <isotrace/referee/tree.hpp>
#include <isotrace/trace/message.hpp>

namespace isotrace::referee {
namespace {

/// More than any trace can have.
constexpr std::uint64_t leaves_max = std::uint64_t{1} << 48;

/// The one message that the bytes are.
std::optional<trace::Message> parse_message(core::ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  auto decoded = trace::decode_message(bytes);
  if (!decoded || decoded->bytes != bytes.size()) return std::nullopt;
  return std::move(decoded->message);
}

bool peaks_give_root(const std::vector<core::Digest>& peaks, const core::Digest& root) {
  core::Digest folded = peaks.back();
  for (std::size_t i = peaks.size() - 1; i-- > 0;) folded = core::merkle_node(peaks[i], folded);
  return folded == root;
}

/// A full subtree of a side's tree whose root is known.
struct Subtree {
  unsigned level = 0;
  std::uint64_t index = 0;
  core::Digest root;
};

std::deque<Subtree> subtrees_of(const Side& side) {
  std::deque<Subtree> list;
  std::uint64_t begin = 0;
  const std::vector<unsigned> levels = peak_levels(side.leaves);
  for (std::size_t i = 0; i < levels.size(); ++i) {
    list.push_back({levels[i], begin >> levels[i], side.peaks[i]});
    begin += std::uint64_t{1} << levels[i];
  }
  return list;
}

/// Puts its two halves in the place of the first subtree. False: the side has lost.
bool halve_first(const Side& side, std::deque<Subtree>& list) {
  const Subtree whole = list.front();
  const auto halves = take(side, side.party.halve(whole.level, whole.index));
  if (!halves) return false;
  if (core::merkle_node(halves->left, halves->right) != whole.root) {
    side.blame(Standing::lied, "digests inside its tree do not give their parent (level " +
                                   std::to_string(whole.level) + ", subtree " +
                                   std::to_string(whole.index) + ")");
    return false;
  }
  list.pop_front();
  list.push_front({whole.level - 1, 2 * whole.index + 1, halves->right});
  list.push_front({whole.level - 1, 2 * whole.index, halves->left});
  return true;
}

/// The record, which must lead to the side's root.
std::optional<LeafRecord> check_leaf(const Side& side, std::uint64_t number,
                                     const OpenedLeaf& leaf) {
  auto record = parse_record(leaf.record, side.identity.program);
  if (record && core::verify_merkle_inclusion(core::merkle_leaf(record_digest(*record).view()),
                                              number, side.leaves, leaf.path, side.root)) {
    return record;
  }
  side.blame(Standing::lied,
             "leaf " + std::to_string(number) + " as it shows it is not under its root");
  return std::nullopt;
}

}  // namespace

core::Digest record_digest(const LeafRecord& record) {
  struct Digests {
    core::Digest operator()(const trace::StepRecord& step) const { return step_digest(step); }
    core::Digest operator()(const Outputs& outputs) const { return outputs_digest(outputs); }
    core::Digest operator()(const trace::StateRecord& state) const { return state_root(state); }
  };
  return std::visit(Digests{}, record);
}

std::optional<LeafRecord> parse_record(core::ByteView bytes, const core::Digest& program) {
  auto message = parse_message(bytes);
  if (!message) return std::nullopt;
  if (auto* step = std::get_if<trace::StepRecord>(&*message)) return std::move(*step);
  if (auto* footer = std::get_if<trace::FooterMessage>(&*message))
    return std::move(footer->outputs);
  if (auto* checkpoint = std::get_if<trace::CheckpointRecord>(&*message)) {
    checkpoint->state.program = program;
    return std::move(checkpoint->state);
  }
  return std::nullopt;
}

bool hear_commitment(Side& side) {
  auto commitment = take(side, side.party.commit());
  if (!commitment) return false;
  side.root = commitment->root;
  side.leaves = commitment->leaves;
  const auto message = parse_message(commitment->identity);
  const auto* header = message ? std::get_if<trace::HeaderMessage>(&*message) : nullptr;
  const bool formed = header != nullptr && side.leaves >= 2 && side.leaves <= leaves_max &&
                      commitment->peaks.size() == peak_levels(side.leaves).size() &&
                      peaks_give_root(commitment->peaks, side.root);
  if (formed) {
    const core::Digest leaf = core::merkle_leaf(identity_digest(header->identity).view());
    if (core::verify_merkle_inclusion(leaf, 0, side.leaves, commitment->path, side.root)) {
      side.identity = header->identity;
      side.peaks = std::move(commitment->peaks);
      return true;
    }
  }
  side.blame(Standing::lied, "its identity, its subtrees and its root do not belong together");
  return false;
}

std::optional<std::uint64_t> find_parting(Hearing& hearing) {
  std::deque<Subtree> a = subtrees_of(hearing.a);
  std::deque<Subtree> b = subtrees_of(hearing.b);
  std::uint64_t equal = 0;  // leaves in front of both lists
  while (!a.empty() && !b.empty()) {
    const bool same_level = a.front().level == b.front().level;
    if (same_level && a.front().root == b.front().root) {
      equal += std::uint64_t{1} << a.front().level;
      a.pop_front();
      b.pop_front();
      continue;
    }
    if (same_level && a.front().level == 0) return equal;
    // Where both differ both are halved; else the larger one, down to the level of the other.
    const bool halve_a = a.front().level >= b.front().level;
    const bool halve_b = b.front().level >= a.front().level;
    ++hearing.ruling.rounds;
    bool heard = true;
    if (halve_a) heard = halve_first(hearing.a, a);
    if (halve_b) heard = halve_first(hearing.b, b) && heard;
    if (!heard) return std::nullopt;
  }
  return equal;
}

std::optional<std::vector<LeafRecord>> open_leaves(const Side& side,
                                                   std::span<const std::uint64_t> leaves) {
  std::vector<LeafRecord> records;
  while (records.size() < leaves.size()) {
    auto asked = leaves.subspan(records.size());
    asked = asked.first(std::min(leaves_asked_max, asked.size()));
    const auto opened = take(side, side.party.open(asked));
    if (!opened) return std::nullopt;
    if (opened->empty() || opened->size() > asked.size()) {
      side.blame(Standing::failed, "sent another number of leaves than it was asked for");
      return std::nullopt;
    }
    for (std::size_t i = 0; i < opened->size(); ++i) {
      auto record = check_leaf(side, asked[i], (*opened)[i]);
      if (!record) return std::nullopt;
      records.push_back(*std::move(record));
    }
  }
  return records;
}

std::optional<LeafRecord> open_leaf(const Side& side, std::uint64_t leaf) {
  auto opened = open_leaves(side, {&leaf, 1});
  if (!opened) return std::nullopt;
  return std::move(opened->front());
}

std::optional<core::Bytes> fetch_evidence(Hearing& hearing, const Evidence& evidence,
                                          const std::function<bool(core::ByteView)>& check,
                                          const std::string& what) {
  for (const Side* side : hearing.sides()) {
    if (side->finding.standing == Standing::failed || side->finding.standing == Standing::lied) {
      continue;
    }
    ++hearing.ruling.rounds;
    auto bytes = take(*side, side->party.fetch(evidence, hearing.limits.evidence_bytes_max));
    if (!bytes) continue;
    if (check(*bytes)) return bytes;
    side->blame(Standing::lied, "sent " + what + " that its digest contradicts");
  }
  hearing.leave_undecided("neither has shown " + what);
  return std::nullopt;
}

}  // namespace isotrace::referee
