#include <isotrace/backends/cpu/integer_gemm.hpp>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <new>

#include <isotrace/backends/cpu/ternary.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_block = 1024;  // of k: a panel of b stays in the first-level cache

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }
Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

std::uint32_t wrap(Index value) { return static_cast<std::uint32_t>(value); }

/// b in panels: panel p of `groups` groups, and behind all panels the sum over k of each column.
struct PackedB {
  const std::byte* panels = nullptr;
  const std::int32_t* sums = nullptr;
};

struct PackedSizes {
  Index groups;
  Index columns;  ///< whole panels
  Index panel_bytes;

  PackedSizes(const IntegerGemm& g, const IntegerKernels& k)
      : groups(divide_up(g.depth, k.group_depth)),
        columns(round_up(g.columns, k.tile_columns)),
        panel_bytes(columns * groups * k.group_depth) {}
  [[nodiscard]] Index bytes() const { return panel_bytes + columns * 4; }
  [[nodiscard]] PackedB at(const std::byte* memory) const {
    return {memory, reinterpret_cast<const std::int32_t*>(memory + panel_bytes)};
  }
};

void pack_b(const IntegerGemm& g, const IntegerKernels& k, std::byte* memory) {
  const PackedSizes sizes(g, k);
  k.pack_b({.source = g.b.data,
            .lane_stride = g.b.stride,
            .depth_stride = g.b.depth_stride,
            .count = g.columns,
            .depth = g.depth,
            .flip = static_cast<std::uint8_t>(g.b.is_signed ? 0 : 0x80),
            .packed = memory});
  // The sum of a column is its product with ones.
  const std::vector<std::uint8_t> ones(static_cast<std::size_t>(g.depth), 1);
  std::vector<std::byte> row(static_cast<std::size_t>(sizes.groups * k.tile_rows * 4));
  k.pack_a({ones.data(), g.depth, 1, 1, g.depth, 0, row.data()});
  auto* sums = reinterpret_cast<std::int32_t*>(memory + sizes.panel_bytes);
  for (Index j = 0; j < sizes.columns; j += k.tile_columns) {
    IntegerTile tile{};
    tile.rows = 1;
    tile.columns = k.tile_columns;
    tile.groups = sizes.groups;
    tile.a = row.data();
    tile.b = memory + j * sizes.groups * k.group_depth;
    tile.c = sums + j;
    tile.starts = true;
    k.tile(tile);
  }
}

/// The packed form of a b that is a held constant.
PackedB find_packed_b(const IntegerGemm& g, const IntegerKernels& k, PackedConstants* constants) {
  if (constants == nullptr || g.depth == 0) return {};
  const Index last = (g.columns - 1) * g.b.stride + (g.depth - 1) * g.b.depth_stride;
  const PackedSizes sizes(g, k);
  // The width names the instruction set, the form the sign: both change the bytes.
  const PackedKey key{.source = g.b.data,
                      .source_bytes = static_cast<std::size_t>(last + 1),
                      .form = g.b.is_signed ? PackedForm::i8_panels : PackedForm::u8_panels,
                      .lane_stride = g.b.stride,
                      .depth_stride = g.b.depth_stride,
                      .count = g.columns,
                      .depth = g.depth,
                      .width = k.tile_columns};
  const std::byte* memory =
      constants->find(key, static_cast<std::size_t>(sizes.bytes()), [&](std::byte* fresh) {
        pack_b(g, k, fresh);
        return true;
      });
  return memory == nullptr ? PackedB{} : sizes.at(memory);
}

/// One task: a product whose b may be packed already, in the panels from `column` of a wider one.
class BlockedProduct {
 public:
  BlockedProduct(const IntegerGemm& gemm, PackedB b, const IntegerKernels& kernels,
                 Scratch& scratch)
      : g_(gemm), k_(kernels), groups_(divide_up(g_.depth, k_.group_depth)), b_(b) {
    const Index rows = round_up(g_.rows, k_.tile_rows);
    auto* a = reinterpret_cast<std::byte*>(scratch.get(Scratch::packed_a, rows * groups_));
    k_.pack_a({.source = g_.a.data,
               .lane_stride = g_.a.stride,
               .depth_stride = g_.a.depth_stride,
               .count = g_.rows,
               .depth = g_.depth,
               .flip = static_cast<std::uint8_t>(g_.a.is_signed ? 0x80 : 0),
               .packed = a});
    a_ = a;
    if (b_.panels == nullptr) {
      const PackedSizes sizes(g_, k_);
      auto* memory = reinterpret_cast<std::byte*>(
          scratch.get(Scratch::packed_b, divide_up(sizes.bytes(), Index{4})));
      pack_b(g_, k_, memory);
      b_ = sizes.at(memory);
    }
    rows_block_ = std::max(
        k_.tile_rows, scratch.level2_elements() * 2 / depth_block / k_.tile_rows * k_.tile_rows);
    find_corrections();
  }

  void run() const {
    const Index step = depth_block / k_.group_depth;
    for (Index from = 0; from < groups_; from += step) {
      for (Index i = 0; i < g_.rows; i += rows_block_) {
        run_block(from, std::min(step, groups_ - from), i, std::min(rows_block_, g_.rows - i));
      }
    }
  }

 private:
  static std::int32_t zero_point(const IntegerMatrix& m, Index vector) {
    return m.zero_points == nullptr ? 0 : m.zero_points[vector * m.zero_point_stride];
  }

  /// What each row and column contributes beside the products of the flipped bytes.
  void find_corrections() {
    for (Index i = 0; i < g_.rows; ++i) {
      a_zero_.push_back(zero_point(g_.a, i) + (g_.a.is_signed ? 128 : 0));
    }
    bool any = false;
    b_zero_.resize(static_cast<std::size_t>(round_up(g_.columns, k_.tile_columns)), 0);
    b_term_ = b_zero_;
    for (Index j = 0; j < g_.columns; ++j) {
      const auto at = static_cast<std::size_t>(j);
      b_zero_[at] = zero_point(g_.b, j) - (g_.b.is_signed ? 0 : 128);
      any = any || b_zero_[at] != 0;
      b_term_[at] =
          static_cast<std::int32_t>(wrap(b_.sums[j]) - wrap(g_.depth) * wrap(b_zero_[at]));
    }
    for (Index i = 0; any && i < g_.rows; ++i) a_sum_.push_back(flipped_sum(i));
  }

  [[nodiscard]] std::int32_t flipped_sum(Index row) const {
    const std::uint8_t* from = g_.a.data + row * g_.a.stride;
    const std::uint8_t flip = g_.a.is_signed ? 0x80 : 0;
    std::uint32_t sum = 0;
    for (Index k = 0; k < g_.depth; ++k) {
      sum += static_cast<std::uint8_t>(from[k * g_.a.depth_stride] ^ flip);
    }
    return static_cast<std::int32_t>(sum);
  }

  void run_block(Index from, Index groups, Index row, Index rows) const {
    const Index panel = groups * k_.tile_columns * k_.group_depth;
    const Index soon = divide_up(panel, divide_up(rows, k_.tile_rows));
    for (Index j = 0; j < g_.columns; j += k_.tile_columns) {
      for (Index i = row; i < row + rows; i += k_.tile_rows) {
        IntegerTile tile{};
        tile.rows = std::min(k_.tile_rows, row + rows - i);
        tile.columns = std::min(k_.tile_columns, g_.columns - j);
        tile.groups = groups;
        tile.a = a_ + (i * groups_ + from * k_.tile_rows) * 4;
        tile.b = b_.panels + (j * groups_ + from * k_.tile_columns) * k_.group_depth;
        tile.c = g_.c + i * g_.c_stride + j;
        tile.c_stride = g_.c_stride;
        // The next panel comes nearer, a part with every tile.
        tile.soon =
            tile.b + groups_ * k_.tile_columns * k_.group_depth + (i - row) / k_.tile_rows * soon;
        tile.soon_bytes = soon;
        tile.starts = from == 0;
        tile.last = from + groups == groups_;
        tile.a_zero = a_zero_.data() + i;
        tile.b_term = b_term_.data() + j;
        tile.a_sum = a_sum_.empty() ? nullptr : a_sum_.data() + i;
        tile.b_zero = b_zero_.data() + j;
        k_.tile(tile);
      }
    }
  }

  const IntegerGemm& g_;
  const IntegerKernels& k_;
  Index groups_;
  PackedB b_;
  const std::byte* a_ = nullptr;
  Index rows_block_;
  std::vector<std::int32_t> a_zero_;
  std::vector<std::int32_t> a_sum_;
  std::vector<std::int32_t> b_zero_;
  std::vector<std::int32_t> b_term_;
};

struct Task {
  IntegerGemm gemm;
  PackedB b;
};

/// The vectors of a matrix from `first` on.
IntegerMatrix from_vector(IntegerMatrix m, Index first) {
  m.data += first * m.stride;
  if (m.zero_points != nullptr) m.zero_points += first * m.zero_point_stride;
  return m;
}

/// About `parts` tasks along the longer side, between tiles.
std::vector<Task> split(const IntegerGemm& g, PackedB b, const IntegerKernels& k, Index parts) {
  const bool by_rows = g.rows > g.columns;
  const Index length = by_rows ? g.rows : g.columns;
  const Index step = round_up(divide_up(length, parts), by_rows ? k.tile_rows : k.tile_columns);
  const Index groups = divide_up(g.depth, k.group_depth);
  std::vector<Task> tasks;
  for (Index from = 0; from < length; from += step) {
    Task task{g, b};
    const Index count = std::min(step, length - from);
    if (by_rows) {
      task.gemm.rows = count;
      task.gemm.a = from_vector(g.a, from);
      task.gemm.c += from * g.c_stride;
    } else {
      task.gemm.columns = count;
      task.gemm.b = from_vector(g.b, from);
      task.gemm.c += from;
      if (b.panels != nullptr) {
        task.b = {b.panels + from * groups * k.group_depth, b.sums + from};
      }
    }
    tasks.push_back(task);
  }
  return tasks;
}

}  // namespace

const IntegerKernels& choose_integer_kernels(Isa isa, CpuFeatures features) {
  return isa == Isa::avx512 && features.vnni ? integer_kernels_vnni() : integer_kernels_avx2();
}

core::Result<core::Done> run_integer_gemm(const IntegerGemm& g, const IntegerKernels& kernels,
                                          const Engine& engine) {
  if (g.rows == 0 || g.columns == 0) return core::Done{};
  if (g.depth == 0) {
    for (Index i = 0; i < g.rows; ++i) std::fill_n(g.c + i * g.c_stride, g.columns, 0);
    return core::Done{};
  }
  if (run_if_ternary(g, kernels, engine)) return core::Done{};
  const PackedB b = find_packed_b(g, kernels, engine.constants);
  const std::vector<Task> tasks = split(g, b, kernels, engine.pool.threads());
  std::atomic<bool> out_of_memory = false;
  engine.pool.run(tasks.size(), [&](std::size_t index, unsigned worker) {
    try {
      BlockedProduct(tasks[index].gemm, tasks[index].b, kernels, engine.scratch[worker]).run();
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
  });
  if (out_of_memory) {
    return core::refuse(core::RefusalCode::limit_exceeded, "", "not enough memory for packing");
  }
  return core::Done{};
}

}  // namespace isotrace::backends::cpu
