// The frame of the ONNX importer: versions, names and scoping of a model's graph. What single
// operations mean is in onnx_lower_*.cpp.
#include <isotrace/executor/import_onnx.hpp>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_function.hpp>
#include <isotrace/executor/onnx_lowering.hpp>
#include <isotrace/executor/onnx_skeleton.hpp>
#include <isotrace/executor/onnx_weights.hpp>
#include <isotrace/executor/refusal_list.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;
using core::refuse_within;
using core::Result;

/// The version of the standard operators among those that a model or function imports.
template <class Entries>
Result<std::optional<std::int64_t>> find_opset(const Entries& entries) {
  std::optional<std::int64_t> version;
  for (const auto& entry : entries) {
    if (!is_standard_domain(entry.domain())) continue;
    if (version && *version != entry.version()) {
      return refuse(RefusalCode::onnx_malformed, "opset_import", "two versions of one domain");
    }
    version = entry.version();
  }
  if (version && (*version < onnx_opset_min || *version > onnx_opset_max)) {
    return refuse(RefusalCode::onnx_opset_unsupported, "opset_import", std::to_string(*version));
  }
  return version;
}

/// Nothing but operations of other domains needs no standard set; they are refused by their names.
bool is_foreign(const onnx::ModelProto& model) {
  const auto& nodes = model.graph().node();
  return !nodes.empty() && model.functions().empty() &&
         std::ranges::none_of(nodes, is_standard_domain, &onnx::NodeProto::domain);
}

Result<core::Done> check_name(const std::string& name, const std::string& where) {
  if (name.size() <= core::limits::name_bytes_max) return core::Done{};
  return refuse(RefusalCode::limit_exceeded, where,
                "a name of " + std::to_string(name.size()) + " bytes");
}

/// The initialisers of the model's own graph. Each is taken out of its message when it is read, so
/// that no more than one stands there twice.
class Initializers {
 public:
  Initializers(onnx::GraphProto& graph, const ModelBytes& model,
               std::vector<std::optional<RawData>> raw)
      : graph_(graph), model_(model), raw_(std::move(raw)) {}

  Result<core::Tensor> take(int index) {
    onnx::TensorProto proto;
    proto.Swap(graph_.mutable_initializer(index));
    const auto place = static_cast<std::size_t>(index);
    // A message that was given other values since has them in it.
    const bool left = place < raw_.size() && raw_[place] && proto.raw_data().empty();
    return left ? read_tensor_proto(proto, model_, *raw_[place]) : read_tensor_proto(proto);
  }

 private:
  onnx::GraphProto& graph_;
  const ModelBytes& model_;
  std::vector<std::optional<RawData>> raw_;
};

/// What the graphs of one model share.
struct ModelImport {
  std::int64_t opset;
  FunctionTable functions;
  std::vector<const onnx::FunctionProto*> calls;  ///< being expanded, outermost first
  std::size_t nodes_left = core::limits::program_nodes_max;

  /// Refuses limit_exceeded: functions and graphs inside can multiply nodes without end.
  Result<core::Done> count(std::size_t nodes) {
    if (nodes > nodes_left) return refuse(RefusalCode::limit_exceeded, "model", "too many nodes");
    nodes_left -= nodes;
    return core::Done{};
  }
};

/// Adds one graph to a draft: the model's, one inside a node, or the body of a function.
class GraphImport final : public BodySource {
 public:
  GraphImport(const onnx::GraphProto& graph, std::int64_t opset, ModelImport& model, Draft& draft,
              Initializers* initializers = nullptr)
      : graph_(graph), opset_(opset), model_(model), draft_(draft), outermost_(initializers) {}
  /// A graph inside a node of `around`: names that it does not give are that graph's, by capture.
  GraphImport(const onnx::GraphProto& graph, GraphImport& around, Body& body)
      : graph_(graph),
        opset_(around.opset_),
        model_(around.model_),
        draft_(body.draft()),
        around_(&around),
        body_(&body) {}

  /// With the graph's inputs as the draft's.
  Result<std::vector<std::size_t>> run() {
    ISOTRACE_TRY_DONE(begin());
    ISOTRACE_TRY_DONE(add_inputs());
    return add_nodes();
  }
  /// With its inputs standing for these values.
  Result<std::vector<std::size_t>> run(std::span<const DraftValue> inputs) {
    ISOTRACE_TRY_DONE(begin());
    ISOTRACE_TRY_DONE(bind_inputs(inputs));
    return add_nodes();
  }

  Result<std::vector<std::size_t>> import_graph(const onnx::GraphProto& graph, Body& body,
                                                std::span<const std::size_t> inputs) override {
    const std::vector<DraftValue> values(inputs.begin(), inputs.end());
    return GraphImport(graph, *this, body).run(values);
  }

 private:
  Result<core::Done> begin() {
    ISOTRACE_TRY_DONE(check_size());
    ISOTRACE_TRY_DONE(check_scoping());
    find_live();
    return add_initializers();
  }

  Result<std::vector<std::size_t>> add_nodes() {
    for (int i = 0; i < graph_.node_size(); ++i) {
      if (!live_nodes_[static_cast<std::size_t>(i)]) continue;
      auto done = add_node(graph_.node(i));
      if (done) continue;
      ISOTRACE_TRY_DONE(leave_out(place_of(i), std::move(done).error()));
    }
    if (!unsupported_.empty()) return tl::make_unexpected(unsupported_.joined());
    std::vector<std::size_t> outputs;
    for (const auto& output : graph_.output()) {
      auto value = find_value(output.name());
      if (!value && has_left_out()) {
        return refuse(RefusalCode::onnx_operation_unsupported, "output " + output.name(),
                      "comes from an unsupported part");
      }
      if (!value) return tl::make_unexpected(std::move(value).error());
      if (!*value) return refuse(RefusalCode::program_ill_formed, "output " + output.name());
      outputs.push_back(**value);
    }
    return outputs;
  }

  [[nodiscard]] std::string place_of(int index) const {
    const onnx::NodeProto& node = graph_.node(index);
    constexpr std::size_t shown = 80;  // a name is the file's choice, the message is ours
    std::string place = "node " + std::to_string(index) + " (" + node.op_type().substr(0, shown);
    if (!node.name().empty()) place += ", " + node.name().substr(0, shown);
    return place + ")";
  }

  static bool is_unsupported(const core::Refusal& refusal) {
    return core::refusal_info(refusal.code).kind == core::RefusalClass::unsupported;
  }

  /// Whether something unsupported was left out here or around: then values may be missing.
  [[nodiscard]] bool has_left_out() const {
    return !unsupported_.empty() || (around_ != nullptr && around_->has_left_out());
  }

  Result<core::Done> check_size() const {
    if (static_cast<std::size_t>(graph_.node_size()) > core::limits::program_nodes_max) {
      return refuse(RefusalCode::limit_exceeded, "graph",
                    std::to_string(graph_.node_size()) + " nodes");
    }
    return core::Done{};
  }

  /// Every name is given once and before it is used.
  Result<core::Done> check_scoping() {
    std::unordered_set<std::string> given;
    for (const auto& tensor : graph_.initializer()) {
      ISOTRACE_TRY_DONE(check_initializer(tensor.name(), given));
    }
    for (const auto& tensor : graph_.sparse_initializer()) {
      ISOTRACE_TRY_DONE(check_initializer(tensor.values().name(), given));
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
      if (around_ == nullptr && !given.contains(output.name())) {
        return refuse(RefusalCode::program_ill_formed, "output " + output.name(), "is never made");
      }
    }
    return core::Done{};
  }

  static Result<core::Done> check_initializer(const std::string& name,
                                              std::unordered_set<std::string>& given) {
    ISOTRACE_TRY_DONE(check_name(name, "initializer"));
    if (!name.empty() && given.insert(name).second) return core::Done{};
    return refuse(RefusalCode::program_ill_formed, "initializer " + name,
                  "no name, or a name used twice");
  }

  /// Names of a graph inside may be given around it: those are looked up when they are used.
  Result<core::Done> check_node_names(const onnx::NodeProto& node,
                                      std::unordered_set<std::string>& given) const {
    ISOTRACE_TRY_DONE(check_name(node.name(), "name"));
    for (const std::string& input : node.input()) {
      if (around_ == nullptr && !input.empty() && !given.contains(input)) {
        return refuse_unknown(input);
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
  void find_live() {
    for (const auto& output : graph_.output()) read_.insert(output.name());
    live_nodes_.resize(static_cast<std::size_t>(graph_.node_size()));
    for (int i = graph_.node_size() - 1; i >= 0; --i) {
      const onnx::NodeProto& node = graph_.node(i);
      const bool live = std::any_of(node.output().begin(), node.output().end(),
                                    [this](const auto& name) { return read_.contains(name); });
      live_nodes_[static_cast<std::size_t>(i)] = live;
      if (live) add_names_read(node, read_);
    }
  }

  Result<core::Done> add_initializers() {
    for (int i = 0; i < graph_.initializer_size(); ++i) {
      const std::string name = graph_.initializer(i).name();
      initializers_.insert(name);
      if (!read_.contains(name)) continue;
      ISOTRACE_TRY_DONE(add_initializer(name, outermost_ != nullptr
                                                  ? outermost_->take(i)
                                                  : read_tensor_proto(graph_.initializer(i))));
    }
    for (const auto& proto : graph_.sparse_initializer()) {
      const std::string& name = proto.values().name();
      initializers_.insert(name);
      if (read_.contains(name)) ISOTRACE_TRY_DONE(add_initializer(name, read_sparse_proto(proto)));
    }
    return core::Done{};
  }

  Result<core::Done> add_initializer(const std::string& name, Result<core::Tensor> tensor) {
    if (!tensor) return leave_out("initializer " + name, std::move(tensor).error());
    values_[name] = draft_.add_constant(*std::move(tensor), name);
    return core::Done{};
  }

  /// Keeps what is unsupported for the one refusal at the end; passes on everything else.
  Result<core::Done> leave_out(const std::string& place, core::Refusal why) {
    core::Refusal refusal = refuse_within(place, std::move(why)).value();
    if (!is_unsupported(refusal)) return tl::make_unexpected(std::move(refusal));
    unsupported_.add(std::move(refusal));
    return core::Done{};
  }

  /// Inputs that have an initialiser are constants: IR versions before 4 had to list them.
  Result<core::Done> add_inputs() {
    for (const auto& proto : graph_.input()) {
      if (initializers_.contains(proto.name())) continue;
      auto input = read_input(proto);
      if (!input) {
        ISOTRACE_TRY_DONE(leave_out("input " + proto.name(), std::move(input).error()));
        continue;
      }
      values_[proto.name()] = draft_.add_input(*std::move(input));
    }
    return core::Done{};
  }

  static Result<core::ProgramInput> read_input(const onnx::ValueInfoProto& proto) {
    ISOTRACE_TRY(OnnxType type, read_type_proto(proto.type()));
    return core::ProgramInput{proto.name(), type.dtype, std::move(type.shape)};
  }

  Result<core::Done> bind_inputs(std::span<const DraftValue> inputs) {
    std::size_t bound = 0;
    for (const auto& proto : graph_.input()) {
      if (initializers_.contains(proto.name())) continue;
      if (bound < inputs.size()) values_[proto.name()] = inputs[bound];
      ++bound;
    }
    if (bound == inputs.size()) return core::Done{};
    return refuse(RefusalCode::program_ill_formed, "graph",
                  std::to_string(bound) + " inputs, " + std::to_string(inputs.size()) + " given");
  }

  Result<core::Done> add_node(const onnx::NodeProto& node) {
    ISOTRACE_TRY_DONE(model_.count(1));
    const onnx::FunctionProto* function =
        find_function(model_.functions, node.domain(), node.op_type());
    if (function == nullptr) ISOTRACE_TRY_DONE(find_rule(node));
    std::vector<DraftValue> inputs;
    for (const std::string& name : node.input()) {
      auto value = find_value(name);
      // Made by something unsupported: then the operation's existence is all that can be judged.
      if (!value && has_left_out()) return core::Done{};
      if (!value) return tl::make_unexpected(std::move(value).error());
      inputs.push_back(*value);
    }
    std::vector<bool> used;
    for (const std::string& name : node.output()) {
      used.push_back(!name.empty() && read_.contains(name));
    }
    ISOTRACE_TRY(const std::vector<std::size_t> results,
                 function != nullptr ? expand(*function, node, std::move(inputs))
                                     : lower(node, std::move(inputs), used));
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

  [[nodiscard]] Result<LoweringRule> find_rule(const onnx::NodeProto& node) const {
    if (is_standard_domain(node.domain())) return find_lowering(node.op_type(), opset_);
    if (node.domain() == ml_domain) return find_ml_lowering(node.op_type());
    return refuse(RefusalCode::onnx_operation_unsupported, "domain " + node.domain());
  }

  Lowered lower(const onnx::NodeProto& node, std::vector<DraftValue> inputs,
                const std::vector<bool>& used) {
    ISOTRACE_TRY(const LoweringRule rule, find_rule(node));
    Lowering lowering(node, opset_, draft_, *this, std::move(inputs), used);
    return rule(lowering);
  }

  /// The function's nodes in place of the call. Its names are its own; values go in and out by
  /// position.
  Lowered expand(const onnx::FunctionProto& function, const onnx::NodeProto& call,
                 std::vector<DraftValue> inputs) {
    constexpr std::size_t calls_max = 64;
    if (std::find(model_.calls.begin(), model_.calls.end(), &function) != model_.calls.end()) {
      return refuse(RefusalCode::program_ill_formed, "function " + function.name(), "calls itself");
    }
    if (model_.calls.size() == calls_max) {
      return refuse(RefusalCode::limit_exceeded, "function " + function.name(),
                    "functions call each other too deep");
    }
    ISOTRACE_TRY_DONE(model_.count(static_cast<std::size_t>(function.node_size())));
    ISOTRACE_TRY(const auto opset, find_opset(function.opset_import()));
    ISOTRACE_TRY(const onnx::GraphProto body, instantiate(function, call));
    if (inputs.size() > static_cast<std::size_t>(body.input_size())) {
      return refuse(RefusalCode::program_ill_formed, "", "operand missing or extra");
    }
    inputs.resize(static_cast<std::size_t>(body.input_size()));
    model_.calls.push_back(&function);
    auto results = GraphImport(body, opset.value_or(model_.opset), model_, draft_).run(inputs);
    model_.calls.pop_back();
    return results;
  }

  static tl::unexpected<core::Refusal> refuse_unknown(const std::string& name) {
    return refuse(RefusalCode::program_ill_formed, "operand " + name,
                  "is not made before it is used");
  }

  Result<DraftValue> find_value(const std::string& name) {
    if (name.empty()) return DraftValue();
    const auto found = values_.find(name);
    if (found != values_.end()) return found->second;
    if (around_ == nullptr) return refuse_unknown(name);
    ISOTRACE_TRY(DraftValue value, around_->find_value(name));
    if (value) value = body_->capture(*value);
    values_[name] = value;
    return value;
  }

  const onnx::GraphProto& graph_;
  std::int64_t opset_;
  ModelImport& model_;
  Draft& draft_;
  Initializers* outermost_ = nullptr;  // of the model's own graph
  GraphImport* around_ = nullptr;      // the graph that this one stands in
  Body* body_ = nullptr;               // the program that this graph becomes
  std::unordered_map<std::string, DraftValue> values_;
  std::unordered_set<std::string> initializers_;
  std::unordered_set<std::string> read_;  // names that a live node or an output reads
  std::vector<bool> live_nodes_;
  RefusalList unsupported_;  // what these parts would make has no value
};

}  // namespace

Result<core::Program> import_onnx(core::ByteView model, const ImportSources& sources) {
  return import_onnx(ModelInMemory(model), sources);
}

Result<core::Program> import_onnx(const ModelBytes& bytes, const ImportSources& sources) {
  ISOTRACE_TRY(OnnxSkeleton skeleton, make_skeleton(bytes));
  ISOTRACE_TRY(onnx::ModelProto model, parse_model_proto(skeleton.message));
  skeleton.message = core::Bytes();
  if (!model.has_graph()) return refuse(RefusalCode::onnx_malformed, "model", "no graph");
  if (model.training_info_size() != 0) {
    return refuse(RefusalCode::onnx_operation_unsupported, "model", "training information");
  }
  ISOTRACE_TRY(const auto opset, find_opset(model.opset_import()));
  if (!opset && !is_foreign(model)) {
    return refuse(RefusalCode::onnx_opset_unsupported, "opset_import", "none given");
  }
  try {
    ISOTRACE_TRY_DONE(apply_weights(*model.mutable_graph(), sources.weights));
    if (sources.folder != nullptr) {
      ISOTRACE_TRY_DONE(embed_external_data(*model.mutable_graph(), *sources.folder));
    }
    ISOTRACE_TRY(FunctionTable functions, make_function_table(model));
    ModelImport shared{opset.value_or(onnx_opset_max), std::move(functions), {}};
    Draft draft;
    Initializers initializers(*model.mutable_graph(), bytes, std::move(skeleton.initializers));
    ISOTRACE_TRY(const auto values,
                 GraphImport(model.graph(), shared.opset, shared, draft, &initializers).run());
    std::vector<Draft::Output> outputs;
    for (std::size_t i = 0; i < values.size(); ++i) {
      outputs.push_back({model.graph().output(static_cast<int>(i)).name(), values[i]});
    }
    return std::move(draft).finish(outputs);
  } catch (const std::bad_alloc&) {
    return refuse(RefusalCode::limit_exceeded, "model", "not enough memory");
  }
}

}  // namespace isotrace::executor
