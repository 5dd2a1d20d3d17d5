// Sequences and optionals as operands and results (docs/spec/sequence.md).
#pragma once

#include <isotrace/core/packed.hpp>
#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

/// Whether the operation is defined for sequences or optionals; the others are for tensors alone.
bool takes_packed(core::Op op);

/// The value as a tensor of bytes; dtype must be structured, and every tensor inside of its element
/// type. Refuses limit_exceeded.
Result<Tensor> write_packed(Dtype dtype, const core::Packed& value);

/// A tensor as part of a packing; valid as long as the view's owner.
core::PackedTensor packed_tensor(const TensorView& tensor);

/// The tensors of a sequence operand; refuses operation_dtype_unsupported for anything else.
Result<std::vector<core::PackedTensor>> read_sequence(const TensorView& operand);

}  // namespace isotrace::reference
