#include <algorithm>

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/tail.hpp>
#include <isotrace/backends/cpu/transposition.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_block_min = 256;        // of k: one segment of the usual length
constexpr Index depth_block_many = 512;       // blocks of c are seldom read and written
constexpr Index depth_block_max = 1024;       // two panels of b are 1/4 of a usual second level
constexpr Index columns_block = 4096;         // a block of b stays in the last-level cache
constexpr Index in_place_columns_max = 1024;  // up to here packing a costs more than it saves

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }
Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

/// A run of k that is packed and multiplied together: whole segments, or a part of a longer one.
struct DepthBlock {
  Index from;
  Index depth;
};

/// The part of a block that lies in one segment: what one call of a kernel multiplies.
struct Run {
  Index from;
  Index depth;
  bool starts_segment;
  bool ends_segment;
  bool first_segment;
};

/// The block that begins at `from`, of at most about `most` values of k. All blocks are of about
/// the same length, so that none is a sliver.
DepthBlock depth_block(const Gemm& g, Index from, Index most) {
  if (g.depth <= most) return {from, g.depth};
  const Index segment = std::min(g.segment, g.depth);
  if (segment <= most) {
    const Index segments = divide_up(g.depth, segment);
    const Index blocks = divide_up(segments, most / segment);
    return {from, std::min(divide_up(segments, blocks) * segment, g.depth - from)};
  }
  const Index end = std::min(from / segment * segment + segment, g.depth);
  return {from, divide_up(end - from, divide_up(end - from, most))};
}

/// The run of a block that begins at `from`.
Run run_at(const Gemm& g, const DepthBlock& block, Index from) {
  const Index segment = std::min(g.segment, g.depth);
  const Index segment_start = from / segment * segment;
  const Index segment_end = std::min(segment_start + segment, g.depth);
  const Index end = std::min(segment_end, block.from + block.depth);
  return {from, end - from, from == segment_start, end == segment_end, segment_start == 0};
}

/// Panels of one block (panel p begins at data + p * stride), or rows of one panel.
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
      : g_(gemm),
        k_(kernels),
        in_place_(g_.b->find_row(0, g_.b_column) != nullptr),
        tile_rows_(kernels.tile_rows) {
    // Half of the second-level cache is for a block of a: all rows if they leave it so deep that
    // one segment fits, since b then passes through the caches once.
    const Index block = scratch.level2_elements() / 2;
    const Index all_rows = block / round_up(g_.rows, k_.tile_rows);
    const Index depth = all_rows < depth_block_min ? depth_block_many : all_rows;
    depth_max_ = std::min({depth, depth_block_max, g_.depth});
    const Index rows_max = std::max(block / depth_max_, k_.tile_rows);
    const Index row_parts = std::max<Index>(1, divide_up(g_.rows, rows_max));
    rows_block_ = round_up(divide_up(g_.rows, row_parts), k_.tile_rows);
    // Rows that lie multiples of a page apart would share the few places of one set of the cache.
    // The image of a transposed product has rows side by side, which tiles read as well in place.
    a_in_place_ = g_.packed_a.data == nullptr &&
                  (g_.transposes || g_.columns <= in_place_columns_max) &&
                  (g_.a_depth_stride == 1 ? g_.a_row_stride : g_.a_depth_stride) % 1024 != 0;
    // Where b is yet to be packed, tiles as high as they may be do that in the shadow of products.
    if (a_in_place_ || (g_.packed_a.data == nullptr && g_.packed_b.data != nullptr)) {
      tile_rows_ = even_height(std::min(g_.rows, rows_block_));
    }
    columns_block_ = std::min(columns_block / k_.tile_columns * k_.tile_columns,
                              round_up(g_.columns, k_.tile_columns));
    if (g_.packed_a.data == nullptr && !a_in_place_) {
      a_ = scratch.get(Scratch::packed_a, rows_block_ * depth_max_);
    }
    if (g_.packed_b.data == nullptr) {
      // One block of rows uses each panel once: then all panels take turns in one place.
      b_panels_ = row_parts == 1 ? 0 : 1;
      const Index columns = row_parts == 1 ? k_.tile_columns : columns_block_;
      b_ = scratch.get(Scratch::packed_b, columns * depth_max_);
    }
    // Chains of a later segment that spans several blocks wait here; those of the first in c.
    if (g_.segment > depth_max_ && g_.depth > g_.segment) {
      partial_ = scratch.get(Scratch::partial, g_.rows * columns_block_);
    }
    if (g_.transposes) {
      c_panels_ = depth_max_ == g_.depth ? 0 : 1;
      const Index columns = c_panels_ == 0 ? k_.tile_columns : columns_block_;
      c_ = scratch.get(Scratch::products, g_.rows * columns);
    }
  }

  void run() {
    for (Index j = 0; j < g_.columns; j += columns_block_) {
      const Index columns = std::min(columns_block_, g_.columns - j);
      for (Index from = 0; from < g_.depth;) {
        const DepthBlock depth = depth_block(g_, from, depth_max_);
        run_block(depth, j, columns);
        from += depth.depth;
      }
    }
  }

 private:
  /// The height of tiles that cover so many rows, none of them a sliver: it would wait for its own
  /// few chains.
  [[nodiscard]] Index even_height(Index rows) const {
    return divide_up(rows, divide_up(rows, k_.tile_rows));
  }

  /// The panels of a for the rows of one block.
  [[nodiscard]] Panels panels_of_a(const DepthBlock& depth, Index row, Index rows) const {
    if (g_.packed_a.data != nullptr) {
      return {g_.packed_a.at(row, depth.from), g_.packed_a.depth * k_.tile_rows};
    }
    const float* source = g_.a + row * g_.a_row_stride + depth.from * g_.a_depth_stride;
    if (a_in_place_) return {source, tile_rows_ * g_.a_row_stride};
    k_.pack({.source = source,
             .lane_stride = g_.a_row_stride,
             .depth_stride = g_.a_depth_stride,
             .count = rows,
             .depth = depth.depth,
             .width = tile_rows_,
             .packed = a_});
    return {a_, depth.depth * tile_rows_};
  }

  /// The panel of b at column j of the block; the first block of rows packs it.
  [[nodiscard]] PanelOfB panel_of_b(const DepthBlock& depth, Index block, Index j, Index columns,
                                    bool first) const {
    const Index width = k_.tile_columns;
    const Index column = g_.b_column + block + j;
    if (g_.packed_b.data != nullptr) return {g_.packed_b.at(column, depth.from), width, nullptr};
    float* packed = b_ + j * depth.depth * b_panels_;
    if (!first) return {packed, width, nullptr};
    if (in_place_ && columns == width) {
      return {g_.b->find_row(depth.from, column), g_.b->row_stride(), packed};
    }
    g_.b->pack(k_, depth.from, depth.depth, column, columns, width, packed);
    return {packed, width, nullptr};
  }

  void run_block(const DepthBlock& depth, Index block, Index columns) {
    for (Index i = 0; i < g_.rows; i += rows_block_) {
      const Index rows = std::min(rows_block_, g_.rows - i);
      const Panels a = panels_of_a(depth, i, rows);
      for (Index j = 0; j < columns; j += k_.tile_columns) {
        const Index count = std::min(k_.tile_columns, columns - j);
        run_panel(depth, a, panel_of_b(depth, block, j, count, i == 0), i, rows, block, j, count);
      }
    }
  }

  /// All rows of a block by one panel of b.
  void run_panel(const DepthBlock& depth, Panels a, PanelOfB b, Index row, Index rows, Index block,
                 Index j, Index columns) {
    const Index tiles = divide_up(rows, tile_rows_);
    // While this panel is used the next one comes nearer, a part with every tile.
    const Panels next = next_panel(depth, b);
    for (Index i = 0; i < tiles; ++i) {
      for (Index from = depth.from; from < depth.from + depth.depth;) {
        const Run run = run_at(g_, depth, from);
        const Index at = from - depth.from;
        TileArguments tile{};
        tile.rows = std::min(tile_rows_, rows - i * tile_rows_);
        tile.columns = columns;
        tile.depth = run.depth;
        tile.a_row_stride = a_in_place_ ? g_.a_row_stride : 1;
        tile.a_depth_stride = a_in_place_ ? g_.a_depth_stride : tile_rows_;
        tile.a = a.data + i * a.stride + at * tile.a_depth_stride;
        tile.b = b.data + at * b.stride;
        tile.b_stride = b.stride;
        tile.packed_b = b.packed == nullptr ? nullptr : b.packed + at * k_.tile_columns;
        tile.soon = next.data + (at + i * divide_up(run.depth, tiles)) * next.stride;
        tile.soon_stride = divide_up(next.stride, tiles);
        run_tile(run, tile, row + i * tile_rows_, block, j);
        from += run.depth;
      }
      if (b.packed != nullptr) b = {b.packed, k_.tile_columns, nullptr};
    }
    if (g_.transposes && depth.from + depth.depth == g_.depth) {
      transpose_panel({row, rows, block + j, columns}, products_at(row, j));
    }
  }

  /// Where results wait to be transposed, panels of tile_columns.
  [[nodiscard]] float* products_at(Index row, Index j) const {
    return c_ + j * c_panels_ * g_.rows + row * k_.tile_columns;
  }

  void transpose_panel(const MatrixPart& part, const float* products) const {
    float* out = g_.c + part.column * g_.c_stride + part.row;
    Transposition<float>{.from = products,
                         .from_stride = k_.tile_columns,
                         .out = out,
                         .out_stride = g_.c_stride,
                         .rows = part.columns,
                         .columns = part.rows}
        .run();
    const Tail* tail = g_.finish.tail;
    if (tail == nullptr) return;
    TileEnd end;
    const std::size_t done = tail->join_bounds(end);
    end.bounded = false;
    const std::size_t joined = tail->join(done, out, part.columns, end);
    if (joined != done) k_.end(end, out, g_.c_stride, part.columns, part.rows);
    tail->apply_from(joined, out, g_.c_stride, part.columns, part.rows);
  }

  /// Where the panel right of b lies, or nowhere: a panel that is still to be packed is fetched
  /// by the tile that packs it, since its rows may share few places of the cache.
  [[nodiscard]] Panels next_panel(const DepthBlock& depth, PanelOfB b) const {
    if (g_.packed_b.data != nullptr) return {b.data + g_.packed_b.depth * b.stride, b.stride};
    const bool is_packed = b.packed == nullptr && b_panels_ != 0 && in_place_;
    if (is_packed) return {b.data + depth.depth * b.stride, b.stride};
    return {b.data, 0};
  }

  void run_tile(const Run& run, TileArguments& tile, Index row, Index block, Index j) {
    float* c = g_.transposes ? products_at(row, j) : g_.c + row * g_.c_stride + block + j;
    const Index c_stride = g_.transposes ? k_.tile_columns : g_.c_stride;
    float* chain = c;
    tile.chain_stride = c_stride;
    if (!run.first_segment && partial_ != nullptr) {
      chain = partial_ + row * columns_block_ + j;
      tile.chain_stride = columns_block_;
    }
    tile.chain = run.starts_segment ? nullptr : chain;
    tile.sum = run.ends_segment && !run.first_segment ? c : nullptr;
    tile.sum_stride = c_stride;
    tile.out = run.ends_segment ? c : chain;
    tile.out_stride = run.ends_segment ? c_stride : tile.chain_stride;
    tile.written = tile.out;
    tile.written_stride = tile.out_stride;
    if (run.from + run.depth == g_.depth) {
      run_last_tile(tile, {row, tile.rows, block + j, tile.columns});
    } else {
      k_.tile(tile);
    }
  }

  void run_last_tile(TileArguments& tile, const MatrixPart& part) {
    ProductEnd end;
    tile.end = &end.tile;
    if (g_.transposes) {
      set_end_transposed(g_.finish, part, end);
      // As many elements as this tile has, of those that its panel goes to.
      tile.written = g_.c + part.column * g_.c_stride + part.row * k_.tile_columns;
      tile.written_stride = k_.tile_columns;
      k_.tile(tile);
    } else {
      set_end(g_.finish, part, tile.out, end);
      k_.tile(tile);
      finish_tiles(g_.finish, k_, part, end, tile.out, g_.c_stride);
    }
  }

  const Gemm& g_;
  const Kernels& k_;
  bool in_place_;
  Index tile_rows_;  // at most as many as the kernels have
  Index depth_max_;
  Index rows_block_;
  Index columns_block_;
  bool a_in_place_;
  float* a_ = nullptr;
  float* b_ = nullptr;
  Index b_panels_ = 0;  // 0 if panels of b take turns in one place, else 1
  float* partial_ = nullptr;
  float* c_ = nullptr;  // results that are to be transposed
  Index c_panels_ = 0;  // 0 if their panels take turns in one place, else 1
};

}  // namespace

void run_blocked(const Gemm& gemm, const Kernels& kernels, Scratch& scratch) {
  BlockedGemm(gemm, kernels, scratch).run();
}

}  // namespace isotrace::backends::cpu
