#include <algorithm>

#include <isotrace/backends/cpu/gemm.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_block = 256;           // of k: one segment of the usual length
constexpr Index columns_block = 4096;        // a block of b stays in the last-level cache
constexpr Index columns_block_few = 256;     // with few rows: c and b pass through the second level
constexpr Index in_place_columns_max = 128;  // up to here packing a costs more than it saves
constexpr Index whole_a_max =
    1 << 22;  // elements of a few rows that are packed once for all columns

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }
Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

/// A run of k inside one segment: the unit that is packed and multiplied.
struct DepthStep {
  Index from;
  Index depth;
  bool starts_segment;
  bool ends_segment;
  bool first_segment;
};

/// The step that begins at `from`. Segments longer than a block take several steps.
DepthStep depth_step(const Gemm& g, Index from) {
  const Index segment_start = from / g.segment * g.segment;
  const Index segment_end =
      g.segment < g.depth - segment_start ? segment_start + g.segment : g.depth;
  // A segment a little over one block is cut into equal parts rather than a block and a sliver.
  const Index parts = divide_up(segment_end - from, depth_block + depth_block / 2);
  const Index depth = std::min(divide_up(segment_end - from, parts), segment_end - from);
  return {from, depth, from == segment_start, from + depth == segment_end, segment_start == 0};
}

/// Panels of one step (panel p begins at data + p * stride), or rows of one panel.
struct Panels {
  const float* data;
  Index stride;
};

/// One panel of b, either packed or still in place with `packed` to be filled on the way.
struct PanelOfB {
  const float* data;
  Index stride;
  float* packed;
};

class BlockedGemm {
 public:
  BlockedGemm(const Gemm& gemm, const Kernels& kernels, Scratch& scratch)
      : g_(gemm), k_(kernels), in_place_(g_.b->find_row(0, g_.b_column) != nullptr) {
    // Half of the second-level cache is for a block of a.
    const Index rows_max = std::max(scratch.level2_elements() / 2 / depth_block, k_.tile_rows);
    const Index row_parts = std::max<Index>(1, divide_up(g_.rows, rows_max));
    rows_block_ = round_up(divide_up(g_.rows, row_parts), k_.tile_rows);
    packed_rows_ = round_up(g_.rows, k_.tile_rows);
    const bool fits = row_parts == 1 && packed_rows_ <= whole_a_max / g_.depth;
    // Rows that lie multiples of a page apart would share the few places of one set of the cache.
    a_in_place_ = g_.packed_a.data == nullptr && g_.a_depth_stride == 1 &&
                  g_.columns <= in_place_columns_max && g_.a_row_stride % 1024 != 0;
    whole_a_ = fits && g_.packed_a.data == nullptr && !a_in_place_;
    columns_block_ =
        std::min(fits ? columns_block_few : columns_block, round_up(g_.columns, k_.tile_columns));
    const Index depth_max = std::min(g_.depth, 2 * depth_block);
    if (g_.packed_a.data == nullptr && !a_in_place_) {
      a_ = scratch.get(Scratch::packed_a,
                       whole_a_ ? packed_rows_ * g_.depth : rows_block_ * depth_max);
    }
    if (g_.packed_b.data == nullptr) {
      // One block of rows uses each panel once: then all panels take turns in one place.
      b_panels_ = row_parts == 1 ? 0 : 1;
      const Index columns = row_parts == 1 ? k_.tile_columns : columns_block_;
      b_ = scratch.get(Scratch::packed_b, columns * depth_max);
    }
    // Chains of a later segment that spans several steps wait here; those of the first in c.
    if (g_.segment > depth_block && g_.depth > g_.segment) {
      partial_ = scratch.get(Scratch::partial, g_.rows * columns_block_);
    }
  }

  void run() {
    for (Index from = 0; whole_a_ && from < g_.depth;) {
      const DepthStep step = depth_step(g_, from);
      pack_a(0, g_.rows, step, a_ + packed_rows_ * from);
      from += step.depth;
    }
    for (Index j = 0; j < g_.columns; j += columns_block_) {
      for (Index from = 0; from < g_.depth;) {
        const DepthStep step = depth_step(g_, from);
        run_step(step, j, std::min(columns_block_, g_.columns - j));
        from += step.depth;
      }
    }
  }

 private:
  void pack_a(Index row, Index rows, const DepthStep& step, float* packed) const {
    k_.pack({.source = g_.a + row * g_.a_row_stride + step.from * g_.a_depth_stride,
             .lane_stride = g_.a_row_stride,
             .depth_stride = g_.a_depth_stride,
             .count = rows,
             .depth = step.depth,
             .width = k_.tile_rows,
             .packed = packed});
  }

  /// The panels of a for the rows of one block.
  [[nodiscard]] Panels panels_of_a(const DepthStep& step, Index row, Index rows) const {
    if (g_.packed_a.data != nullptr) {
      return {g_.packed_a.at(row, step.from), g_.packed_a.depth * k_.tile_rows};
    }
    if (a_in_place_) {
      return {g_.a + row * g_.a_row_stride + step.from, k_.tile_rows * g_.a_row_stride};
    }
    if (whole_a_) return {a_ + packed_rows_ * step.from, step.depth * k_.tile_rows};
    pack_a(row, rows, step, a_);
    return {a_, step.depth * k_.tile_rows};
  }

  /// The panel of b at column j of the block; the first block of rows packs it.
  [[nodiscard]] PanelOfB panel_of_b(const DepthStep& step, Index block, Index j, Index columns,
                                    bool first) const {
    const Index width = k_.tile_columns;
    const Index column = g_.b_column + block + j;
    if (g_.packed_b.data != nullptr) return {g_.packed_b.at(column, step.from), width, nullptr};
    float* packed = b_ + j * step.depth * b_panels_;
    if (!first) return {packed, width, nullptr};
    if (in_place_ && columns == width) {
      return {g_.b->find_row(step.from, column), g_.b->row_stride(), packed};
    }
    g_.b->pack(k_, step.from, step.depth, column, columns, width, packed);
    return {packed, width, nullptr};
  }

  void run_step(const DepthStep& step, Index block, Index columns) {
    for (Index i = 0; i < g_.rows; i += rows_block_) {
      const Index rows = std::min(rows_block_, g_.rows - i);
      const Panels a = panels_of_a(step, i, rows);
      for (Index j = 0; j < columns; j += k_.tile_columns) {
        const Index count = std::min(k_.tile_columns, columns - j);
        run_panel(step, a, panel_of_b(step, block, j, count, i == 0), i, rows, block, j, count);
      }
    }
  }

  /// All rows of a block by one panel of b.
  void run_panel(const DepthStep& step, Panels a, PanelOfB b, Index row, Index rows, Index block,
                 Index j, Index columns) {
    const Index tiles = divide_up(rows, k_.tile_rows);
    // While this panel is used the next one comes nearer, a part with every tile.
    const Panels next = next_panel(step, b);
    const Index soon = next.data == nullptr ? 0 : divide_up(step.depth, tiles);
    for (Index i = 0; i < rows; i += k_.tile_rows) {
      TileArguments tile{};
      tile.rows = std::min(k_.tile_rows, rows - i);
      tile.columns = columns;
      tile.depth = step.depth;
      tile.a = a.data + i / k_.tile_rows * a.stride;
      tile.a_stride = a_in_place_ ? g_.a_row_stride : 0;
      tile.b = b.data;
      tile.b_stride = b.stride;
      tile.packed_b = b.packed;
      tile.soon = next.data + i / k_.tile_rows * soon * next.stride;
      tile.soon_rows = soon;
      tile.soon_stride = next.stride;
      run_tile(step, tile, row + i, block, j);
      if (b.packed != nullptr) b = {b.packed, k_.tile_columns, nullptr};
    }
  }

  /// Where the panel right of b lies, or nowhere if it is not there before it is packed.
  [[nodiscard]] Panels next_panel(const DepthStep& step, PanelOfB b) const {
    if (g_.packed_b.data != nullptr) return {b.data + g_.packed_b.depth * b.stride, b.stride};
    if (b.packed != nullptr) return {b.data + k_.tile_columns, b.stride};
    if (b_panels_ != 0 && in_place_) return {b.data + step.depth * b.stride, b.stride};
    return {nullptr, 0};
  }

  void run_tile(const DepthStep& step, TileArguments& tile, Index row, Index block, Index j) {
    float* c = g_.c + row * g_.c_stride + block + j;
    float* chain = c;
    tile.chain_stride = g_.c_stride;
    if (!step.first_segment && partial_ != nullptr) {
      chain = partial_ + row * columns_block_ + j;
      tile.chain_stride = columns_block_;
    }
    tile.chain = step.starts_segment ? nullptr : chain;
    tile.sum = step.ends_segment && !step.first_segment ? c : nullptr;
    tile.sum_stride = g_.c_stride;
    tile.out = step.ends_segment ? c : chain;
    tile.out_stride = step.ends_segment ? g_.c_stride : tile.chain_stride;
    const bool ends = step.from + step.depth == g_.depth;
    const bool more = g_.finish.alpha != 1.0F || g_.finish.addend != nullptr;
    tile.last = ends && !more;
    k_.tile(tile);
    if (ends && more) finish_tile(row, tile.rows, block + j, tile.columns);
  }

  void finish_tile(Index row, Index rows, Index column, Index columns) const {
    Finish finish = g_.finish;
    if (finish.addend != nullptr) {
      finish.addend += row * finish.addend_row_stride + column * finish.addend_column_stride;
    }
    k_.finish(finish, g_.c + row * g_.c_stride + column, g_.c_stride, rows, columns);
  }

  const Gemm& g_;
  const Kernels& k_;
  bool in_place_;
  Index rows_block_;
  Index packed_rows_;
  Index columns_block_;
  bool a_in_place_;
  bool whole_a_;
  float* a_ = nullptr;
  float* b_ = nullptr;
  Index b_panels_ = 0;  // 0 if panels of b take turns in one place, else 1
  float* partial_ = nullptr;
};

}  // namespace

void run_blocked(const Gemm& gemm, const Kernels& kernels, Scratch& scratch) {
  BlockedGemm(gemm, kernels, scratch).run();
}

}  // namespace isotrace::backends::cpu
