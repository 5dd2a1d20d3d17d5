#include <isotrace/referee/judge_closing.hpp>

#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/stack.hpp>
#include <isotrace/referee/content.hpp>

namespace isotrace::referee {
namespace {

using core::Tensor;
using trace::TensorRecord;

/// One scan output of a node.
struct ScanOutput {
  const core::Node& node;
  std::size_t number;

  [[nodiscard]] std::int64_t axis() const {
    return node.op == core::Op::scan ? node.integers("output_axes")[number] : 0;
  }
  [[nodiscard]] bool backwards() const {
    return node.op == core::Op::scan && node.integers("output_directions")[number] != 0;
  }
};

/// Whether the tensor is the stack of elements with that chain.
bool is_stack(const ScanOutput& output, const Tensor& whole, const core::Digest& expected,
              std::int64_t rounds) {
  const auto axis = executor::resolve_axis(output.axis(), whole.shape().size());
  if (!axis || whole.shape()[*axis] != rounds) return false;
  core::Digest elements;
  for (std::int64_t i = 0; i < rounds; ++i) {
    const auto part = executor::slice(whole, *axis, output.backwards() ? rounds - 1 - i : i);
    if (!part) return false;
    elements = chain(elements, core::tensor_digest(*part));
  }
  return elements == expected;
}

/// A scan output without an element.
std::optional<TensorRecord> empty_output(const ScanOutput& output, std::size_t states) {
  const core::Program& body = output.node.program("body").program();
  std::vector<executor::ValueInfo> inputs;
  for (const core::ProgramInput& input : body.inputs) inputs.push_back({input.dtype, {}, {}});
  const auto outputs = executor::infer_outputs(body, inputs);
  std::vector<bool> given;
  for (const core::ValueId input : output.node.inputs) given.push_back(input != core::no_value);
  const auto parts = executor::find_parts(output.node, given);
  if (!outputs || !parts || output.number >= parts->empty_shapes.size()) return std::nullopt;
  const std::size_t first = outputs->size() - parts->scan_outputs;
  const auto empty = executor::empty_stack((*outputs)[first + output.number].dtype,
                                           parts->empty_shapes[output.number], output.axis());
  if (!empty || states != parts->states) return std::nullopt;
  return trace::record_of(*empty);
}

enum class Judged : std::uint8_t { right, wrong, unknown };

Judged judge_scan_output(Hearing& hearing, const Side& side, std::uint64_t leaf,
                         const ScanOutput& output, const Unfolding::Closing& closing,
                         const TensorRecord& stated) {
  if (closing.rounds == 0) {
    const auto empty = empty_output(output, closing.states.size());
    return !empty ? Judged::unknown : *empty == stated ? Judged::right : Judged::wrong;
  }
  ++hearing.ruling.rounds;
  const Evidence evidence{.kind = Evidence::Kind::content, .leaf = leaf, .digest = stated.digest};
  const auto bytes = take(side, side.party.fetch(evidence, hearing.limits.evidence_bytes_max));
  if (!bytes) return Judged::unknown;
  const auto whole = parse_content(*bytes);
  if (!whole || core::tensor_digest(*whole) != stated.digest) {
    side.blame(Standing::lied, "sent a result that its digest contradicts");
    return Judged::unknown;
  }
  const bool right = trace::record_of(*whole) == stated &&
                     is_stack(output, *whole, closing.chains[output.number], closing.rounds);
  return right ? Judged::right : Judged::wrong;
}

}  // namespace

void judge_closing(Hearing& hearing, const Side& side, std::uint64_t leaf, const core::Node& node,
                   const Unfolding::Closing& closing, const trace::StepRecord& stated) {
  const std::string where = " of step " + std::to_string(stated.index) + " (" +
                            std::string(core::op_info(node.op).name) + ")";
  const std::size_t states = closing.states.size();
  for (std::size_t i = 0; i < stated.outputs.size(); ++i) {
    const TensorRecord& result = stated.outputs[i];
    Judged answer = Judged::unknown;
    if (i < states) {
      answer = result == closing.states[i] ? Judged::right : Judged::wrong;
    } else if (i - states < closing.chains.size()) {
      answer = judge_scan_output(hearing, side, leaf, {node, i - states}, closing, result);
    }
    if (answer == Judged::unknown) return;
    if (answer == Judged::wrong) {
      return side.blame(Standing::wrong, "states " + result.digest.hex() + " as result " +
                                             std::to_string(i) + where +
                                             ", which its rounds do not give");
    }
  }
  side.uphold("states the results" + where + " that its rounds give");
}

}  // namespace isotrace::referee
