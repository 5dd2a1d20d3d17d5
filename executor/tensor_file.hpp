// Tensor files: .npy, .npz, .safetensors and ONNX's TensorProto (.pb), read and written. Reading
// goes by content, writing by the format asked for; what was written reads back bit for bit, and
// the same tensors give the same bytes on every machine (docs/formats/tensor-files.md).
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <isotrace/executor/named_tensor.hpp>

namespace isotrace::executor {

enum class TensorFormat : std::uint8_t { npy, npz, pb, safetensors };

/// The format that a file name ends in: ".npy", ".npz", ".pb", ".safetensors".
std::optional<TensorFormat> find_tensor_format(std::string_view path);
/// .npz and .safetensors: any number of tensors, each under its name.
bool is_container(TensorFormat format);

struct TensorFile {
  TensorFormat format;
  std::vector<NamedTensor> tensors;  ///< exactly one unless is_container(format)
};

/// Everything in a file. The name of a single tensor is what a TensorProto says, or "". Refuses
/// tensor_file_malformed, limit_exceeded, and what no element type of ours can hold
/// (onnx_dtype_unsupported for TensorProto, tensor_file_malformed elsewhere).
core::Result<TensorFile> parse_tensors(core::ByteView bytes);
/// The one tensor of a file; a container of more or less than one is tensor_file_malformed.
core::Result<core::Tensor> parse_tensor_file(core::ByteView bytes);
/// The file of a value of this type: of a tensor as above; of a sequence or optional, a
/// SequenceProto or OptionalProto (ONNX test data).
core::Result<core::Tensor> parse_value_file(core::ByteView bytes, core::Dtype dtype);

/// Refuses operation_dtype_unsupported for element types that the format lacks, and
/// value_out_of_range for names it cannot hold (twice the same, not UTF-8). One tensor unless
/// is_container(format).
core::Result<core::Bytes> write_tensors(TensorFormat format, std::span<const NamedTensor> tensors);
/// `.npy` version 1.0, little-endian, C order.
core::Result<core::Bytes> write_npy(const core::TensorView& tensor);

}  // namespace isotrace::executor
