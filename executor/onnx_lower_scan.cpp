// Lowering of Scan. That of operator set 8 is a Scan over the batch of one over the sequence.
#include <isotrace/executor/onnx_repeat.hpp>

namespace isotrace::executor {
namespace {

using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Tensor;
using Values = std::vector<std::size_t>;

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
  const BodyForm body_form{{}, infos_of(node, 0, form.states), std::move(slices)};
  ISOTRACE_TRY(Repeated repeated, import_body(node, *form.graph, body_form, node.draft()));
  auto inputs = join_operands(node.inputs(), repeated.body.captures());
  ISOTRACE_TRY(core::SubProgram body, std::move(repeated.body).finish(repeated.outputs));
  return node.emit(
      Op::scan, std::move(inputs),
      scan_attributes(std::move(body), std::move(input_axes), std::move(input_directions),
                      std::move(output_axes), std::move(output_directions),
                      scan_shapes(*form.graph, form.states), form.states),
      repeated.outputs.size());
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
  constexpr std::int64_t zero = 0;
  constexpr std::int64_t one = 1;
  SequenceEnd end{};
  ISOTRACE_TRY(end.length, draft.add_operation(Op::reshape, {length, add_list(draft, {1})},
                                               {{"allowzero", zero}}));
  ISOTRACE_TRY(const std::size_t whole,
               draft.add_operation(Op::shape, {sequence}, {{"end", one}, {"start", zero}}));
  ISOTRACE_TRY(const std::size_t behind, draft.add_operation(Op::sub, {whole, end.length}));
  ISOTRACE_TRY(end.missing,
               draft.add_operation(Op::concat, {add_list(draft, {0}), behind}, {{"axis", zero}}));
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
  BodyForm body_form;
  for (std::size_t i = 0; i < form.states; ++i) {
    body_form.states.push_back(draft.info(entries[i]));
  }
  for (std::size_t i = 0; i < form.scan_inputs; ++i) {
    std::size_t sequence = entries[form.states + i];
    if (end) {
      ISOTRACE_TRY(sequence, draft.add_operation(Op::slice, {sequence, add_list(draft, {0}),
                                                             end->length, add_list(draft, {0})}));
    }
    ISOTRACE_TRY(ValueInfo slice, without_axis(draft.info(sequence), 0));
    body_form.after.push_back(std::move(slice));
    inputs.emplace_back(sequence);
  }
  ISOTRACE_TRY(Repeated repeated, import_body(node, *form.graph, body_form, draft, &outer));
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
    ISOTRACE_TRY(
        results[i],
        draft.add_operation(Op::pad, {results[i], end->missing, std::nullopt, add_list(draft, {0})},
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

constexpr LoweringRow rows[] = {
    {"Scan", 8, scan},
};

}  // namespace

std::span<const LoweringRow> scan_lowerings() { return rows; }

}  // namespace isotrace::executor
