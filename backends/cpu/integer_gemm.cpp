#include <isotrace/backends/cpu/integer_gemm.hpp>

#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/backends/cpu/integer_product.hpp>
#include <isotrace/backends/cpu/ternary.hpp>

namespace isotrace::backends::cpu {
namespace {

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }
Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

/// The packed form of a b that is a held constant.
PackedIntegers find_packed_b(const IntegerGemm& g, const IntegerKernels& k,
                             PackedConstants* constants) {
  if (constants == nullptr) return {};
  const Index last = (g.columns - 1) * g.b.stride + (g.depth - 1) * g.b.depth_stride;
  const PackedMemory memory = columns_memory(g.columns, g.depth, k);
  // The width tells sets of kernels apart, the form signs: both change the bytes.
  const PackedKey key{.source = g.b.data,
                      .source_bytes = static_cast<std::size_t>(last + 1),
                      .form = g.b.is_signed ? PackedForm::i8_panels : PackedForm::u8_panels,
                      .lane_stride = g.b.stride,
                      .depth_stride = g.b.depth_stride,
                      .count = g.columns,
                      .depth = g.depth,
                      .width = k.tile_columns * k.group_depth};
  const std::byte* packed =
      constants->find(key, static_cast<std::size_t>(memory.bytes()), [&](std::byte* fresh) {
        pack_columns(g.b, g.columns, g.depth, k, fresh);
        return true;
      });
  return packed == nullptr ? PackedIntegers{} : memory.at(packed);
}

/// The vectors of a matrix from `first` on.
IntegerMatrix from_vector(IntegerMatrix m, Index first) {
  m.data += first * m.stride;
  if (m.zero_points != nullptr) m.zero_points += first * m.zero_point_stride;
  return m;
}

/// The part of a product whose rows and columns begin here.
struct Task {
  IntegerProduct product;
  Requantisation requantisation;

  void run(const IntegerKernels& kernels, Scratch& scratch) const {
    IntegerProduct mine = product;
    if (mine.gemm.requantisation != nullptr) mine.gemm.requantisation = &requantisation;
    run_integer_product(mine, kernels, scratch);
  }
};

/// About `parts` tasks along the longer side, between tiles.
std::vector<Task> split(const IntegerGemm& g, PackedIntegers b, const IntegerKernels& k,
                        Index parts) {
  const bool by_rows = g.rows > g.columns;
  const Index length = by_rows ? g.rows : g.columns;
  const Index step = round_up(divide_up(length, parts), by_rows ? k.tile_rows : k.tile_columns);
  const Index panel = PackedSizes(g.depth, k).column_panel;
  std::vector<Task> tasks;
  for (Index from = 0; from < length; from += step) {
    Task task{{.gemm = g, .a = {}, .b = b}, {}};
    IntegerGemm& part = task.product.gemm;
    const Index row = by_rows ? from : 0;
    const Index column = by_rows ? 0 : from;
    (by_rows ? part.rows : part.columns) = std::min(step, length - from);
    part.a = from_vector(g.a, row);
    part.b = from_vector(g.b, column);
    if (g.c != nullptr) part.c += row * g.c_stride + column;
    if (g.requantisation != nullptr) task.requantisation = g.requantisation->at(row, column);
    if (b.panels != nullptr) {
      task.product.b = {b.panels + column / k.tile_columns * panel, b.sums + column};
    }
    tasks.push_back(task);
  }
  return tasks;
}

}  // namespace

const IntegerKernels& choose_integer_kernels(Isa isa, CpuFeatures features) {
  if (isa != Isa::avx512 || !features.vnni) return integer_kernels_avx2();
  return features.amx.usable ? integer_kernels_amx() : integer_kernels_vnni();
}

core::Result<core::Done> run_integer_gemm(const IntegerGemm& g, const IntegerKernels& kernels,
                                          const Engine& engine) {
  if (g.rows == 0 || g.columns == 0) return core::Done{};
  if (g.depth == 0) {
    for (Index i = 0; i < g.rows; ++i) std::fill_n(g.c + i * g.c_stride, g.columns, 0);
    return core::Done{};
  }
  if (run_if_ternary(g, kernels, engine)) return core::Done{};
  const PackedIntegers b = find_packed_b(g, kernels, engine.constants);
  const std::vector<Task> tasks = split(g, b, kernels, engine.pool.threads());
  std::atomic<bool> out_of_memory = false;
  engine.pool.run(tasks.size(), [&](std::size_t index, unsigned worker) {
    try {
      tasks[index].run(kernels, engine.scratch[worker]);
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
