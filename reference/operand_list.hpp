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

}  // namespace isotrace::reference
