// NumPy's .npz: a ZIP of .npy members (internal; tensor_file.hpp is the interface).
#pragma once

#include <span>
#include <vector>

#include <isotrace/executor/named_tensor.hpp>

namespace isotrace::executor {

/// Every member must be NAME.npy. Refuses tensor_file_malformed and limit_exceeded.
core::Result<std::vector<NamedTensor>> parse_npz(core::ByteView bytes);
/// Names are distinct and short enough to stand in a program.
core::Result<core::Bytes> write_npz(std::span<const NamedTensor> tensors);

}  // namespace isotrace::executor
