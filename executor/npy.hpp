// NumPy's .npy, the part that is a tensor of ours (internal; parse_tensor_file and write_npy are
// the interface).
#pragma once

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

bool is_npy(core::ByteView bytes);
/// Versions 1 to 3, little-endian, C order, one array filling the file. Refuses
/// tensor_file_malformed and limit_exceeded.
core::Result<core::Tensor> parse_npy(core::ByteView bytes);

}  // namespace isotrace::executor
