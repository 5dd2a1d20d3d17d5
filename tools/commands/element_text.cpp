#include <isotrace/tools/commands/element_text.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>

#include <isotrace/core/packed.hpp>
#include <isotrace/core/text.hpp>

namespace isotrace::tools {

namespace {

/// The tensors of a sequence or optional; a run gives no packing that does not read.
core::Packed unpack(const core::TensorView& value) {
  auto packed = core::read_packed(value.dtype(), value.bytes());
  ISOTRACE_CHECK(packed.has_value(), core::dtype_name(value.dtype()));
  return *std::move(packed);
}

core::Tensor tensor_of(const core::TensorView& value, const core::PackedTensor& inside) {
  return *core::Tensor::from_bytes(core::element_of(value.dtype()), inside.shape, inside.bytes);
}

}  // namespace

std::string elements_text(const core::TensorView& tensor) {
  std::string text;
  if (core::is_structured(tensor.dtype())) {
    const core::Packed value = unpack(tensor);
    if (!value.present) return "  no value\n";
    for (std::size_t i = 0; i < value.tensors.size(); ++i) {
      text += "  tensor " + std::to_string(i) + " " + core::shape_text(value.tensors[i].shape) +
              "\n" + elements_text(tensor_of(tensor, value.tensors[i]));
    }
    return text;
  }
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    text += "  [" + std::to_string(i) + "] " + core::element_decimal(tensor, i) + " " +
            core::element_text(tensor, i) + " " + core::element_bits(tensor, i) + "\n";
  }
  return text;
}

Json elements_json(const core::TensorView& tensor) {
  Json out = Json::array();
  if (core::is_structured(tensor.dtype())) {
    const core::Packed value = unpack(tensor);
    for (const core::PackedTensor& inside : value.tensors) {
      out.push_back({{"shape", shape_json(inside.shape)},
                     {"elements", elements_json(tensor_of(tensor, inside))}});
    }
    return value.present ? out : Json(nullptr);
  }
  for (std::size_t i = 0; i < tensor.elements(); ++i) out.push_back(core::element_text(tensor, i));
  return out;
}

}  // namespace isotrace::tools
