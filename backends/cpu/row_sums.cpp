#include <isotrace/backends/cpu/row_sums.hpp>

#include <algorithm>
#include <vector>

namespace isotrace::backends::cpu {
namespace {

using ChunkSum = float (*)(const float*, Index);

/// Sums of chunks are summed like elements.
float sum_with(const VectorKernels& vectors, ChunkSum chunk_sum, const float* x, Index count) {
  if (count <= sum_chunk) return chunk_sum(x, count);
  std::vector<float> sums;
  for (Index from = 0; from < count; from += sum_chunk) {
    sums.push_back(chunk_sum(x + from, std::min(sum_chunk, count - from)));
  }
  return sum_row(vectors, sums.data(), std::ssize(sums));
}

}  // namespace

float sum_row(const VectorKernels& vectors, const float* x, Index count) {
  return sum_with(vectors, vectors.sum, x, count);
}

float sum_row_of_squares(const VectorKernels& vectors, const float* x, Index count) {
  return sum_with(vectors, vectors.sum_of_squares, x, count);
}

void sum_matrix_columns(const VectorKernels& vectors, const float* x, Index rows, Index columns,
                        float* out) {
  if (rows <= sum_chunk) {
    vectors.sum_columns(x, rows, columns, out, columns);
    return;
  }
  const Index chunks = (rows + sum_chunk - 1) / sum_chunk;
  std::vector<float> sums(static_cast<std::size_t>(chunks * columns));
  for (Index chunk = 0; chunk < chunks; ++chunk) {
    const Index from = chunk * sum_chunk;
    vectors.sum_columns(x + from * columns, std::min(sum_chunk, rows - from), columns,
                        sums.data() + chunk * columns, columns);
  }
  sum_matrix_columns(vectors, sums.data(), chunks, columns, out);
}

}  // namespace isotrace::backends::cpu
