// The safetensors container (internal; tensor_file.hpp is the interface).
#pragma once

#include <span>
#include <vector>

#include <isotrace/executor/named_tensor.hpp>

namespace isotrace::executor {

bool is_safetensors(core::ByteView bytes);
/// Refuses tensor_file_malformed and limit_exceeded.
core::Result<std::vector<NamedTensor>> parse_safetensors(core::ByteView bytes);
/// Tensors in the order given. Refuses operation_dtype_unsupported, and value_out_of_range for
/// names that JSON or the format cannot hold.
core::Result<core::Bytes> write_safetensors(std::span<const NamedTensor> tensors);

}  // namespace isotrace::executor
