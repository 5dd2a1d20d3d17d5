// A tensor as evidence: what tensor_digest covers, in bytes (internal to the referee).
#pragma once

#include <isotrace/core/tensor.hpp>

namespace isotrace::referee {

/// dtype u8, dims as a list of i64, elements as a block.
core::Bytes write_content(const core::TensorView& tensor);
/// Refuses bytes_truncated, bytes_trailing, value_out_of_range, and what Tensor::from_bytes
/// refuses.
core::Result<core::Tensor> parse_content(core::ByteView bytes);

}  // namespace isotrace::referee
