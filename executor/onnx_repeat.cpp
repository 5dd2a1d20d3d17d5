#include <isotrace/executor/onnx_repeat.hpp>

#include <algorithm>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Values = std::vector<std::size_t>;

/// The declared rank of an input of a graph, as a shape of free sizes.
Shape declared_rank(const onnx::GraphProto& graph, std::size_t input) {
  if (static_cast<int>(input) >= graph.input_size()) return core::any_rank;
  const auto type = read_type_proto(graph.input(static_cast<int>(input)).type());
  if (!type || type->shape == core::any_rank) return core::any_rank;
  return Shape(type->shape.size(), -1);
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
Result<core::Done> wrap_states(Repeated& repeated, const Values& states,
                               std::size_t first_state_output) {
  repeated.wrapped.assign(states.size(), false);
  Draft& draft = repeated.body.draft();
  for (std::size_t i = 0; i < states.size(); ++i) {
    std::size_t& output = repeated.outputs[first_state_output + i];
    const Dtype dtype = draft.info(states[i]).dtype;
    const Dtype found = draft.info(output).dtype;
    if (core::is_optional(found) || !core::is_optional(dtype) ||
        core::optional_of(found) != dtype) {
      continue;
    }
    ISOTRACE_TRY(output, draft.add_operation(Op::optional, {output},
                                             {{"dtype", static_cast<std::int64_t>(dtype)}}));
    repeated.wrapped[i] = true;
  }
  return core::Done{};
}

}  // namespace

Result<const onnx::GraphProto*> read_graph(Lowering& node, std::string_view name) {
  const onnx::GraphProto* graph = node.graph(name);
  if (graph == nullptr) {
    node.fail(RefusalCode::onnx_malformed, "attribute " + std::string(name), "is missing");
  }
  ISOTRACE_TRY_DONE(node.check_attributes());
  return graph;
}

Result<Repeated> import_body(Lowering& node, const onnx::GraphProto& graph, const BodyForm& form,
                             const Draft& around, Body* through) {
  if (static_cast<std::size_t>(graph.output_size()) < form.outputs_before + form.states.size()) {
    return refuse(RefusalCode::program_ill_formed, "attribute body",
                  std::to_string(graph.output_size()) + " results");
  }
  for (const bool guess : {true, false}) {
    Repeated repeated{Body(around, through), {}, {}};
    Values inputs;
    const auto add_all = [&](const std::vector<ValueInfo>& infos) {
      for (const ValueInfo& info : infos) {
        inputs.push_back(repeated.body.add_input(core::any_rank, info));
      }
    };
    add_all(form.before);
    const Values states = add_states(graph, repeated.body, form.before.size(), form.states, guess);
    inputs.insert(inputs.end(), states.begin(), states.end());
    add_all(form.after);
    auto outputs = node.bodies().import_graph(graph, repeated.body, inputs);
    if (!outputs && guess) continue;
    if (!outputs) return tl::make_unexpected(std::move(outputs).error());
    repeated.outputs = *std::move(outputs);
    ISOTRACE_TRY_DONE(wrap_states(repeated, states, form.outputs_before));
    if (guess && !ranks_hold(repeated, states, form.outputs_before)) continue;
    return repeated;
  }
  ISOTRACE_CHECK(false, graph.name());
}

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

std::vector<ValueInfo> infos_of(Lowering& node, std::size_t first, std::size_t count) {
  std::vector<ValueInfo> infos;
  for (std::size_t i = first; i < first + count; ++i) infos.push_back(node.info(i));
  return infos;
}

std::vector<DraftValue> join_operands(std::vector<DraftValue> operands, const Values& captures) {
  operands.insert(operands.end(), captures.begin(), captures.end());
  return operands;
}

}  // namespace isotrace::executor
