// TensorProto <-> core::Tensor. A tensor keeps its elements either in raw_data (little-endian) or
// in the one typed field that onnx.proto assigns to its element type; anything else is malformed.
// Types of 4 bits stand two in a byte, the first one in the lower half.
#include <cstring>
#include <limits>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_packed.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using core::Tensor;
using onnx::TensorProto;

// Element types that onnx.proto gained after the release whose header is used here.
constexpr std::int64_t onnx_f8e4m3fn = 17;
constexpr std::int64_t onnx_f8e4m3fnuz = 18;
constexpr std::int64_t onnx_f8e5m2 = 19;
constexpr std::int64_t onnx_f8e5m2fnuz = 20;
constexpr std::int64_t onnx_u4 = 21;
constexpr std::int64_t onnx_i4 = 22;
constexpr std::int64_t onnx_f4e2m1 = 23;
constexpr std::int64_t onnx_u2 = 25;
constexpr std::int64_t onnx_i2 = 26;

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

Result<std::size_t> count_elements(const Shape& shape) {
  const auto count = core::element_count(shape);
  if (count) return *count;
  return refuse(RefusalCode::onnx_malformed, count.error().where, count.error().detail);
}

/// How many elements share a byte, the first one in the lowest bits.
std::size_t elements_per_byte(Dtype dtype) {
  switch (dtype) {
    case Dtype::i2:
    case Dtype::u2: return 4;
    case Dtype::i4:
    case Dtype::u4:
    case Dtype::f4e2m1: return 2;
    default: return 1;
  }
}

bool is_packed(Dtype dtype) { return elements_per_byte(dtype) > 1; }

/// Bytes or entries of the typed field that hold so many elements.
std::size_t stored_count(Dtype dtype, std::size_t elements) {
  const std::size_t each = elements_per_byte(dtype);
  return elements / each + (elements % each != 0 ? 1 : 0);
}

/// Elements from the bytes that hold them; what is left of the last byte is ignored.
void unpack(core::ByteView packed, Tensor& tensor) {
  const std::size_t each = elements_per_byte(tensor.dtype());
  const std::size_t width = 8 / each;
  const bool is_signed = tensor.dtype() == Dtype::i4 || tensor.dtype() == Dtype::i2;
  const unsigned above = 1U << width;
  const std::span<std::uint8_t> target = tensor.mutable_bytes();
  for (std::size_t i = 0; i < target.size(); ++i) {
    const unsigned bits = packed[i / each] >> (width * (i % each)) & (above - 1U);
    const bool negative = is_signed && bits >= above / 2;
    target[i] = static_cast<std::uint8_t>(negative ? bits | ~(above - 1U) : bits);
  }
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

Result<core::Done> copy_packed(const TensorProto& proto, Tensor& tensor) {
  core::Bytes packed(stored_count(tensor.dtype(), tensor.elements()));
  ISOTRACE_TRY_DONE(check_count(proto.int32_data_size(), packed.size()));
  ISOTRACE_TRY_DONE(copy_integers<std::uint8_t>(proto.int32_data(), std::span(packed)));
  unpack(packed, tensor);
  return core::Done{};
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
    // Floats of 8 and 16 bits stand as their bits.
    case Dtype::f8e4m3fn:
    case Dtype::f8e4m3fnuz:
    case Dtype::f8e5m2:
    case Dtype::f8e5m2fnuz:
    case Dtype::u8: return copy_int32_field<std::uint8_t>(proto, tensor);
    case Dtype::f16:
    case Dtype::bf16:
    case Dtype::u16: return copy_int32_field<std::uint16_t>(proto, tensor);
    case Dtype::i2:
    case Dtype::u2:
    case Dtype::f4e2m1:
    case Dtype::i4:
    case Dtype::u4: return copy_packed(proto, tensor);
    case Dtype::boolean: return copy_booleans(proto, tensor);
  }
  return refuse(RefusalCode::onnx_dtype_unsupported, "tensor");
}

/// Raw data of a message, in it or where they were left.
struct RawSource {
  core::ByteView bytes;  // if `model` is nullptr
  const ModelBytes* model = nullptr;
  RawData left = {};

  [[nodiscard]] std::uint64_t size() const { return model == nullptr ? bytes.size() : left.size; }
  /// All of them.
  [[nodiscard]] Result<core::Done> read(std::span<std::uint8_t> out) const {
    return model == nullptr ? ModelInMemory(bytes).read(0, out) : model->read(left.offset, out);
  }
};

Result<core::Done> check_size(const RawSource& raw, std::size_t expected, const Shape& shape) {
  if (raw.size() == expected) return core::Done{};
  return refuse(RefusalCode::onnx_malformed, "tensor " + core::shape_text(shape),
                std::to_string(raw.size()) + " bytes, " + std::to_string(expected) + " expected");
}

Result<Tensor> read_packed_raw(const RawSource& raw, Dtype dtype, Shape shape) {
  ISOTRACE_TRY(const std::size_t count, count_elements(shape));
  ISOTRACE_TRY_DONE(check_size(raw, stored_count(dtype, count), shape));
  core::Bytes packed(stored_count(dtype, count));
  ISOTRACE_TRY_DONE(raw.read(packed));
  ISOTRACE_TRY(Tensor tensor, Tensor::make(dtype, std::move(shape)));
  unpack(packed, tensor);
  return tensor;
}

Result<Tensor> read_raw(const TensorProto& proto, const RawSource& raw, Dtype dtype, Shape shape) {
  ISOTRACE_TRY_DONE(check_fields(proto, std::nullopt));
  if (is_packed(dtype)) return read_packed_raw(raw, dtype, std::move(shape));
  ISOTRACE_TRY(const std::size_t count, count_elements(shape));
  ISOTRACE_TRY_DONE(check_size(raw, count * core::dtype_bytes(dtype), shape));
  ISOTRACE_TRY(Tensor tensor, Tensor::make_for_overwrite(dtype, std::move(shape)));
  ISOTRACE_TRY_DONE(raw.read(tensor.mutable_bytes()));
  const auto checked = core::check_tensor(dtype, tensor.shape(), tensor.bytes());
  if (checked) return tensor;
  return refuse(RefusalCode::onnx_malformed, checked.error().where, checked.error().detail);
}

Result<Tensor> read_typed(const TensorProto& proto, Dtype dtype, Shape shape) {
  const Field field = field_of(dtype);
  ISOTRACE_TRY_DONE(check_fields(proto, field));
  ISOTRACE_TRY(const std::size_t count, count_elements(shape));
  // Compared before the tensor is made: dimensions are free to announce, elements are not.
  ISOTRACE_TRY_DONE(
      check_count(field_sizes(proto)[static_cast<std::size_t>(field)], stored_count(dtype, count)));
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
    case onnx_f8e4m3fn: return Dtype::f8e4m3fn;
    case onnx_f8e4m3fnuz: return Dtype::f8e4m3fnuz;
    case onnx_f8e5m2: return Dtype::f8e5m2;
    case onnx_f8e5m2fnuz: return Dtype::f8e5m2fnuz;
    case onnx_u4: return Dtype::u4;
    case onnx_i4: return Dtype::i4;
    case onnx_f4e2m1: return Dtype::f4e2m1;
    case onnx_u2: return Dtype::u2;
    case onnx_i2: return Dtype::i2;
    default:
      return refuse(RefusalCode::onnx_dtype_unsupported, "element type " + std::to_string(number));
  }
}

namespace {

Result<Tensor> read_tensor(const TensorProto& proto, const RawSource& raw) {
  ISOTRACE_TRY(const Dtype dtype, find_onnx_dtype(proto.data_type()));
  if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() != 0) {
    return refuse(RefusalCode::onnx_external_data_unsupported, "tensor");
  }
  if (proto.has_segment()) {
    return refuse(RefusalCode::onnx_malformed, "tensor", "a segment of a larger tensor");
  }
  Shape shape(proto.dims().begin(), proto.dims().end());
  if (proto.has_raw_data()) return read_raw(proto, raw, dtype, std::move(shape));
  return read_typed(proto, dtype, std::move(shape));
}

}  // namespace

Result<Tensor> read_tensor_proto(const TensorProto& proto) {
  return read_tensor(proto, {.bytes = core::as_bytes(proto.raw_data())});
}

Result<Tensor> read_tensor_proto(const TensorProto& proto, const ModelBytes& model, RawData raw) {
  return read_tensor(proto, {.bytes = {}, .model = &model, .left = raw});
}

namespace {

/// Where the elements of a sparse tensor stand: [n] linear positions, or [n, rank] coordinates.
Result<std::vector<std::size_t>> read_positions(const TensorProto& proto, const Tensor& dense) {
  ISOTRACE_TRY(const Tensor indices, read_tensor_proto(proto));
  const bool linear = indices.rank() == 1;
  const bool coordinates =
      indices.rank() == 2 && indices.dim(1) == static_cast<std::int64_t>(dense.rank());
  if (indices.dtype() != Dtype::i64 || (!linear && !coordinates)) {
    return refuse(RefusalCode::onnx_malformed, "sparse tensor", "indices of another form");
  }
  const std::size_t width = linear ? 1 : dense.rank();
  const auto count = static_cast<std::size_t>(indices.dim(0));
  const Shape flat = {static_cast<std::int64_t>(dense.elements())};
  const Shape& sizes = linear ? flat : dense.shape();
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < count; ++i) {
    std::size_t position = 0;
    for (std::size_t axis = 0; axis < width; ++axis) {
      const std::int64_t index = indices.data<std::int64_t>()[i * width + axis];
      if (index < 0 || index >= sizes[axis]) {
        return refuse(RefusalCode::onnx_malformed, "sparse tensor",
                      "index " + std::to_string(index));
      }
      position = position * static_cast<std::size_t>(sizes[axis]) + static_cast<std::size_t>(index);
    }
    if (!positions.empty() && position <= positions.back()) {
      return refuse(RefusalCode::onnx_malformed, "sparse tensor", "indices do not ascend");
    }
    positions.push_back(position);
  }
  return positions;
}

}  // namespace

Result<Tensor> read_sparse_proto(const onnx::SparseTensorProto& proto) {
  ISOTRACE_TRY(const Tensor values, read_tensor_proto(proto.values()));
  Shape shape(proto.dims().begin(), proto.dims().end());
  ISOTRACE_TRY(const std::size_t elements, core::element_count(shape));
  if (elements > core::limits::attribute_elements_max) {
    return refuse(RefusalCode::limit_exceeded, "sparse tensor",
                  std::to_string(elements) + " elements");
  }
  ISOTRACE_TRY(Tensor dense, Tensor::make(values.dtype(), std::move(shape)));
  ISOTRACE_TRY(const auto positions, read_positions(proto.indices(), dense));
  if (values.rank() != 1 || values.elements() != positions.size()) {
    return refuse(RefusalCode::onnx_malformed, "sparse tensor", "as many values as indices");
  }
  const std::size_t size = core::dtype_bytes(values.dtype());
  for (std::size_t i = 0; i < positions.size(); ++i) {
    std::memcpy(dense.mutable_bytes().data() + positions[i] * size,
                values.bytes().data() + i * size, size);
  }
  return dense;
}

namespace {

/// The inverse of unpack.
std::string pack(core::ByteView bytes, Dtype dtype) {
  const std::size_t each = elements_per_byte(dtype);
  const std::size_t width = 8 / each;
  std::string packed(stored_count(dtype, bytes.size()), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned bits = (bytes[i] & ((1U << width) - 1U)) << (width * (i % each));
    packed[i / each] = static_cast<char>(static_cast<unsigned char>(packed[i / each]) | bits);
  }
  return packed;
}

}  // namespace

int onnx_dtype_number(Dtype dtype) {
  constexpr int numbers_max = 64;  // ONNX counts its types from 1 without large gaps
  for (int number = 1; number < numbers_max; ++number) {
    if (const auto found = find_onnx_dtype(number); found && *found == dtype) return number;
  }
  ISOTRACE_CHECK(false, core::dtype_name(dtype));
  return TensorProto::UNDEFINED;
}

Result<TensorProto> make_tensor_proto(const std::string& name, const core::TensorView& tensor) {
  TensorProto proto;
  for (const std::int64_t dim : tensor.shape()) proto.add_dims(dim);
  proto.set_data_type(onnx_dtype_number(tensor.dtype()));
  proto.set_name(name);
  const core::ByteView bytes = tensor.bytes();
  if (is_packed(tensor.dtype())) {
    *proto.mutable_raw_data() = pack(bytes, tensor.dtype());
  } else {
    proto.set_raw_data(bytes.data(), bytes.size());
  }
  if (proto.ByteSizeLong() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return refuse(RefusalCode::limit_exceeded, "tensor " + name,
                  std::to_string(bytes.size()) + " bytes in one protobuf message");
  }
  return proto;
}

Result<core::Bytes> write_tensor_proto(const NamedTensor& tensor) {
  if (core::is_structured(tensor.value.dtype())) return write_packed_proto(tensor);
  ISOTRACE_TRY(const TensorProto proto, make_tensor_proto(tensor.name, tensor.value));
  const std::string text = proto.SerializeAsString();
  return core::Bytes(text.begin(), text.end());
}

}  // namespace isotrace::executor
