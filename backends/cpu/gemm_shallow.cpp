#include <algorithm>

#include <isotrace/backends/cpu/gemm.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_max = 128;
constexpr Index columns_block = 256;  // of b, packed, and of a few rows of c: in the caches

}  // namespace

bool is_shallow(const Gemm& g) {
  return g.depth <= std::min(depth_max, g.segment) && g.columns >= 2 * columns_block &&
         g.packed_b.data == nullptr && !g.transposes;
}

void run_shallow(const Gemm& g, const Kernels& k, Scratch& scratch) {
  const float* a = g.packed_a.data;
  if (a == nullptr) {
    const Index rows = (g.rows + k.tile_rows - 1) / k.tile_rows * k.tile_rows;
    float* packed = scratch.get(Scratch::packed_a, rows * g.depth);
    k.pack({.source = g.a,
            .lane_stride = g.a_row_stride,
            .depth_stride = g.a_depth_stride,
            .count = g.rows,
            .depth = g.depth,
            .width = k.tile_rows,
            .packed = packed});
    a = packed;
  }
  float* b = scratch.get(Scratch::packed_b, columns_block * g.depth);
  for (Index j = 0; j < g.columns; j += columns_block) {
    const Index columns = std::min(columns_block, g.columns - j);
    g.b->pack(k, 0, g.depth, g.b_column + j, columns, k.tile_columns, b);
    for (Index i = 0; i < g.rows; i += k.tile_rows) {
      TileArguments tile{};
      tile.rows = std::min(k.tile_rows, g.rows - i);
      tile.depth = g.depth;
      tile.a = a + i * g.depth;
      tile.a_row_stride = 1;
      tile.a_depth_stride = k.tile_rows;
      tile.b_stride = k.tile_columns;
      tile.out_stride = g.c_stride;
      float* c = g.c + i * g.c_stride + j;
      ProductEnd end;
      tile.end = &end.tile;
      for (Index at = 0; at < columns; at += k.tile_columns) {
        tile.columns = std::min(k.tile_columns, columns - at);
        tile.b = b + at * g.depth;
        tile.soon = tile.b;  // the caches hold all of b
        tile.soon_every = g.depth;
        tile.out = c + at;
        set_end(g.finish, {i, tile.rows, j + at, tile.columns}, tile.out, end);
        k.tile(tile);
      }
      finish_tiles(g.finish, k, {i, tile.rows, j, columns}, end, c, g.c_stride);
    }
  }
}

}  // namespace isotrace::backends::cpu
