#include <isotrace/backends/cpu/gemm.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {
namespace {

constexpr Index stream_elements = 16384;  // outputs that a block of columns keeps in cache
constexpr Index stream_depth = 32;  // rows of b that several groups of rows read from the cache
constexpr Index line = 16;          // rows of sums a power of two apart would share one cache set

}  // namespace

void run_streamed(const Gemm& g, const Kernels& k, Scratch& scratch) {
  const Index groups = (g.rows + k.stream_rows - 1) / k.stream_rows;
  const Index group = (g.rows + groups - 1) / groups;
  const Index block = stream_elements / std::max<Index>(2, g.rows) / 64 * 64;
  const Index chunk = groups == 1 ? g.depth : stream_depth;
  const Index partial_stride = block + line;
  float* partial = scratch.get(Scratch::partial, g.rows * partial_stride);
  for (Index j = 0; j < g.columns; j += block) {
    const Index columns = std::min(block, g.columns - j);
    for (Index from = 0; from < g.depth; from += std::min(g.segment, g.depth - from)) {
      float* out = from == 0 ? g.c + j : partial;
      const Index out_stride = from == 0 ? g.c_stride : partial_stride;
      const Index segment = std::min(g.segment, g.depth - from);
      for (Index at = 0; at < segment; at += std::min(chunk, segment - at)) {
        for (Index i = 0; i < g.rows; i += group) {
          k.stream({.rows = std::min(group, g.rows - i),
                    .columns = columns,
                    .depth = std::min(chunk, segment - at),
                    .a = g.a + i * g.a_row_stride + (from + at) * g.a_depth_stride,
                    .a_row_stride = g.a_row_stride,
                    .a_depth_stride = g.a_depth_stride,
                    .b = g.b->find_row(from + at, g.b_column + j),
                    .b_stride = g.b->row_stride(),
                    .out = out + i * out_stride,
                    .out_stride = out_stride,
                    .starts = at == 0});
        }
      }
      for (Index r = 0; from != 0 && r < g.rows; ++r) {
        k.accumulate(g.c + r * g.c_stride + j, partial + r * partial_stride, columns);
      }
    }
  }
  finish_block(g.finish, k, g.c, g.c_stride, g.rows, g.columns);
}

}  // namespace isotrace::backends::cpu
