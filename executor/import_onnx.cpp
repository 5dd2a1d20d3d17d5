// The frame of the ONNX importer: versions, names and scoping of a model's graph. What single
// operations mean is in onnx_lower_*.cpp.
#include <isotrace/executor/import_onnx.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;
using core::refuse_within;
using core::Result;

bool is_standard_domain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

Result<std::int64_t> find_opset(const onnx::ModelProto& model) {
  std::optional<std::int64_t> version;
  for (const auto& entry : model.opset_import()) {
    if (!is_standard_domain(entry.domain())) continue;
    if (version && *version != entry.version()) {
      return refuse(RefusalCode::onnx_malformed, "opset_import", "two versions of one domain");
    }
    version = entry.version();
  }
  if (!version) return refuse(RefusalCode::onnx_opset_unsupported, "opset_import", "none given");
  if (*version < onnx_opset_min || *version > onnx_opset_max) {
    return refuse(RefusalCode::onnx_opset_unsupported, "opset_import", std::to_string(*version));
  }
  return *version;
}

Result<core::Done> check_name(const std::string& name, const std::string& where) {
  if (name.size() <= core::limits::name_bytes_max) return core::Done{};
  return refuse(RefusalCode::limit_exceeded, where,
                "a name of " + std::to_string(name.size()) + " bytes");
}

/// Builds the draft of one graph.
class GraphImport {
 public:
  GraphImport(const onnx::GraphProto& graph, std::int64_t opset) : graph_(graph), opset_(opset) {}

  Result<core::Program> run() && {
    ISOTRACE_TRY_DONE(check_supported());
    ISOTRACE_TRY_DONE(check_scoping());
    ISOTRACE_TRY_DONE(find_live());
    ISOTRACE_TRY_DONE(add_initializers());
    ISOTRACE_TRY_DONE(add_inputs());
    for (int i = 0; i < graph_.node_size(); ++i) {
      if (!live_nodes_[static_cast<std::size_t>(i)]) continue;
      auto done = add_node(graph_.node(i));
      if (!done) return refuse_within(place_of(i), std::move(done).error());
    }
    return finish();
  }

 private:
  [[nodiscard]] std::string place_of(int index) const {
    const onnx::NodeProto& node = graph_.node(index);
    constexpr std::size_t shown = 80;  // a name is the file's choice, the message is ours
    std::string place = "node " + std::to_string(index) + " (" + node.op_type().substr(0, shown);
    if (!node.name().empty()) place += ", " + node.name().substr(0, shown);
    return place + ")";
  }

  Result<core::Done> check_supported() const {
    if (static_cast<std::size_t>(graph_.node_size()) > core::limits::program_nodes_max) {
      return refuse(RefusalCode::limit_exceeded, "graph",
                    std::to_string(graph_.node_size()) + " nodes");
    }
    if (graph_.sparse_initializer_size() != 0) {
      return refuse(RefusalCode::onnx_dtype_unsupported, "sparse_initializer", "sparse tensors");
    }
    if (graph_.quantization_annotation_size() != 0) {
      return refuse(RefusalCode::onnx_attribute_unsupported, "quantization_annotation");
    }
    return core::Done{};
  }

  /// Every name is given once and before it is used.
  Result<core::Done> check_scoping() {
    std::unordered_set<std::string> given;
    for (const auto& tensor : graph_.initializer()) {
      ISOTRACE_TRY_DONE(check_name(tensor.name(), "initializer"));
      if (tensor.name().empty() || !given.insert(tensor.name()).second) {
        return refuse(RefusalCode::program_ill_formed, "initializer " + tensor.name(),
                      "no name, or a name used twice");
      }
    }
    std::unordered_set<std::string> inputs;
    for (const auto& input : graph_.input()) {
      ISOTRACE_TRY_DONE(check_name(input.name(), "input"));
      if (input.name().empty() || !inputs.insert(input.name()).second) {
        return refuse(RefusalCode::program_ill_formed, "input " + input.name(),
                      "no name, or a name used twice");
      }
      given.insert(input.name());
    }
    for (int i = 0; i < graph_.node_size(); ++i) {
      auto done = check_node_names(graph_.node(i), given);
      if (!done) return refuse_within(place_of(i), std::move(done).error());
    }
    for (const auto& output : graph_.output()) {
      if (!given.contains(output.name())) {
        return refuse(RefusalCode::program_ill_formed, "output " + output.name(), "is never made");
      }
    }
    return core::Done{};
  }

  static Result<core::Done> check_node_names(const onnx::NodeProto& node,
                                             std::unordered_set<std::string>& given) {
    ISOTRACE_TRY_DONE(check_name(node.name(), "name"));
    for (const std::string& input : node.input()) {
      if (!input.empty() && !given.contains(input)) {
        return refuse(RefusalCode::program_ill_formed, "operand " + input,
                      "is not made before it is used");
      }
    }
    for (const std::string& output : node.output()) {
      ISOTRACE_TRY_DONE(check_name(output, "result"));
      if (!output.empty() && !given.insert(output).second) {
        return refuse(RefusalCode::program_ill_formed, "result " + output, "a name used twice");
      }
    }
    return core::Done{};
  }

  /// Nodes that the outputs depend on. Only these are lowered: what nobody reads may be anything.
  Result<core::Done> find_live() {
    for (const auto& output : graph_.output()) read_.insert(output.name());
    live_nodes_.resize(static_cast<std::size_t>(graph_.node_size()));
    for (int i = graph_.node_size() - 1; i >= 0; --i) {
      const onnx::NodeProto& node = graph_.node(i);
      const bool live = std::any_of(node.output().begin(), node.output().end(),
                                    [this](const auto& name) { return read_.contains(name); });
      live_nodes_[static_cast<std::size_t>(i)] = live;
      if (!live) continue;
      for (const std::string& input : node.input()) {
        if (!input.empty()) read_.insert(input);
      }
    }
    return core::Done{};
  }

  Result<core::Done> add_initializers() {
    for (const auto& proto : graph_.initializer()) {
      initializers_.insert(proto.name());
      if (!read_.contains(proto.name())) continue;
      auto tensor = read_tensor_proto(proto);
      if (!tensor) return refuse_within("initializer " + proto.name(), std::move(tensor).error());
      values_[proto.name()] = draft_.add_constant(*std::move(tensor), proto.name());
    }
    return core::Done{};
  }

  /// Inputs that have an initialiser are constants: IR versions before 4 had to list them.
  Result<core::Done> add_inputs() {
    for (const auto& proto : graph_.input()) {
      if (initializers_.contains(proto.name())) continue;
      auto input = read_input(proto);
      if (!input) return refuse_within("input " + proto.name(), std::move(input).error());
      values_[proto.name()] = draft_.add_input(*std::move(input));
    }
    return core::Done{};
  }

  static Result<core::ProgramInput> read_input(const onnx::ValueInfoProto& proto) {
    if (!proto.type().has_tensor_type()) {
      return refuse(RefusalCode::onnx_dtype_unsupported, "", "not a tensor");
    }
    const auto& type = proto.type().tensor_type();
    ISOTRACE_TRY(const core::Dtype dtype, find_onnx_dtype(type.elem_type()));
    if (!type.has_shape()) return refuse(RefusalCode::onnx_malformed, "", "no shape declared");
    if (static_cast<std::size_t>(type.shape().dim_size()) > core::limits::tensor_rank_max) {
      return refuse(RefusalCode::limit_exceeded, "",
                    "rank " + std::to_string(type.shape().dim_size()));
    }
    core::ProgramInput input{proto.name(), dtype, {}};
    for (const auto& dim : type.shape().dim()) {
      // Exporters write a free size as a name, as nothing, or as -1.
      const std::int64_t size = dim.has_dim_value() ? dim.dim_value() : -1;
      if (size < -1) return refuse(RefusalCode::onnx_malformed, "", "size " + std::to_string(size));
      input.shape.push_back(size);
    }
    return input;
  }

  Result<core::Done> add_node(const onnx::NodeProto& node) {
    if (!is_standard_domain(node.domain())) {
      return refuse(RefusalCode::onnx_operation_unsupported, "domain " + node.domain());
    }
    ISOTRACE_TRY(const LoweringRule rule, find_lowering(node.op_type(), opset_));
    std::vector<DraftValue> inputs;
    for (const std::string& name : node.input()) {
      ISOTRACE_TRY(const DraftValue value, find_value(name));
      inputs.push_back(value);
    }
    std::vector<bool> used;
    for (const std::string& name : node.output()) {
      used.push_back(!name.empty() && read_.contains(name));
    }
    Lowering lowering(node, opset_, draft_, std::move(inputs), used);
    ISOTRACE_TRY(const std::vector<std::size_t> results, rule(lowering));
    for (std::size_t i = 0; i < used.size(); ++i) {
      if (!used[i]) continue;
      const std::string& name = node.output(static_cast<int>(i));
      if (i >= results.size()) {
        return refuse(RefusalCode::onnx_operation_unsupported, "result " + std::to_string(i),
                      "this result is not defined here");
      }
      draft_.name_value(results[i], name);
      values_[name] = results[i];
    }
    return core::Done{};
  }

  Result<DraftValue> find_value(const std::string& name) const {
    if (name.empty()) return DraftValue();
    const auto found = values_.find(name);
    ISOTRACE_CHECK(found != values_.end(), name);
    return DraftValue(found->second);
  }

  Result<core::Program> finish() {
    std::vector<Draft::Output> outputs;
    for (const auto& output : graph_.output()) {
      outputs.push_back({output.name(), values_.at(output.name())});
    }
    return std::move(draft_).finish(outputs);
  }

  const onnx::GraphProto& graph_;
  std::int64_t opset_;
  Draft draft_;
  std::unordered_map<std::string, std::size_t> values_;
  std::unordered_set<std::string> initializers_;
  std::unordered_set<std::string> read_;  // names that a live node or an output reads
  std::vector<bool> live_nodes_;
};

}  // namespace

Result<core::Program> import_onnx(core::ByteView bytes) {
  ISOTRACE_TRY(const onnx::ModelProto model, parse_model_proto(bytes));
  if (!model.has_graph()) return refuse(RefusalCode::onnx_malformed, "model", "no graph");
  if (model.functions_size() != 0) {
    return refuse(RefusalCode::onnx_operation_unsupported, "model", "model-local functions");
  }
  if (model.training_info_size() != 0) {
    return refuse(RefusalCode::onnx_operation_unsupported, "model", "training information");
  }
  ISOTRACE_TRY(const std::int64_t opset, find_opset(model));
  try {
    return GraphImport(model.graph(), opset).run();
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::limit_exceeded, "model", "not enough memory");
  }
}

}  // namespace isotrace::executor
