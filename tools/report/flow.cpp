#include <isotrace/tools/report/flow.hpp>

#include <cstring>
#include <unordered_map>

namespace isotrace::tools::page {
namespace {

struct DigestHash {
  std::size_t operator()(const core::Digest& digest) const {
    std::size_t hash = 0;
    std::memcpy(&hash, digest.bytes.data(), sizeof hash);
    return hash;
  }
};

/// A value from where it was made to where it is read last.
struct Life {
  Source source;
  std::uint64_t bytes = 0;
  std::size_t begin = 0;
  std::size_t last = 0;
};

class FlowFinder {
 public:
  explicit FlowFinder(const trace::Trace& trace) : trace_(trace) {
    flow_.steps.resize(trace.steps.size());
  }

  Flow find() {
    for (std::size_t i = 0; i < trace_.identity.inputs.size(); ++i) {
      make(trace_.identity.inputs[i].tensor, {Source::Kind::input, i}, 0);
    }
    for (std::size_t i = 0; i < trace_.steps.size(); ++i) take_step(i);
    for (const trace::NamedRecord& output : trace_.outputs) read(output.tensor.digest, last_step());
    for (const Life& life : lives_) {
      if (flow_.steps.empty()) break;
      flow_.steps[life.begin].alive_bytes += life.bytes;  // a difference until sum_up()
      if (life.last < last_step()) flow_.steps[life.last + 1].alive_bytes -= life.bytes;
    }
    sum_up();
    return std::move(flow_);
  }

 private:
  [[nodiscard]] std::size_t last_step() const {
    return trace_.steps.empty() ? 0 : trace_.steps.size() - 1;
  }

  void make(const trace::TensorRecord& record, Source source, std::size_t at) {
    newest_[record.digest] = lives_.size();
    lives_.push_back({source, bytes_of(record), at, at});
  }

  Source read(const core::Digest& digest, std::size_t at) {
    const auto found = newest_.find(digest);
    if (found == newest_.end()) return {Source::Kind::constant, 0};
    Life& life = lives_[found->second];
    life.last = std::max(life.last, at);
    return life.source;
  }

  void take_step(std::size_t at) {
    StepFlow& flow = flow_.steps[at];
    for (const auto& operand : trace_.steps[at].inputs) {
      flow.operands.push_back(operand ? read(operand->digest, at) : Source{});
      const Source& source = flow.operands.back();
      if (source.kind != Source::Kind::step) continue;
      std::vector<std::size_t>& readers = flow_.steps[source.index].readers;
      if (readers.empty() || readers.back() != at) readers.push_back(at);
    }
    for (const trace::TensorRecord& result : trace_.steps[at].outputs) {
      flow.result_bytes += bytes_of(result);
      make(result, {Source::Kind::step, at}, at);
    }
  }

  void sum_up() {
    std::uint64_t alive = 0;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      alive += flow_.steps[i].alive_bytes;
      flow_.steps[i].alive_bytes = alive;
      if (alive > flow_.steps[flow_.peak].alive_bytes) flow_.peak = i;
    }
  }

  const trace::Trace& trace_;
  Flow flow_;
  std::vector<Life> lives_;
  std::unordered_map<core::Digest, std::size_t, DigestHash> newest_;  // indices of lives_
};

}  // namespace

std::uint64_t bytes_of(const trace::TensorRecord& record) {
  if (core::is_structured(record.dtype)) return 0;
  const auto bytes = core::byte_count(record.dtype, record.shape);
  return bytes ? *bytes : 0;
}

Flow find_flow(const trace::Trace& trace) { return FlowFinder(trace).find(); }

}  // namespace isotrace::tools::page
