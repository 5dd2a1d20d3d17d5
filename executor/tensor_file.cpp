// Formats are told apart by their first bytes. No TensorProto begins like another format: 0x93
// (.npy) announces a group, "PK" a field of a type that onnx.proto does not give it, and a
// safetensors length is followed by the tag 0x7B, a group again.
#include <isotrace/executor/tensor_file.hpp>

#include <set>

#include <isotrace/executor/npy.hpp>
#include <isotrace/executor/npz.hpp>
#include <isotrace/executor/onnx_proto.hpp>
#include <isotrace/executor/safetensors.hpp>
#include <isotrace/executor/zip.hpp>

namespace isotrace::executor {
namespace {

using core::RefusalCode;
using core::refuse;
using core::Result;

Result<NamedTensor> parse_pb(core::ByteView bytes) {
  ISOTRACE_TRY(const onnx::TensorProto proto, parse_tensor_proto(bytes));
  ISOTRACE_TRY(core::Tensor tensor, read_tensor_proto(proto));
  return NamedTensor{proto.name(), std::move(tensor)};
}

Result<TensorFile> single(TensorFormat format, Result<NamedTensor> tensor) {
  if (!tensor) return tl::make_unexpected(std::move(tensor).error());
  TensorFile file{format, {}};
  file.tensors.push_back(*std::move(tensor));
  return file;
}

Result<TensorFile> container(TensorFormat format, Result<std::vector<NamedTensor>> tensors) {
  if (!tensors) return tl::make_unexpected(std::move(tensors).error());
  return TensorFile{format, *std::move(tensors)};
}

Result<core::Done> check_names(std::span<const NamedTensor> tensors) {
  std::set<std::string_view> names;
  for (const NamedTensor& tensor : tensors) {
    if (!names.insert(tensor.name).second) {
      return refuse(RefusalCode::value_out_of_range, "tensor " + tensor.name, "a name used twice");
    }
  }
  return core::Done{};
}

}  // namespace

std::optional<TensorFormat> find_tensor_format(std::string_view path) {
  if (path.ends_with(".npy")) return TensorFormat::npy;
  if (path.ends_with(".npz")) return TensorFormat::npz;
  if (path.ends_with(".pb")) return TensorFormat::pb;
  if (path.ends_with(".safetensors")) return TensorFormat::safetensors;
  return std::nullopt;
}

bool is_container(TensorFormat format) {
  return format == TensorFormat::npz || format == TensorFormat::safetensors;
}

Result<TensorFile> parse_tensors(core::ByteView bytes) {
  if (is_npy(bytes)) {
    return single(TensorFormat::npy, parse_npy(bytes).map([](core::Tensor&& tensor) {
      return NamedTensor{"", std::move(tensor)};
    }));
  }
  if (is_zip(bytes)) return container(TensorFormat::npz, parse_npz(bytes));
  if (is_safetensors(bytes)) {
    return container(TensorFormat::safetensors, parse_safetensors(bytes));
  }
  auto file = single(TensorFormat::pb, parse_pb(bytes));
  if (file || file.error().code != RefusalCode::onnx_malformed) return file;
  return refuse(RefusalCode::tensor_file_malformed, file.error().where, file.error().detail);
}

Result<core::Tensor> parse_tensor_file(core::ByteView bytes) {
  ISOTRACE_TRY(TensorFile file, parse_tensors(bytes));
  if (file.tensors.size() == 1) return std::move(file.tensors[0].value);
  return refuse(RefusalCode::tensor_file_malformed, "",
                std::to_string(file.tensors.size()) + " tensors where one is due");
}

Result<core::Bytes> write_tensors(TensorFormat format, std::span<const NamedTensor> tensors) {
  ISOTRACE_CHECK(is_container(format) || tensors.size() == 1, tensors.size());
  ISOTRACE_TRY_DONE(check_names(tensors));
  switch (format) {
    case TensorFormat::npy: return write_npy(tensors[0].value);
    case TensorFormat::pb: return write_tensor_proto(tensors[0]);
    case TensorFormat::npz: return write_npz(tensors);
    case TensorFormat::safetensors: return write_safetensors(tensors);
  }
  ISOTRACE_CHECK(false, static_cast<int>(format));
  return core::Bytes{};
}

core::Result<core::Tensor> parse_value_file(core::ByteView bytes, core::Dtype dtype) {
  if (!core::is_structured(dtype)) return parse_tensor_file(bytes);
  auto value = parse_packed_proto(bytes, dtype);
  if (value || value.error().code != RefusalCode::onnx_malformed) return value;
  return refuse(RefusalCode::tensor_file_malformed, value.error().where, value.error().detail);
}

}  // namespace isotrace::executor
