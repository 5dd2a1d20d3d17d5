#include <isotrace/backends/cpu/integer_product.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_block = 512;          // of k: a panel of b stays in the first-level cache
constexpr Index packed_b_max = 8 << 20;     // bytes of b that are packed at a time
constexpr Index rows_without_prefetch = 2;  // few rows read b at the speed of memory anyway

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }
Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

std::uint32_t wrap(Index value) { return static_cast<std::uint32_t>(value); }

std::int32_t zero_point(const IntegerMatrix& m, Index vector) {
  return m.zero_points == nullptr ? 0 : m.zero_points[vector * m.zero_point_stride];
}

IntegerPack pack_arguments(const IntegerMatrix& m, Index first, Index count, Index depth,
                           std::uint8_t flip, std::byte* packed, std::int32_t* sums) {
  return {.source = m.data + first * m.stride,
          .lane_stride = m.stride,
          .depth_stride = m.depth_stride,
          .count = count,
          .depth = depth,
          .flip = flip,
          .packed = packed,
          .sums = sums};
}

/// Memory of one use, in bytes.
std::byte* get_bytes(Scratch& scratch, Scratch::Use use, Index bytes) {
  return reinterpret_cast<std::byte*>(scratch.get(use, divide_up(bytes, Index{sizeof(float)})));
}

/// What each column of a panel contributes beside the products of the flipped bytes.
struct PanelTerms {
  static constexpr Index columns_max = 64;
  alignas(64) std::int32_t zeros[columns_max];
  alignas(64) std::int32_t terms[columns_max];
  bool has_zeros = false;

  PanelTerms(const IntegerMatrix& b, Index first, Index count, Index depth,
             const std::int32_t* sums) {
    std::fill_n(zeros, columns_max, 0);
    std::fill_n(terms, columns_max, 0);
    for (Index j = 0; j < count; ++j) {
      zeros[j] = zero_point(b, first + j) - (b.is_signed ? 0 : 128);
      terms[j] = static_cast<std::int32_t>(wrap(sums[j]) - wrap(depth) * wrap(zeros[j]));
      has_zeros = has_zeros || zeros[j] != 0;
    }
  }
};

/// Rows in blocks that stay in the second-level cache; for each, every panel of b over the whole
/// of k, so that sums are complete while they are near.
class BlockedProduct {
 public:
  BlockedProduct(const IntegerProduct& product, const IntegerKernels& kernels, Scratch& scratch)
      : p_(product),
        g_(product.gemm),
        k_(kernels),
        scratch_(scratch),
        sizes_(g_.depth, kernels),
        rows_block_(find_rows_block()) {}

  void run() {
    if (p_.b.panels != nullptr) return run_columns(0, g_.columns, p_.b, {});
    // One block of rows uses each panel at once, so there is only ever one of them.
    const bool once = g_.rows <= rows_block_;
    const Index most =
        once ? k_.tile_columns
             : std::max<Index>(1, packed_b_max / sizes_.column_panel) * k_.tile_columns;
    const PackedMemory memory = columns_memory(std::min(most, g_.columns), g_.depth, k_);
    std::byte* packed = get_bytes(scratch_, Scratch::packed_b, memory.bytes());
    const Index step = once ? g_.columns : memory.vectors;
    for (Index j = 0; j < g_.columns; j += step) {
      run_columns(j, std::min(step, g_.columns - j), memory.at(packed),
                  {packed, memory.sums(packed)});
    }
  }

 private:
  [[nodiscard]] Index find_rows_block() const {
    const Index bytes = scratch_.level2_elements() * Index{sizeof(float)} / 2;
    const Index sums = k_.tile_rows * k_.tile_columns * 4;
    const Index panels = std::max<Index>(bytes / (sizes_.row_panel + sums), 4);
    return std::min(panels * k_.tile_rows, round_up(g_.rows, k_.tile_rows));
  }

  /// Where panels of b are yet to be put.
  struct Unpacked {
    std::byte* panels = nullptr;
    std::int32_t* sums = nullptr;
  };

  void run_columns(Index first, Index count, PackedIntegers b, Unpacked unpacked) {
    for (Index i = 0; i < g_.rows; i += rows_block_) {
      const Index rows = std::min(rows_block_, g_.rows - i);
      find_rows(i, rows);
      for (Index j = 0; j < count; j += k_.tile_columns) {
        const Index columns = std::min(k_.tile_columns, count - j);
        // With one block of rows, a panel takes the place of the one before it.
        const bool replaces = unpacked.panels != nullptr && g_.rows <= rows_block_;
        const Index at = replaces ? 0 : j;
        const Index offset = at / k_.tile_columns * sizes_.column_panel;
        if (unpacked.panels != nullptr && i == 0) {
          pack_panel(first + j, columns, unpacked.panels + offset, unpacked.sums + at);
        }
        run_panel({i, rows, first + j, columns}, {b.panels + offset, b.sums + at});
      }
    }
  }

  void pack_panel(Index first, Index count, std::byte* panel, std::int32_t* sums) const {
    if (p_.columns_of_b != nullptr) return p_.columns_of_b->pack(k_, first, count, panel, sums);
    k_.pack_b(
        pack_arguments(g_.b, first, count, g_.depth, column_flip(g_.b.is_signed), panel, sums));
  }

  /// The packed rows of a block, and what their zero points are for flipped bytes.
  void find_rows(Index first, Index rows) {
    if (p_.a.panels != nullptr) {
      a_ = {p_.a.panels + first / k_.tile_rows * sizes_.row_panel, p_.a.sums + first};
    } else {
      const PackedMemory memory = rows_memory(rows_block_, g_.depth, k_);
      std::byte* packed = get_bytes(scratch_, Scratch::packed_a, memory.bytes());
      a_ = memory.at(packed);
      k_.pack_a(pack_arguments(g_.a, first, rows, g_.depth, row_flip(g_.a.is_signed), packed,
                               memory.sums(packed)));
    }
    a_zeros_.resize(static_cast<std::size_t>(round_up(rows, k_.tile_rows)));
    for (Index i = 0; i < rows; ++i) {
      a_zeros_[static_cast<std::size_t>(i)] =
          zero_point(g_.a, first + i) + (g_.a.is_signed ? 128 : 0);
    }
  }

  struct Block {
    Index row;
    Index rows;
    Index column;
    Index columns;
  };

  void run_panel(const Block& block, PackedIntegers b) {
    const PanelTerms terms(g_.b, block.column, block.columns, g_.depth, b.sums);
    // Sums that are not complete stay together: rows of c may lie as far apart as to displace
    // each other from the cache.
    auto* sums = reinterpret_cast<std::int32_t*>(
        get_bytes(scratch_, Scratch::partial, rows_block_ * k_.tile_columns * 4));
    const Index step = depth_block / k_.group_depth;
    for (Index from = 0; from < sizes_.groups; from += step) {
      const bool last = from + step >= sizes_.groups;
      IntegerTile tile{};
      tile.columns = block.columns;
      tile.groups = std::min(step, sizes_.groups - from);
      tile.b = b.panels + from * k_.tile_columns * k_.group_depth;
      tile.so_far = from == 0 ? nullptr : sums;
      tile.so_far_stride = k_.tile_columns;
      tile.c = sums;
      tile.c_stride = k_.tile_columns;
      if (last && g_.requantisation == nullptr) {
        tile.c = g_.c + block.row * g_.c_stride + block.column;
        tile.c_stride = g_.c_stride;
      }
      tile.last = last;
      tile.b_term = terms.terms;
      tile.b_zero = terms.zeros;
      run_tiles(block.rows, from, terms.has_zeros, tile);
    }
    if (g_.requantisation != nullptr) requantise(block, sums);
  }

  /// All rows of a block; the tile comes as that of the first, without what depends on rows.
  void run_tiles(Index rows, Index from, bool has_zeros, IntegerTile tile) const {
    const Index tiles = divide_up(rows, k_.tile_rows);
    const Index bytes = tile.groups * k_.tile_columns * k_.group_depth;
    // What follows comes nearer, a part with every tile.
    tile.soon = tile.b + bytes;
    tile.soon_bytes = rows <= rows_without_prefetch ? 0 : divide_up(bytes, tiles);
    for (Index t = 0; t < tiles; ++t) {
      const Index i = t * k_.tile_rows;
      tile.rows = std::min(k_.tile_rows, rows - i);
      tile.a = a_.panels + t * sizes_.row_panel + from * k_.tile_rows * k_.row_group_bytes;
      tile.a_zero = a_zeros_.data() + i;
      tile.a_sum = has_zeros ? a_.sums + i : nullptr;
      k_.tile(tile);
      tile.soon += tile.soon_bytes;
      tile.c += k_.tile_rows * tile.c_stride;
      if (tile.so_far != nullptr) tile.so_far += k_.tile_rows * tile.so_far_stride;
    }
  }

  void requantise(const Block& block, const std::int32_t* c) const {
    const Requantisation by = g_.requantisation->at(block.row, block.column);
    RequantiseArguments row = by.row(c, block.columns);
    for (Index i = 0; i < block.rows; ++i) {
      if (by.addends != nullptr) row.addend = by.addends[i];
      row.zero_point = by.zero_points[i * by.zero_point_stride];
      by.run(row);
      row.sums += k_.tile_columns;
      row.factors += by.factor_row_stride;
      row.out += by.out_stride;
    }
  }

  const IntegerProduct& p_;
  const IntegerGemm& g_;
  const IntegerKernels& k_;
  Scratch& scratch_;
  PackedSizes sizes_;
  Index rows_block_;
  PackedIntegers a_;  // of the block of rows at hand
  std::vector<std::int32_t> a_zeros_;
};

}  // namespace

Requantisation Requantisation::at(Index row, Index column) const {
  Requantisation part = *this;
  part.factors += row * factor_row_stride + column * factor_column_stride;
  if (addends != nullptr) part.addends += row;
  part.zero_points += row * zero_point_stride;
  part.out += row * out_stride + column;
  return part;
}

RequantiseArguments Requantisation::row(const std::int32_t* sums, Index count) const {
  return {.sums = sums,
          .count = count,
          .addend = addends == nullptr ? 0 : *addends,
          .factors = factors,
          .factor_stride = factor_column_stride,
          .zero_point = *zero_points,
          .range = range,
          .out = out};
}

PackedSizes::PackedSizes(Index depth, const IntegerKernels& kernels)
    : groups(divide_up(depth, kernels.group_depth)),
      row_panel(groups * kernels.tile_rows * kernels.row_group_bytes),
      column_panel(groups * kernels.tile_columns * kernels.group_depth) {}

PackedMemory rows_memory(Index rows, Index depth, const IntegerKernels& kernels) {
  const Index panels = divide_up(rows, kernels.tile_rows);
  return {panels * kernels.tile_rows, panels * PackedSizes(depth, kernels).row_panel};
}

PackedMemory columns_memory(Index columns, Index depth, const IntegerKernels& kernels) {
  const Index panels = divide_up(columns, kernels.tile_columns);
  return {panels * kernels.tile_columns, panels * PackedSizes(depth, kernels).column_panel};
}

void pack_rows(const IntegerMatrix& a, Index rows, Index depth, const IntegerKernels& kernels,
               std::byte* memory) {
  const PackedMemory layout = rows_memory(rows, depth, kernels);
  kernels.pack_a(
      pack_arguments(a, 0, rows, depth, row_flip(a.is_signed), memory, layout.sums(memory)));
}

void pack_columns(const IntegerMatrix& b, Index columns, Index depth, const IntegerKernels& kernels,
                  std::byte* memory) {
  const PackedMemory layout = columns_memory(columns, depth, kernels);
  kernels.pack_b(
      pack_arguments(b, 0, columns, depth, column_flip(b.is_signed), memory, layout.sums(memory)));
}

void run_integer_product(const IntegerProduct& product, const IntegerKernels& kernels,
                         Scratch& scratch) {
  BlockedProduct(product, kernels, scratch).run();
}

}  // namespace isotrace::backends::cpu
