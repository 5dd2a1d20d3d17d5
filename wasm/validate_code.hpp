// Validation of instruction sequences: function bodies and constant expressions.
#pragma once

#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/reader.hpp>

namespace isotrace::wasm {

/// `declared[i]`: function i is named outside of function bodies, so that ref.func may name it.
/// Sets operands_max.
core::Result<core::Done> validate_function(const Module& module, const std::vector<bool>& declared,
                                           Function& function);

/// One constant of the type: t.const, ref.null, ref.func, or global.get of an imported constant.
core::Result<core::Done> validate_constant(const Module& module, Expression expression,
                                           ValueType type);

}  // namespace isotrace::wasm
