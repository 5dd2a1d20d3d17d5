// Lowering of control flow: graphs inside nodes become programs, what they read from around them
// becomes operands. SequenceMap is a Loop; Scan is in onnx_lower_scan.cpp.
#include <algorithm>

#include <isotrace/executor/onnx_repeat.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Values = std::vector<std::size_t>;

Lowered branch(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, 1));
  const onnx::GraphProto* then_graph = node.graph("then_branch");
  ISOTRACE_TRY(const onnx::GraphProto* const else_graph, read_graph(node, "else_branch"));
  if (then_graph == nullptr) {
    return refuse(RefusalCode::onnx_malformed, "attribute then_branch", "is missing");
  }
  if (then_graph->output_size() != else_graph->output_size()) {
    return refuse(RefusalCode::program_ill_formed, "", "branches of different numbers of results");
  }
  Body else_body(node.draft());
  Body then_body(node.draft());
  ISOTRACE_TRY(const Values else_values, node.bodies().import_graph(*else_graph, else_body, {}));
  // Both branches take what either reads, in one order.
  for (const std::size_t value : else_body.captures()) then_body.capture(value);
  ISOTRACE_TRY(const Values then_values, node.bodies().import_graph(*then_graph, then_body, {}));
  for (const std::size_t value : then_body.captures()) else_body.capture(value);
  const auto operands = join_operands(node.inputs(), then_body.captures());
  ISOTRACE_TRY(core::SubProgram else_program, std::move(else_body).finish(else_values));
  ISOTRACE_TRY(core::SubProgram then_program, std::move(then_body).finish(then_values));
  return node.emit(
      Op::branch, operands,
      {{"else_branch", std::move(else_program)}, {"then_branch", std::move(then_program)}},
      else_values.size());
}

const std::vector<ValueInfo>& loop_steering() {
  static const std::vector<ValueInfo> infos = {{Dtype::i64, Shape{}, {}}, {Dtype::boolean, {}, {}}};
  return infos;
}

Lowered loop(Lowering& node) {
  ISOTRACE_TRY(const onnx::GraphProto* const graph, read_graph(node, "body"));
  const std::size_t operands = std::max<std::size_t>(node.inputs().size(), 2);
  for (std::size_t i = 2; i < operands; ++i) {
    if (!node.input(i)) return refuse(RefusalCode::program_ill_formed, "", "operand missing");
  }
  const std::size_t states = operands - 2;
  const BodyForm form{loop_steering(), infos_of(node, 2, states), {}, 1};
  ISOTRACE_TRY(Repeated repeated, import_body(node, *graph, form, node.draft()));
  std::vector<DraftValue> inputs = node.inputs();
  inputs.resize(operands);
  inputs = join_operands(std::move(inputs), repeated.body.captures());
  ISOTRACE_TRY(core::SubProgram body, std::move(repeated.body).finish(repeated.outputs));
  ISOTRACE_TRY(Values results, node.emit(Op::loop, std::move(inputs),
                                         {{"body", std::move(body)},
                                          {"scan_shapes", scan_shapes(*graph, 1 + states)},
                                          {"states", static_cast<std::int64_t>(states)}},
                                         repeated.outputs.size() - 1));
  for (std::size_t i = 0; i < states; ++i) {
    if (!repeated.wrapped[i]) continue;
    ISOTRACE_TRY(const Values value,
                 node.emit(Op::optional_get_element, std::vector<DraftValue>{results[i]}));
    results[i] = value.front();
  }
  return results;
}

/// Element types of the sequences that a SequenceMap gives, as its body declares them.
Result<std::vector<Dtype>> declared_dtypes(const onnx::GraphProto& graph) {
  std::vector<Dtype> dtypes;
  for (const auto& output : graph.output()) {
    ISOTRACE_TRY(const OnnxType type, read_type_proto(output.type()));
    if (core::is_structured(type.dtype)) {
      return refuse(RefusalCode::onnx_dtype_unsupported, "output " + output.name(),
                    std::string(core::dtype_name(type.dtype)));
    }
    dtypes.push_back(type.dtype);
  }
  return dtypes;
}

/// A Loop over the first sequence whose states are the sequences made so far.
Lowered sequence_map(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(1, core::any_number));
  ISOTRACE_TRY(const onnx::GraphProto* const graph, read_graph(node, "body"));
  ISOTRACE_TRY(const std::vector<Dtype> dtypes, declared_dtypes(*graph));
  Body loop_body(node.draft());
  Draft& draft = loop_body.draft();
  const std::size_t iteration = loop_body.add_input(core::any_rank, loop_steering()[0]);
  Values outputs = {loop_body.add_input(core::any_rank, loop_steering()[1])};
  ISOTRACE_TRY(const Values length,
               node.emit(Op::sequence_length, std::vector<DraftValue>{node.input(0)}));
  std::vector<DraftValue> operands = {length.front(), std::nullopt};
  Values states;
  for (const Dtype dtype : dtypes) {
    ISOTRACE_TRY(const Values empty,
                 node.emit(Op::sequence_empty, {}, {{"dtype", static_cast<std::int64_t>(dtype)}}));
    operands.emplace_back(empty.front());
    states.push_back(
        loop_body.add_input(core::any_rank, {core::sequence_of(dtype), std::nullopt, {}}));
  }
  Values inputs;
  for (const DraftValue& operand : node.inputs()) {
    if (!operand) return refuse(RefusalCode::program_ill_formed, "", "operand missing");
    std::size_t value = loop_body.capture(*operand);
    if (core::holds_sequence(draft.info(value).dtype)) {
      ISOTRACE_TRY(value, draft.add_operation(Op::sequence_at, {value, iteration}));
    }
    inputs.push_back(value);
  }
  ISOTRACE_TRY(const Values made, node.bodies().import_graph(*graph, loop_body, inputs));
  for (std::size_t i = 0; i < made.size(); ++i) {
    ISOTRACE_TRY(const std::size_t longer,
                 draft.add_operation(Op::sequence_insert, {states[i], made[i]}));
    outputs.push_back(longer);
  }
  operands = join_operands(std::move(operands), loop_body.captures());
  ISOTRACE_TRY(core::SubProgram body, std::move(loop_body).finish(outputs));
  return node.emit(Op::loop, std::move(operands),
                   {{"body", std::move(body)},
                    {"scan_shapes", Integers{}},
                    {"states", static_cast<std::int64_t>(states.size())}},
                   states.size());
}

constexpr LoweringRow rows[] = {
    {"If", 6, branch},
    {"Loop", 6, loop},
    {"SequenceMap", 17, sequence_map},
};

}  // namespace

std::span<const LoweringRow> control_lowerings() { return rows; }

}  // namespace isotrace::executor
