// TensorProto -> core::Tensor. A tensor keeps its elements either in raw_data (little-endian) or in
// the one typed field that onnx.proto assigns to its element type; anything else is malformed.
#include <limits>

#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using core::Tensor;
using onnx::TensorProto;

enum class Field : std::uint8_t { f32, i32, i64, f64, u64 };

Field field_of(Dtype dtype) {
  switch (dtype) {
    case Dtype::f32: return Field::f32;
    case Dtype::f64: return Field::f64;
    case Dtype::i64: return Field::i64;
    case Dtype::u32:
    case Dtype::u64: return Field::u64;
    default: return Field::i32;
  }
}

/// Elements in typed fields, in order of Field; a tensor may use one field only.
std::array<int, 5> field_sizes(const TensorProto& proto) {
  return {proto.float_data_size(), proto.int32_data_size(), proto.int64_data_size(),
          proto.double_data_size(), proto.uint64_data_size()};
}

Result<core::Done> check_fields(const TensorProto& proto, std::optional<Field> used) {
  const auto sizes = field_sizes(proto);
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] != 0 && (!used || i != static_cast<std::size_t>(*used))) {
      return refuse(RefusalCode::onnx_malformed, "tensor", "elements in a field of another type");
    }
  }
  if (proto.string_data_size() != 0) {
    return refuse(RefusalCode::onnx_malformed, "tensor", "strings among the elements");
  }
  return core::Done{};
}

Result<core::Done> check_count(int found, std::size_t expected) {
  if (static_cast<std::size_t>(found) == expected) return core::Done{};
  return refuse(RefusalCode::onnx_malformed, "tensor",
                std::to_string(found) + " elements, " + std::to_string(expected) + " expected");
}

/// Copies integers into elements of type T; each must be representable.
template <class T, class Source>
Result<core::Done> copy_integers(const Source& source, std::span<T> target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const auto value = source[static_cast<int>(i)];
    if (!std::in_range<T>(value)) {
      return refuse(RefusalCode::onnx_malformed, "tensor",
                    "element " + std::to_string(i) + " is " + std::to_string(value));
    }
    target[i] = static_cast<T>(value);
  }
  return core::Done{};
}

template <class T>
Result<core::Done> copy_int32_field(const TensorProto& proto, Tensor& tensor) {
  ISOTRACE_TRY_DONE(check_count(proto.int32_data_size(), tensor.elements()));
  const std::span<T> target(reinterpret_cast<T*>(tensor.mutable_bytes().data()), tensor.elements());
  return copy_integers<T>(proto.int32_data(), target);
}

Result<core::Done> copy_booleans(const TensorProto& proto, Tensor& tensor) {
  ISOTRACE_TRY_DONE(copy_int32_field<std::uint8_t>(proto, tensor));
  for (const std::uint8_t value : tensor.bytes()) {
    if (value > 1) {
      return refuse(RefusalCode::onnx_malformed, "tensor", "a boolean that is neither 0 nor 1");
    }
  }
  return core::Done{};
}

template <class T, class Source>
Result<core::Done> copy_same(const Source& source, Tensor& tensor) {
  ISOTRACE_TRY_DONE(check_count(source.size(), tensor.elements()));
  std::copy(source.begin(), source.end(), tensor.data<T>().begin());
  return core::Done{};
}

Result<core::Done> copy_typed(const TensorProto& proto, Tensor& tensor) {
  switch (tensor.dtype()) {
    case Dtype::f32: return copy_same<float>(proto.float_data(), tensor);
    case Dtype::f64: return copy_same<double>(proto.double_data(), tensor);
    case Dtype::i64: return copy_same<std::int64_t>(proto.int64_data(), tensor);
    case Dtype::u64: return copy_same<std::uint64_t>(proto.uint64_data(), tensor);
    case Dtype::u32: {
      ISOTRACE_TRY_DONE(check_count(proto.uint64_data_size(), tensor.elements()));
      return copy_integers<std::uint32_t>(proto.uint64_data(), tensor.data<std::uint32_t>());
    }
    case Dtype::i32: return copy_same<std::int32_t>(proto.int32_data(), tensor);
    case Dtype::i16: return copy_int32_field<std::int16_t>(proto, tensor);
    case Dtype::i8: return copy_int32_field<std::int8_t>(proto, tensor);
    case Dtype::u8: return copy_int32_field<std::uint8_t>(proto, tensor);
    // binary16 and bfloat16 stand as the 16 bits of each element.
    case Dtype::f16:
    case Dtype::bf16:
    case Dtype::u16: return copy_int32_field<std::uint16_t>(proto, tensor);
    case Dtype::boolean: return copy_booleans(proto, tensor);
  }
  return refuse(RefusalCode::onnx_dtype_unsupported, "tensor");
}

Result<Tensor> read_raw(const TensorProto& proto, Dtype dtype, Shape shape) {
  ISOTRACE_TRY_DONE(check_fields(proto, std::nullopt));
  auto tensor = Tensor::from_bytes(dtype, std::move(shape), core::as_bytes(proto.raw_data()));
  if (tensor || tensor.error().code == RefusalCode::limit_exceeded) return tensor;
  return refuse(RefusalCode::onnx_malformed, tensor.error().where, tensor.error().detail);
}

Result<Tensor> read_typed(const TensorProto& proto, Dtype dtype, Shape shape) {
  const Field field = field_of(dtype);
  ISOTRACE_TRY_DONE(check_fields(proto, field));
  const auto count = core::element_count(shape);
  if (!count) return refuse(RefusalCode::onnx_malformed, count.error().where, count.error().detail);
  // Compared before the tensor is made: dimensions are free to announce, elements are not.
  ISOTRACE_TRY_DONE(check_count(field_sizes(proto)[static_cast<std::size_t>(field)], *count));
  ISOTRACE_TRY(Tensor tensor, Tensor::make(dtype, std::move(shape)));
  ISOTRACE_TRY_DONE(copy_typed(proto, tensor));
  return tensor;
}

}  // namespace

Result<Dtype> find_onnx_dtype(std::int64_t number) {
  switch (number) {
    case TensorProto::FLOAT: return Dtype::f32;
    case TensorProto::DOUBLE: return Dtype::f64;
    case TensorProto::FLOAT16: return Dtype::f16;
    case TensorProto::BFLOAT16: return Dtype::bf16;
    case TensorProto::INT8: return Dtype::i8;
    case TensorProto::UINT8: return Dtype::u8;
    case TensorProto::INT16: return Dtype::i16;
    case TensorProto::UINT16: return Dtype::u16;
    case TensorProto::INT32: return Dtype::i32;
    case TensorProto::UINT32: return Dtype::u32;
    case TensorProto::INT64: return Dtype::i64;
    case TensorProto::UINT64: return Dtype::u64;
    case TensorProto::BOOL: return Dtype::boolean;
    default:
      return refuse(RefusalCode::onnx_dtype_unsupported, "element type " + std::to_string(number));
  }
}

Result<Tensor> read_tensor_proto(const TensorProto& proto) {
  ISOTRACE_TRY(const Dtype dtype, find_onnx_dtype(proto.data_type()));
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() != 0) {
    return refuse(RefusalCode::onnx_external_data_unsupported, "tensor");
  }
  if (proto.has_segment()) {
    return refuse(RefusalCode::onnx_malformed, "tensor", "a segment of a larger tensor");
  }
  Shape shape(proto.dims().begin(), proto.dims().end());
  if (proto.has_raw_data()) return read_raw(proto, dtype, std::move(shape));
  return read_typed(proto, dtype, std::move(shape));
}

}  // namespace isotrace::executor
