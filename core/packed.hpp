// Sequences and optionals. They are carried as one-dimensional tensors of bytes with an element
// type of their own, so that digests, traces and programs need no second kind of value. The packing
// (docs/formats/program.md) has exactly one form per value; Tensor::from_bytes refuses others.
#pragma once

#include <isotrace/core/tensor.hpp>

namespace isotrace::core {

/// A tensor inside a packing; its bytes stay where they are.
struct PackedTensor {
  Shape shape;
  ByteView bytes;
};

/// What a packing holds: the tensors of a sequence, or the one of an optional tensor.
struct Packed {
  bool present = true;  ///< false: an optional without a value
  std::vector<PackedTensor> tensors;
};

/// Refuses bytes_truncated, bytes_trailing, value_out_of_range, limit_exceeded (more than
/// sequence_tensors_max) and what check_tensor refuses of a tensor inside.
Result<Packed> read_packed(Dtype dtype, ByteView bytes);

}  // namespace isotrace::core
