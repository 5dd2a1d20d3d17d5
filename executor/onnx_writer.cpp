#include <isotrace/executor/onnx_writer.hpp>

#include <cmath>
#include <limits>
#include <sstream>

#include <isotrace/executor/onnx_proto.hpp>
#include <isotrace/reference/recurrent_activation.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Dtype;
using core::Node;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using onnx::AttributeProto;

/// The newest operator set that engines commonly have. Canonical nodes have the newest form, and
/// few have changed since.
constexpr std::int64_t opset_common = 21;

/// A mode of Resize that ONNX has dropped, and with it the operator set that still had it.
bool is_old_resize(const Node& node) {
  return node.op == Op::resize &&
         node.text("coordinate_transformation_mode") == "tf_half_pixel_for_nn";
}

/// The operator set whose form of the operation the node has.
std::int64_t opset_of(const Node& node) {
  switch (node.op) {
    case Op::softmax:
    case Op::log_softmax:
    case Op::hardmax: return node.integer("flatten") != 0 ? 12 : opset_common;
    case Op::resize: return is_old_resize(node) ? 12 : opset_common;
    case Op::tensor_scatter: return 24;
    case Op::cum_prod:
    case Op::bit_cast: return 26;
    default: return opset_common;
  }
}

/// The operator set that brought an element type, beyond the common one.
std::int64_t opset_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f4e2m1: return 23;
    case Dtype::i2:
    case Dtype::u2: return 25;
    default: return 1;
  }
}

/// The version of the file format that an operator set came with.
std::int64_t ir_version_of(std::int64_t opset) {
  if (opset <= opset_common) return 10;
  return opset <= 23 ? 11 : opset <= 25 ? 12 : 13;
}

AttributeProto& add(onnx::NodeProto& node, const std::string& name,
                    AttributeProto::AttributeType type) {
  AttributeProto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void add_integer(onnx::NodeProto& node, const std::string& name, std::int64_t value) {
  add(node, name, AttributeProto::INT).set_i(value);
}

/// Attributes that only canonical nodes have, or that say something else there.
bool is_ours(Op op, std::string_view name) {
  if (name == "k_segment" || name == "flatten") return true;
  switch (op) {
    case Op::negative_log_likelihood_loss:
      return name == "has_ignore_index" || name == "ignore_index";
    case Op::rnn:
    case Op::gru:
    case Op::lstm: return name.starts_with("activation") || name == "clip";
    case Op::shape: return name == "end";
    default: return false;
  }
}

/// Whether an integer attribute is one of our element type numbers.
bool names_dtype(Op op, std::string_view name) {
  if (name == "output_datatype" || name == "output_dtype") return true;
  return (op == Op::cast || op == Op::bit_cast) ? name == "to"
                                                : op == Op::eye_like && name == "dtype";
}

/// ONNX wants paddings given or computed, not both; and what came to Resize later is what it was.
bool is_left_out(const Node& node, const Attribute& attribute) {
  if (attribute.name == "pads" && core::attribute_kind(node.op, "auto_pad")) {
    return node.text("auto_pad") != "NOTSET";
  }
  return is_old_resize(node) && (attribute.name == "antialias" || attribute.name == "axes" ||
                                 attribute.name == "keep_aspect_ratio_policy");
}

void write_attribute(onnx::NodeProto& proto, Op op, const Attribute& attribute) {
  const std::string& name = attribute.name;
  if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    const bool dtype = names_dtype(op, name);
    add_integer(proto, name, dtype ? onnx_dtype_number(static_cast<Dtype>(*integer)) : *integer);
  } else if (const auto* real = std::get_if<float>(&attribute.value)) {
    add(proto, name, AttributeProto::FLOAT).set_f(*real);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    add(proto, name, AttributeProto::STRING).set_s(*text);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute.value)) {
    if (integers->empty()) return;  // an empty list is one that was not given
    auto& list = add(proto, name, AttributeProto::INTS);
    for (const std::int64_t value : *integers) list.add_ints(value);
  } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute.value)) {
    if (reals->empty()) return;
    auto& list = add(proto, name, AttributeProto::FLOATS);
    for (const float value : *reals) list.add_floats(value);
  }
}

/// The functions of a recurrent layer, with values for those that take them.
void write_activations(onnx::NodeProto& proto, const OnnxStep& step) {
  const Node& node = step.node;
  auto& names = add(proto, "activations", AttributeProto::STRINGS);
  std::vector<float> alpha;
  std::vector<float> beta;
  std::istringstream words(node.text("activations"));
  std::size_t at = 0;
  for (std::string word; words >> word; ++at) {
    names.add_strings(word);
    const auto* info = reference::find_recurrent_activation(word);
    if (info == nullptr || at >= node.reals("activation_alpha").size()) continue;
    if (info->parameters >= 1) alpha.push_back(node.reals("activation_alpha")[at]);
    if (info->parameters >= 2) beta.push_back(node.reals("activation_beta")[at]);
  }
  write_attribute(proto, node.op, {"activation_alpha", std::move(alpha)});
  write_attribute(proto, node.op, {"activation_beta", std::move(beta)});
  if (std::isfinite(node.real("clip"))) {
    add(proto, "clip", AttributeProto::FLOAT).set_f(node.real("clip"));
  }
  add_integer(proto, "hidden_size", step.operands[2]->shape().back());
}

/// Attributes that the importer dropped because the operands say them, or turned into operands.
Result<core::Done> write_special(onnx::NodeProto& proto, const OnnxStep& step) {
  const Node& node = step.node;
  switch (node.op) {
    case Op::rnn:
    case Op::gru:
    case Op::lstm: write_activations(proto, step); break;
    case Op::split:
      if (step.operands.size() < 2 || !step.operands[1]) {
        add_integer(proto, "num_outputs", static_cast<std::int64_t>(node.outputs.size()));
      }
      break;
    case Op::shape:
      if (node.integer("end") != std::numeric_limits<std::int64_t>::max()) {
        add_integer(proto, "end", node.integer("end"));
      }
      break;
    case Op::negative_log_likelihood_loss:
      if (node.integer("has_ignore_index") != 0) {
        add_integer(proto, "ignore_index", node.integer("ignore_index"));
      }
      break;
    case Op::constant_of_shape: {
      ISOTRACE_TRY(auto value, make_tensor_proto("", *step.operands[1]));
      *add(proto, "value", AttributeProto::TENSOR).mutable_t() = std::move(value);
      break;
    }
    default: break;
  }
  return core::Done{};
}

void declare(onnx::ValueInfoProto& value, const std::string& name, const ValueInfo& info) {
  value.set_name(name);
  auto& type = *value.mutable_type()->mutable_tensor_type();
  type.set_elem_type(onnx_dtype_number(info.dtype));
  if (!info.shape) return;
  type.mutable_shape();
  for (const std::int64_t dim : *info.shape) {
    auto& declared = *type.mutable_shape()->add_dim();
    if (dim != -1) declared.set_dim_value(dim);
  }
}

class Writer {
 public:
  explicit Writer(const OnnxStep& step) : step_(step) { model_.mutable_graph()->set_name("step"); }

  Result<OnnxStepModel> write() {
    ISOTRACE_TRY_DONE(check());
    auto& node = *model_.mutable_graph()->add_node();
    node.set_op_type(std::string(core::op_info(step_.node.op).name));
    node.set_name(step_.node.name);
    ISOTRACE_TRY_DONE(write_operands(node));
    write_results(node);
    for (const Attribute& attribute : step_.node.attributes) {
      if (is_ours(step_.node.op, attribute.name) || is_left_out(step_.node, attribute)) continue;
      write_attribute(node, step_.node.op, attribute);
    }
    ISOTRACE_TRY_DONE(write_special(node, step_));
    return finish();
  }

 private:
  [[nodiscard]] Result<core::Done> check() const {
    const core::OpInfo& info = core::op_info(step_.node.op);
    bool plain = !info.control && step_.node.op != Op::sequence_empty;
    for (const auto& operand : step_.operands) {
      plain = plain && !(operand && core::is_structured(operand->dtype()));
    }
    for (const auto& result : step_.results) plain = plain && !core::is_structured(result.dtype);
    if (plain) return core::Done{};
    return refuse(
        RefusalCode::onnx_inexpressible, std::string(info.name),
        info.control ? "it runs programs of its own" : "it holds values that are no tensors");
  }

  Result<core::Done> write_operands(onnx::NodeProto& node) {
    onnx::GraphProto& graph = *model_.mutable_graph();
    const bool last_is_attribute = step_.node.op == Op::constant_of_shape;
    for (std::size_t i = 0; i < step_.operands.size(); ++i) {
      written_.inputs.emplace_back();
      if (last_is_attribute && i == 1) continue;
      const auto& operand = step_.operands[i];
      const std::string name = operand ? "x" + std::to_string(i) : "";
      node.add_input(name);
      if (!operand) continue;
      const core::Shape shape = step_operand_shape(step_, i);
      const core::TensorView value(operand->dtype(), shape, operand->bytes());
      opset_ = std::max(opset_, opset_of(value.dtype()));
      if (i < step_.constant.size() && step_.constant[i]) {
        ISOTRACE_TRY(auto proto, make_tensor_proto(name, value));
        *graph.add_initializer() = std::move(proto);
      } else {
        declare(*graph.add_input(), name, info_of(value));
        written_.inputs.back() = name;
      }
    }
    return core::Done{};
  }

  void write_results(onnx::NodeProto& node) {
    for (std::size_t i = 0; i < step_.results.size(); ++i) {
      const bool asked = i >= step_.node.outputs.size() || step_.node.outputs[i] != core::no_value;
      written_.outputs.push_back(asked ? "y" + std::to_string(i) : "");
      node.add_output(written_.outputs.back());
      opset_ = std::max(opset_, opset_of(step_.results[i].dtype));
      if (asked) {
        declare(*model_.mutable_graph()->add_output(), written_.outputs.back(), step_.results[i]);
      }
    }
  }

  Result<OnnxStepModel> finish() {
    const std::int64_t own = opset_of(step_.node);
    const std::int64_t opset = own < opset_common ? own : std::max(own, opset_);
    model_.set_ir_version(ir_version_of(opset));
    model_.set_producer_name("isotrace");
    auto& entry = *model_.add_opset_import();
    entry.set_domain("");
    entry.set_version(opset);
    if (model_.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      return refuse(RefusalCode::limit_exceeded, std::string(core::op_info(step_.node.op).name),
                    std::to_string(model_.ByteSizeLong()) + " bytes in one protobuf message");
    }
    const std::string text = model_.SerializeAsString();
    written_.bytes.assign(text.begin(), text.end());
    return std::move(written_);
  }

  const OnnxStep& step_;
  onnx::ModelProto model_;
  OnnxStepModel written_;
  std::int64_t opset_ = opset_common;
};

}  // namespace

std::vector<ValueInfo> infos_of(std::span<const core::TensorView> results) {
  std::vector<ValueInfo> infos;
  for (const core::TensorView& result : results) infos.push_back(info_of(result));
  return infos;
}

core::Shape step_operand_shape(const OnnxStep& step, std::size_t index) {
  if (step.node.op == Op::clip && index > 0) return {};
  const auto shape = step.operands[index]->shape();
  return {shape.begin(), shape.end()};
}

Result<OnnxStepModel> write_onnx_step(const OnnxStep& step) { return Writer(step).write(); }

}  // namespace isotrace::executor
