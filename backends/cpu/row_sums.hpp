// R of docs/numerics.md over any number of elements, from kernels that sum one chunk.
#pragma once

#include <isotrace/backends/cpu/vector_kernels.hpp>

namespace isotrace::backends::cpu {

inline constexpr Index sum_chunk = 4096;

/// R(x[0..count)), and R of the squares brought in by fma. NaN as it comes.
float sum_row(const VectorKernels& vectors, const float* x, Index count);
float sum_row_of_squares(const VectorKernels& vectors, const float* x, Index count);
/// out[j] = R(x[0 * columns + j], x[1 * columns + j], ...) over `rows` rows. NaN as it comes.
void sum_matrix_columns(const VectorKernels& vectors, const float* x, Index rows, Index columns,
                        float* out);

}  // namespace isotrace::backends::cpu
