// The element type that BitCast gives, for executors and the operation itself.
#pragma once

#include <isotrace/reference/call.hpp>

namespace isotrace::reference {

/// The type named by `to`; refuses operation_attribute_invalid if there is none of that number, and
/// operation_dtype_unsupported if its elements have another number of bits than those of `from`.
Result<Dtype> bit_cast_dtype(const core::Node& node, Dtype from);

}  // namespace isotrace::reference
