// Small integer operands: axes, shapes, positions.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

/// The values of a one-dimensional (or scalar) i64 or i32 operand. Refuses
/// operation_dtype_unsupported, shape_mismatch.
Result<std::vector<std::int64_t>> read_integers(const TensorView& operand);

/// The same for operand `index`, or nothing if it is left out.
Result<std::optional<std::vector<std::int64_t>>> read_optional_integers(const Call& call,
                                                                        std::size_t index);

/// The one value of such an operand; also refuses another number of elements (shape_mismatch).
Result<std::int64_t> read_integer(const TensorView& operand);

/// The values of an i64 or i32 operand of any shape, in row-major order. Refuses
/// operation_dtype_unsupported.
Result<std::vector<std::int64_t>> read_indices(const TensorView& operand);

/// An index from [-size, size) as one from [0, size); refuses operand_value_invalid.
Result<std::size_t> resolve_index(std::int64_t index, std::int64_t size);

}  // namespace isotrace::reference
