#include <isotrace/tools/commands/inspect_model.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include <isotrace/core/packed.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>

namespace isotrace::tools {
namespace {

/// What a program is made of, programs inside included.
struct Contents {
  std::map<std::string_view, std::size_t> operations;
  std::size_t parameters = 0;
};

void add_contents(const core::Program& program, Contents& contents) {
  for (const core::Tensor& constant : program.constants) contents.parameters += constant.elements();
  for (const core::Node& node : program.nodes) {
    ++contents.operations[core::op_info(node.op).name];
    for (const core::Attribute& attribute : node.attributes) {
      const auto* inside = std::get_if<core::SubProgram>(&attribute.value);
      if (inside != nullptr) add_contents(inside->program(), contents);
    }
  }
}

std::string_view format_name(executor::TensorFormat format) {
  switch (format) {
    case executor::TensorFormat::npy: return "npy";
    case executor::TensorFormat::npz: return "npz";
    case executor::TensorFormat::pb: return "TensorProto";
    case executor::TensorFormat::safetensors: return "safetensors";
  }
  return "unknown";
}

/// Elements that are NaN or infinite; null for types in which they are not counted.
template <class T>
Json count_not_finite(const core::Tensor& tensor) {
  return std::ranges::count_if(tensor.data<T>(), [](T value) { return !std::isfinite(value); });
}

Json not_finite_json(const core::Tensor& tensor) {
  if (tensor.dtype() == core::Dtype::f32) return count_not_finite<float>(tensor);
  if (tensor.dtype() == core::Dtype::f64) return count_not_finite<double>(tensor);
  return nullptr;
}

}  // namespace

Json model_json(const core::Program& program) {
  Json inputs = Json::array();
  for (const core::ProgramInput& input : program.inputs) {
    inputs.push_back(
        {{"name", input.name},
         {"dtype", core::dtype_name(input.dtype)},
         {"shape", input.shape == core::any_rank ? Json(nullptr) : shape_json(input.shape)}});
  }
  Json outputs = Json::array();
  for (const core::ProgramOutput& output : program.outputs) outputs.push_back(output.name);
  Contents contents;
  add_contents(program, contents);
  Json operations = Json::object();
  for (const auto& [name, count] : contents.operations) operations[std::string(name)] = count;
  return {{"kind", "model"},
          {"programDigest", core::program_digest(program).hex()},
          {"semantics", core::semantics_id},
          {"nodes", program.nodes.size()},
          {"constants", program.constants.size()},
          {"parameters", contents.parameters},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)},
          {"operations", std::move(operations)}};
}

Json tensor_file_json(const executor::TensorFile& file) {
  Json tensors = Json::array();
  for (const executor::NamedTensor& tensor : file.tensors) {
    Json row = tensor_json(tensor.name, trace::record_of(tensor.value));
    row["bytes"] = tensor.value.bytes().size();
    row["notFinite"] = not_finite_json(tensor.value);
    tensors.push_back(std::move(row));
  }
  return {
      {"kind", "tensors"}, {"format", format_name(file.format)}, {"tensors", std::move(tensors)}};
}

Json value_file_json(const core::Tensor& value) {
  const bool sequence = core::holds_sequence(value.dtype());
  Json out = {{"kind", core::is_optional(value.dtype()) ? "optional" : "sequence"},
              {"format", core::is_optional(value.dtype()) ? "OptionalProto" : "SequenceProto"},
              {"dtype", core::dtype_name(value.dtype())},
              {"digest", core::tensor_digest(value).hex()}};
  Json shapes = Json::array();
  if (const auto packed = core::read_packed(value.dtype(), value.bytes())) {
    for (const core::PackedTensor& tensor : packed->tensors) {
      shapes.push_back(shape_json(tensor.shape));
    }
  }
  out[sequence ? "shapes" : "shape"] = std::move(shapes);
  return out;
}

}  // namespace isotrace::tools
