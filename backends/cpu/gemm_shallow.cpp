#include <algorithm>

#include <isotrace/backends/cpu/gemm.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_max = 128;
constexpr Index columns_block = 256;  // of b and of a few rows of c: in the caches

/// Whether tiles can read b where it lies: rows a multiple of a page apart would share the few
/// places of one set of the cache.
bool is_in_place(const Gemm& g) {
  return g.b->find_row(0, g.b_column) != nullptr && g.b->row_stride() % 1024 != 0;
}

/// The end of a tile as that of the one to its right.
void advance_columns(TileEnd& end, Index columns) {
  for (TileEnd::Step* step = end.steps; step != end.steps + end.count; ++step) {
    if (step->kind == TileEnd::add) step->data += columns * step->column_stride;
  }
}

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
  const bool in_place = is_in_place(g);
  const Index step = columns_block / k.tile_columns * k.tile_columns;
  float* packed = scratch.get(Scratch::packed_b, step * g.depth);
  for (Index j = 0; j < g.columns; j += step) {
    const Index columns = std::min(step, g.columns - j);
    // Tiles read all their columns: those at the end are packed.
    const Index whole = in_place ? columns / k.tile_columns * k.tile_columns : 0;
    g.b->pack(k, 0, g.depth, g.b_column + j + whole, columns - whole, k.tile_columns,
              packed + whole * g.depth);
    for (Index i = 0; i < g.rows; i += k.tile_rows) {
      TileArguments tile{};
      tile.rows = std::min(k.tile_rows, g.rows - i);
      tile.depth = g.depth;
      tile.a = a + i * g.depth;
      tile.a_row_stride = 1;
      tile.a_depth_stride = k.tile_rows;
      tile.out_stride = g.c_stride;
      tile.written_stride = g.c_stride;
      float* c = g.c + i * g.c_stride + j;
      ProductEnd end;
      set_end(g.finish, {i, tile.rows, j, columns}, c, end);
      tile.end = &end.tile;
      for (Index at = 0; at < columns; at += k.tile_columns) {
        tile.columns = std::min(k.tile_columns, columns - at);
        const bool is_packed = at >= whole;
        tile.b = is_packed ? packed + at * g.depth : g.b->find_row(0, g.b_column + j + at);
        tile.b_stride = is_packed ? k.tile_columns : g.b->row_stride();
        // The first rows of tiles bring b into the caches, which then hold it.
        tile.soon = tile.b + k.tile_columns;
        tile.soon_stride = i == 0 ? tile.b_stride : 0;
        tile.out = c + at;
        tile.written = tile.out;
        k.tile(tile);
        advance_columns(end.tile, tile.columns);
      }
      finish_tiles(g.finish, k, {i, tile.rows, j, columns}, end, c, g.c_stride);
    }
  }
}

}  // namespace isotrace::backends::cpu
