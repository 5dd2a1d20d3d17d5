// Lowering of control flow: graphs inside nodes become programs, what they read from around them
// becomes operands. SequenceMap is a Loop, and Scan of operator set 8 a Scan over the batch of one
// over the sequence.
#include <algorithm>

#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using core::Tensor;
using Values = std::vector<std::size_t>;

Result<const onnx::GraphProto*> read_graph(Lowering& node, std::string_view name) {
  const onnx::GraphProto* graph = node.graph(name);
  if (graph == nullptr) {
    node.fail(RefusalCode::onnx_malformed, "attribute " + std::string(name), "is missing");
  }
  ISOTRACE_TRY_DONE(node.check_attributes());
  return graph;
}

std::vector<DraftValue> join_operands(std::vector<DraftValue> operands, const Values& captures) {
  operands.insert(operands.end(), captures.begin(), captures.end());
  return operands;
}

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

/// The declared rank of an input of a graph, as a shape of free sizes.
Shape declared_rank(const onnx::GraphProto& graph, std::size_t input) {
  if (static_cast<int>(input) >= graph.input_size()) return core::any_rank;
  const auto type = read_type_proto(graph.input(static_cast<int>(input)).type());
  if (!type || type->shape == core::any_rank) return core::any_rank;
  return Shape(type->shape.size(), -1);
}

/// The declared shapes of the outputs from `first` on as the attribute scan_shapes: what an element
/// is where there is none. Free sizes are 0; without a declaration an element is a scalar.
Integers scan_shapes(const onnx::GraphProto& graph, std::size_t first) {
  Integers list;
  for (int i = static_cast<int>(first); i < graph.output_size(); ++i) {
    const auto type = read_type_proto(graph.output(i).type());
    const Shape shape = type && type->shape != core::any_rank ? type->shape : Shape{};
    list.push_back(std::ssize(shape));
    for (const std::int64_t dim : shape) list.push_back(std::max<std::int64_t>(dim, 0));
  }
  return list;
}

/// The state inputs of a body, from its input `first` on. A rank that the graph declares is part of
/// the program. Where it declares none, `guess` takes the rank that the state begins with.
Values add_states(const onnx::GraphProto& graph, Body& body, std::size_t first,
                  const std::vector<ValueInfo>& states, bool guess) {
  Values values;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const Shape declared = declared_rank(graph, first + i);
    ValueInfo info{states[i].dtype, std::nullopt, std::nullopt};
    if (declared != core::any_rank) {
      info.shape = declared;
    } else if (guess && states[i].shape) {
      info.shape = Shape(states[i].shape->size(), -1);
    }
    values.push_back(body.add_input(declared, std::move(info)));
  }
  return values;
}

/// A body that was imported with its states' inputs.
struct Repeated {
  Body body;
  Values outputs;
};

/// Whether every state comes back with the rank that it was taken to have.
bool ranks_hold(Repeated& repeated, const Values& states, std::size_t first_state_output) {
  for (std::size_t i = 0; i < states.size(); ++i) {
    const auto& assumed = repeated.body.draft().info(states[i]).shape;
    const auto& found = repeated.body.draft().info(repeated.outputs[first_state_output + i]).shape;
    if (assumed && (!found || found->size() != assumed->size())) return false;
  }
  return true;
}

/// An optional state that comes back as what it holds goes on as an optional; such states are
/// marked.
Result<std::vector<bool>> wrap_states(Repeated& repeated, const Values& states,
                                      std::size_t first_state_output) {
  std::vector<bool> wrapped(states.size());
  Draft& draft = repeated.body.draft();
  for (std::size_t i = 0; i < states.size(); ++i) {
    std::size_t& output = repeated.outputs[first_state_output + i];
    const Dtype dtype = draft.info(states[i]).dtype;
    const Dtype found = draft.info(output).dtype;
    if (core::is_optional(found) || !core::is_optional(dtype) ||
        core::optional_of(found) != dtype) {
      continue;
    }
    ISOTRACE_TRY(
        const Values made,
        draft.add_node({Op::optional, {output}, {{"dtype", static_cast<std::int64_t>(dtype)}}, {}},
                       1));
    output = made.front();
    wrapped[i] = true;
  }
  return wrapped;
}

/// Imports the body of a Loop or Scan: `before` inputs in front of the states, `after` behind.
/// Ranks of states that nothing declares are taken to stay as they begin; where that does not hold,
/// the body is imported once more without.
Result<Repeated> import_body(Lowering& node, const onnx::GraphProto& graph, Body* through,
                             const Draft& around, const std::vector<ValueInfo>& before,
                             const std::vector<ValueInfo>& states,
                             const std::vector<ValueInfo>& after, std::size_t steering,
                             std::vector<bool>& wrapped) {
  if (static_cast<std::size_t>(graph.output_size()) < steering + states.size()) {
    return refuse(RefusalCode::program_ill_formed, "attribute body",
                  std::to_string(graph.output_size()) + " results");
  }
  for (const bool guess : {true, false}) {
    Repeated repeated{Body(around, through), {}};
    Values inputs;
    const auto add_all = [&](const std::vector<ValueInfo>& infos) {
      for (const ValueInfo& info : infos) {
        inputs.push_back(repeated.body.add_input(core::any_rank, info));
      }
    };
    add_all(before);
    const Values state_inputs = add_states(graph, repeated.body, before.size(), states, guess);
    inputs.insert(inputs.end(), state_inputs.begin(), state_inputs.end());
    add_all(after);
    auto outputs = node.bodies().import_graph(graph, repeated.body, inputs);
    if (!outputs && guess) continue;
    if (!outputs) return tl::make_unexpected(std::move(outputs).error());
    repeated.outputs = *std::move(outputs);
    ISOTRACE_TRY(wrapped, wrap_states(repeated, state_inputs, steering));
    if (guess && !ranks_hold(repeated, state_inputs, steering)) continue;
    return repeated;
  }
  ISOTRACE_CHECK(false, graph.name());
}

std::vector<ValueInfo> infos_of(Lowering& node, std::size_t first, std::size_t count) {
  std::vector<ValueInfo> infos;
  for (std::size_t i = first; i < first + count; ++i) infos.push_back(node.info(i));
  return infos;
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
  std::vector<bool> wrapped;
  ISOTRACE_TRY(Repeated repeated, import_body(node, *graph, nullptr, node.draft(), loop_steering(),
                                              infos_of(node, 2, states), {}, 1, wrapped));
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
    if (!wrapped[i]) continue;
    ISOTRACE_TRY(const Values value,
                 node.emit(Op::optional_get_element, std::vector<DraftValue>{results[i]}));
    results[i] = value.front();
  }
  return results;
}

/// A value without one of its axes.
Result<ValueInfo> without_axis(const ValueInfo& info, std::int64_t axis) {
  ValueInfo slice{info.dtype, info.shape, std::nullopt};
  if (!slice.shape) return slice;
  const auto rank = std::ssize(*slice.shape);
  if (axis < -rank || axis >= rank) {
    return refuse(RefusalCode::shape_mismatch, "axis " + std::to_string(axis),
                  core::shape_text(*slice.shape));
  }
  slice.shape->erase(slice.shape->begin() + (axis < 0 ? axis + rank : axis));
  return slice;
}

/// What all forms of Scan say.
struct ScanForm {
  const onnx::GraphProto* graph;
  std::size_t states;
  std::size_t scan_inputs;
  std::size_t scan_outputs;
};

Result<ScanForm> read_scan(Lowering& node, std::size_t operands) {
  const std::int64_t scans = node.integer("num_scan_inputs", 0);
  ISOTRACE_TRY(const onnx::GraphProto* const graph, read_graph(node, "body"));
  if (scans < 1 || static_cast<std::uint64_t>(scans) > operands) {
    return refuse(RefusalCode::operation_attribute_invalid, "num_scan_inputs",
                  std::to_string(scans));
  }
  const auto scan_inputs = static_cast<std::size_t>(scans);
  const std::size_t states = operands - scan_inputs;
  const auto outputs = static_cast<std::size_t>(graph->output_size());
  if (outputs < states) return refuse(RefusalCode::program_ill_formed, "", "results missing");
  return ScanForm{graph, states, scan_inputs, outputs - states};
}

std::vector<core::Attribute> scan_attributes(core::SubProgram body, Integers input_axes,
                                             Integers input_directions, Integers output_axes,
                                             Integers output_directions, Integers shapes,
                                             std::size_t states) {
  return {{"body", std::move(body)},
          {"input_axes", std::move(input_axes)},
          {"input_directions", std::move(input_directions)},
          {"output_axes", std::move(output_axes)},
          {"output_directions", std::move(output_directions)},
          {"scan_shapes", std::move(shapes)},
          {"states", static_cast<std::int64_t>(states)}};
}

Lowered scan_9(Lowering& node) {
  Integers input_axes = node.integers("scan_input_axes");
  Integers input_directions = node.integers("scan_input_directions");
  Integers output_axes = node.integers("scan_output_axes");
  Integers output_directions = node.integers("scan_output_directions");
  ISOTRACE_TRY(const ScanForm form, read_scan(node, node.inputs().size()));
  ISOTRACE_TRY_DONE(node.require_inputs(node.inputs().size(), node.inputs().size()));
  input_axes.resize(input_axes.empty() ? form.scan_inputs : input_axes.size());
  input_directions.resize(input_directions.empty() ? form.scan_inputs : input_directions.size());
  output_axes.resize(output_axes.empty() ? form.scan_outputs : output_axes.size());
  output_directions.resize(output_directions.empty() ? form.scan_outputs
                                                     : output_directions.size());
  std::vector<ValueInfo> slices;
  for (std::size_t i = 0; i < form.scan_inputs && i < input_axes.size(); ++i) {
    ISOTRACE_TRY(ValueInfo slice, without_axis(node.info(form.states + i), input_axes[i]));
    slices.push_back(std::move(slice));
  }
  std::vector<bool> wrapped;
  ISOTRACE_TRY(Repeated repeated, import_body(node, *form.graph, nullptr, node.draft(), {},
                                              infos_of(node, 0, form.states), slices, 0, wrapped));
  auto inputs = join_operands(node.inputs(), repeated.body.captures());
  ISOTRACE_TRY(core::SubProgram body, std::move(repeated.body).finish(repeated.outputs));
  return node.emit(
      Op::scan, std::move(inputs),
      scan_attributes(std::move(body), std::move(input_axes), std::move(input_directions),
                      std::move(output_axes), std::move(output_directions),
                      scan_shapes(*form.graph, form.states), form.states),
      repeated.outputs.size());
}

/// Adds one node of one result to a draft.
Result<std::size_t> add(Draft& draft, Op op, std::vector<DraftValue> inputs,
                        std::vector<core::Attribute> attributes = {}) {
  ISOTRACE_TRY(const Values made,
               draft.add_node({op, std::move(inputs), std::move(attributes), {}}, 1));
  return made.front();
}

std::size_t add_list(Draft& draft, Integers values) {
  return draft.add_constant(Tensor::of<std::int64_t>({std::ssize(values)}, values), {});
}

/// What is done to the sequences of one batch entry: they end at its length, and what comes of them
/// is filled with zeros to the full one.
struct SequenceEnd {
  std::size_t length;   ///< [1]
  std::size_t missing;  ///< [2]: nothing in front, so many behind
};

Result<SequenceEnd> find_end(Draft& draft, std::size_t length, std::size_t sequence) {
  const std::int64_t last = 1;
  SequenceEnd end{};
  ISOTRACE_TRY(end.length,
               add(draft, Op::reshape, {length, add_list(draft, {1})}, {{"allowzero", last - 1}}));
  ISOTRACE_TRY(const std::size_t whole,
               add(draft, Op::shape, {sequence}, {{"end", last}, {"start", last - 1}}));
  ISOTRACE_TRY(const std::size_t behind, add(draft, Op::sub, {whole, end.length}));
  ISOTRACE_TRY(end.missing,
               add(draft, Op::concat, {add_list(draft, {0}), behind}, {{"axis", last - 1}}));
  return end;
}

/// The Scan over the sequence inside the one over the batch. `entries`: states, sequences, and the
/// length if there is one, of one batch entry.
Result<Values> scan_entry(Lowering& node, const ScanForm& form, const Integers& directions,
                          Body& outer, const Values& entries) {
  Draft& draft = outer.draft();
  std::vector<DraftValue> inputs(entries.begin(),
                                 entries.begin() + static_cast<std::ptrdiff_t>(form.states));
  std::optional<SequenceEnd> end;
  if (entries.size() > form.states + form.scan_inputs) {
    ISOTRACE_TRY(end, find_end(draft, entries.back(), entries[form.states]));
  }
  std::vector<ValueInfo> states;
  std::vector<ValueInfo> slices;
  for (std::size_t i = 0; i < form.states; ++i) states.push_back(draft.info(entries[i]));
  for (std::size_t i = 0; i < form.scan_inputs; ++i) {
    std::size_t sequence = entries[form.states + i];
    if (end) {
      ISOTRACE_TRY(sequence,
                   add(draft, Op::slice,
                       {sequence, add_list(draft, {0}), end->length, add_list(draft, {0})}));
    }
    ISOTRACE_TRY(ValueInfo slice, without_axis(draft.info(sequence), 0));
    slices.push_back(std::move(slice));
    inputs.emplace_back(sequence);
  }
  std::vector<bool> wrapped;
  ISOTRACE_TRY(Repeated repeated,
               import_body(node, *form.graph, &outer, draft, {}, states, slices, 0, wrapped));
  inputs = join_operands(std::move(inputs), repeated.body.captures());
  ISOTRACE_TRY(core::SubProgram body, std::move(repeated.body).finish(repeated.outputs));
  const Integers zeros(form.scan_outputs);
  ISOTRACE_TRY(Values results,
               draft.add_node(
                   {Op::scan,
                    std::move(inputs),
                    scan_attributes(std::move(body), Integers(form.scan_inputs), directions, zeros,
                                    zeros, scan_shapes(*form.graph, form.states), form.states),
                    {}},
                   repeated.outputs.size()));
  for (std::size_t i = form.states; end && i < results.size(); ++i) {
    ISOTRACE_TRY(results[i],
                 add(draft, Op::pad, {results[i], end->missing, std::nullopt, add_list(draft, {0})},
                     {{"mode", std::string("constant")}}));
  }
  return results;
}

/// Operands [lengths?, states..., sequences...], all with the batch in front.
Lowered scan_8(Lowering& node) {
  Integers directions = node.integers("directions");
  if (node.inputs().empty()) return refuse(RefusalCode::program_ill_formed, "", "no operands");
  ISOTRACE_TRY(const ScanForm form, read_scan(node, node.inputs().size() - 1));
  ISOTRACE_TRY_DONE(node.require_inputs(0, node.inputs().size()));
  directions.resize(directions.empty() ? form.scan_inputs : directions.size());
  std::vector<DraftValue> operands(node.inputs().begin() + 1, node.inputs().end());
  if (node.input(0)) operands.push_back(node.input(0));
  Body outer(node.draft());
  Values entries;
  for (const DraftValue& operand : operands) {
    if (!operand) return refuse(RefusalCode::program_ill_formed, "", "operand missing");
    ISOTRACE_TRY(ValueInfo entry, without_axis(node.draft().info(*operand), 0));
    entries.push_back(outer.add_input(core::any_rank, std::move(entry)));
  }
  ISOTRACE_TRY(const Values results, scan_entry(node, form, directions, outer, entries));
  const auto batched = static_cast<std::size_t>(operands.size());
  operands = join_operands(std::move(operands), outer.captures());
  ISOTRACE_TRY(core::SubProgram body, std::move(outer).finish(results));
  const Integers zeros(results.size());
  return node.emit(Op::scan, std::move(operands),
                   scan_attributes(std::move(body), Integers(batched), Integers(batched), zeros,
                                   zeros, Integers(results.size()), 0),
                   results.size());
}

Lowered scan(Lowering& node) { return node.opset() >= 9 ? scan_9(node) : scan_8(node); }

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
      ISOTRACE_TRY(value, add(draft, Op::sequence_at, {value, iteration}));
    }
    inputs.push_back(value);
  }
  ISOTRACE_TRY(const Values made, node.bodies().import_graph(*graph, loop_body, inputs));
  for (std::size_t i = 0; i < made.size(); ++i) {
    ISOTRACE_TRY(const std::size_t longer, add(draft, Op::sequence_insert, {states[i], made[i]}));
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
    {"Scan", 8, scan},
    {"SequenceMap", 17, sequence_map},
};

}  // namespace

std::span<const LoweringRow> control_lowerings() { return rows; }

}  // namespace isotrace::executor
