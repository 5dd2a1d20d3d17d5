// NumPy's .npy, the part that is a tensor of ours (internal; tensor_file.hpp is the
// interface).
#pragma once

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

bool is_npy(core::ByteView bytes);
/// Versions 1 to 3, either byte order, either array order, one array filling the file. Refuses
/// tensor_file_malformed and limit_exceeded.
core::Result<core::Tensor> parse_npy(core::ByteView bytes);

}  // namespace isotrace::executor
