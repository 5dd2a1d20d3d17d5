// Shapes of what control flow gives. The programs inside are inferred with what is known outside; a
// value that may come from several places has what they have in common.
#include <isotrace/executor/control_parts.hpp>
#include <isotrace/executor/infer_rules.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Node;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Infos = std::vector<ValueInfo>;

/// Rounds in which the shapes of states may widen before nothing is said about any shape: few,
/// since programs inside programs multiply them.
constexpr int rounds_max = 2;

Infos infos_of(OperandInfos operands, std::size_t first, std::size_t count) {
  Infos infos;
  for (std::size_t i = first; i < first + count; ++i) infos.push_back(*operands[i]);
  return infos;
}

Result<core::Done> check_dtype(OperandInfos operands, std::size_t index, Dtype dtype) {
  if (!is_present(operands, index) || operands[index]->dtype == dtype) return core::Done{};
  return refuse(RefusalCode::operation_dtype_unsupported, "operand " + std::to_string(index),
                std::string(core::dtype_name(operands[index]->dtype)));
}

Result<Infos> infer_branch(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const ControlParts parts, find_parts(node, operands));
  ISOTRACE_TRY_DONE(check_dtype(operands, 0, Dtype::boolean));
  const Infos captures = infos_of(operands, 1, parts.captures);
  ISOTRACE_TRY(Infos results, infer_outputs(node.program("else_branch").program(), captures));
  ISOTRACE_TRY(const Infos others, infer_outputs(node.program("then_branch").program(), captures));
  for (std::size_t i = 0; i < results.size(); ++i) {
    ISOTRACE_TRY(results[i], join(results[i], others[i]));
  }
  return results;
}

/// Outputs of a body whose states come back, and the states in every round: `before` are the
/// inputs in front of the states, `after` those behind. On return `states` holds for any number of
/// rounds, none included.
Result<Infos> infer_rounds(const core::Program& body, const Infos& before, Infos& states,
                           const Infos& after, std::size_t first_state_output) {
  for (ValueInfo& state : states) state.content.reset();
  Infos outputs;
  bool stable = false;
  for (int round = 0; round < rounds_max && !stable; ++round) {
    Infos inputs = before;
    inputs.insert(inputs.end(), states.begin(), states.end());
    inputs.insert(inputs.end(), after.begin(), after.end());
    ISOTRACE_TRY(outputs, infer_outputs(body, inputs));
    stable = true;
    for (std::size_t i = 0; i < states.size(); ++i) {
      auto both = join(states[i], outputs[first_state_output + i]);
      if (!both) return tl::make_unexpected(std::move(both).error());
      stable = stable && both->shape == states[i].shape;
      states[i] = *std::move(both);
    }
  }
  if (stable) return outputs;
  for (ValueInfo& state : states) state.shape.reset();
  for (ValueInfo& output : outputs) output.shape.reset();
  return outputs;
}

/// A stack of `count` elements along a new axis, or of none if `maybe_empty`.
ValueInfo stacked(const ValueInfo& element, const Shape& empty, std::int64_t axis,
                  std::int64_t count, bool maybe_empty) {
  ValueInfo result{element.dtype, std::nullopt, std::nullopt};
  if (!element.shape) return result;
  const auto rank = static_cast<std::int64_t>(element.shape->size()) + 1;
  if (axis < -rank || axis >= rank) return result;
  if (maybe_empty && empty.size() != element.shape->size()) return result;
  Shape shape = *element.shape;
  for (std::size_t i = 0; maybe_empty && i < shape.size(); ++i) {
    if (shape[i] != empty[i]) shape[i] = unknown_size;
  }
  shape.insert(shape.begin() + (axis < 0 ? axis + rank : axis), count);
  result.shape = std::move(shape);
  return result;
}

/// Whether a Loop surely executes its body: trip count and condition are known to say so.
bool surely_entered(OperandInfos operands) {
  if (is_present(operands, 0)) {
    const auto& trips = operands[0]->content;
    if (!trips || trips->elements() != 1 || trips->data<std::int64_t>()[0] < 1) return false;
  }
  if (!is_present(operands, 1)) return true;
  const auto& condition = operands[1]->content;
  return condition && condition->elements() == 1 && condition->bytes()[0] != 0;
}

Result<Infos> infer_loop(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const ControlParts parts, find_parts(node, operands));
  ISOTRACE_TRY_DONE(check_dtype(operands, 0, Dtype::i64));
  ISOTRACE_TRY_DONE(check_dtype(operands, 1, Dtype::boolean));
  Infos states = infos_of(operands, 2, parts.states);
  const Infos captures = infos_of(operands, 2 + parts.states, parts.captures);
  const Infos steering = {{Dtype::i64, Shape{}, {}}, {Dtype::boolean, {}, {}}};
  ISOTRACE_TRY(const Infos outputs,
               infer_rounds(node.program("body").program(), steering, states, captures, 1));
  if (outputs[0].dtype != Dtype::boolean) {
    return refuse(RefusalCode::operation_dtype_unsupported, "condition of the body",
                  std::string(core::dtype_name(outputs[0].dtype)));
  }
  const bool maybe_empty = !surely_entered(operands);
  for (std::size_t i = 0; i < parts.scan_outputs; ++i) {
    states.push_back(stacked(outputs[1 + parts.states + i], parts.empty_shapes[i], 0, unknown_size,
                             maybe_empty));
  }
  return states;
}

/// One slice of a scan input, and how many there are.
Result<ValueInfo> slice_of(const ValueInfo& input, std::int64_t axis, std::int64_t& count) {
  if (core::is_structured(input.dtype)) {
    return refuse(RefusalCode::operation_dtype_unsupported, "scan input",
                  std::string(core::dtype_name(input.dtype)));
  }
  ValueInfo slice{input.dtype, input.shape, std::nullopt};
  if (!slice.shape) return slice;
  ISOTRACE_TRY(const std::size_t along, resolve_axis(axis, slice.shape->size()));
  const std::int64_t size = (*slice.shape)[along];
  if (count != unknown_size && size != unknown_size && size != count) {
    return refuse(RefusalCode::shape_mismatch, "",
                  "sequences of " + std::to_string(count) + " and " + std::to_string(size));
  }
  if (size != unknown_size) count = size;
  slice.shape->erase(slice.shape->begin() + static_cast<std::ptrdiff_t>(along));
  return slice;
}

Result<Infos> infer_scan(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const ControlParts parts, find_parts(node, operands));
  Infos states = infos_of(operands, 0, parts.states);
  Infos after;
  std::int64_t count = unknown_size;
  for (std::size_t i = 0; i < parts.scan_inputs; ++i) {
    ISOTRACE_TRY(ValueInfo slice,
                 slice_of(*operands[parts.states + i], node.integers("input_axes")[i], count));
    after.push_back(std::move(slice));
  }
  const Infos captures = infos_of(operands, parts.states + parts.scan_inputs, parts.captures);
  after.insert(after.end(), captures.begin(), captures.end());
  ISOTRACE_TRY(const Infos outputs,
               infer_rounds(node.program("body").program(), {}, states, after, 0));
  for (std::size_t i = 0; i < parts.scan_outputs; ++i) {
    states.push_back(stacked(outputs[parts.states + i], parts.empty_shapes[i],
                             node.integers("output_axes")[i], count, count < 1));
  }
  return states;
}

constexpr InferRow rows[] = {{core::Op::branch, &infer_branch},
                             {core::Op::loop, &infer_loop},
                             {core::Op::scan, &infer_scan}};

}  // namespace

std::span<const InferRow> infer_control_rows() { return rows; }

}  // namespace isotrace::executor
