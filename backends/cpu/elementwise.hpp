// Which array kernel an element-wise operation is, and with which numbers.
#pragma once

#include <array>
#include <optional>

#include <isotrace/backends/cpu/vector_kernels.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends::cpu {

/// nullptr: the operation is none.
BinaryKernel find_binary(core::Op op, const VectorKernels& vectors);
UnaryKernel find_unary(core::Op op, const VectorKernels& vectors);

/// The numbers that such an operation of one operand takes besides it; nothing if a bound is not a
/// scalar.
std::optional<std::array<float, 2>> find_parameters(const core::Node& node,
                                                    core::Operands operands);

}  // namespace isotrace::backends::cpu
