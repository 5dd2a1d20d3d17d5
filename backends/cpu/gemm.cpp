#include <isotrace/backends/cpu/gemm.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/backends/cpu/tail.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr Index stream_rows_max = 8;           // up to here b is read in place
constexpr Index stream_constant_rows_max = 4;  // also where it could be packed once
constexpr Index packed_rows_max = 64;          // up to here b is packed once if it is a constant

Index round_up(Index value, Index step) { return (value + step - 1) / step * step; }
Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

bool is_streamed(const Gemm& g) {
  return g.rows <= stream_rows_max && g.packed_b.data == nullptr && !g.transposes &&
         g.b->find_row(0, g.b_column) != nullptr;
}

/// Whether a constant b is packed anew all the same: beside the products of many rows that is
/// little work, which a second copy of all weights is not worth.
bool is_tall(const Gemm& g) {
  return g.rows > packed_rows_max && g.b->find_row(0, g.b_column) != nullptr;
}

/// The product with the packed forms of those operands that are constants. Where memory is what a
/// few rows wait for, a b that can be streamed is as good as a packed one.
Gemm use_constants(Gemm g, const Engine& engine) {
  if (engine.constants == nullptr || g.depth == 0) return g;
  if (g.rows <= stream_constant_rows_max && is_streamed(g)) return g;
  if (g.b_column == 0 && !is_tall(g)) {
    g.packed_b = g.b->find_packed(*engine.constants, engine.kernels, g.depth, g.columns);
  }
  g.packed_a = find_packed_matrix(*engine.constants, engine.kernels,
                                  {.source = g.a,
                                   .lane_stride = g.a_row_stride,
                                   .depth_stride = g.a_depth_stride,
                                   .count = g.rows,
                                   .depth = g.depth,
                                   .width = engine.kernels.tile_rows,
                                   .packed = nullptr});
  return g;
}

/// The part of a product that one task computes.
Gemm sub_gemm(const Gemm& g, Index row, Index rows, Index column, Index columns) {
  Gemm part = g;
  part.rows = rows;
  part.columns = columns;
  part.a += row * g.a_row_stride;
  part.b_column += column;
  part.c += g.transposes ? column * g.c_stride + row : row * g.c_stride + column;
  if (part.finish.addend != nullptr) {
    part.finish.addend += row * g.finish.addend_row_stride + column * g.finish.addend_column_stride;
  }
  if (part.packed_a.data != nullptr) part.packed_a.data = g.packed_a.at(row, 0);
  return part;
}

/// Cuts rows [0, g.rows) of some columns into steps.
void split_rows(const Gemm& g, Index step, Index column, Index columns, std::vector<Gemm>& tasks) {
  for (Index row = 0; row < g.rows; row += step) {
    tasks.push_back(sub_gemm(g, row, std::min(step, g.rows - row), column, columns));
  }
}

/// Cuts one product into about `parts` tasks of even size: between rows, or between tiles of
/// columns, of which those that do not go round are cut between rows.
void split_gemm(const Gemm& g, const Kernels& k, Index parts, std::vector<Gemm>& tasks) {
  // Tiles of any even height read a in place; packed panels have one height.
  const Index row_unit = g.packed_a.data == nullptr ? 1 : k.tile_rows;
  const Index row_step = std::max<Index>(1, round_up(divide_up(g.rows, parts), row_unit));
  const Index step = divide_up(g.columns, k.tile_columns) / parts * k.tile_columns;
  const Index rest = g.columns - std::min(g.columns, parts * step);
  // Every task packs the b that it reads, which takes about as long as some rows more.
  const Index packing = g.packed_b.data == nullptr ? k.tile_rows : 0;
  const Index by_rows = (row_step + packing) * g.columns;
  const Index by_columns = (g.rows + packing) * step + (row_step + packing) * rest;
  if (parts == 1 || by_rows < by_columns || step == 0) {
    split_rows(g, parts == 1 ? g.rows : row_step, 0, g.columns, tasks);
    return;
  }
  for (Index column = 0; column + rest < g.columns; column += step) {
    tasks.push_back(sub_gemm(g, 0, g.rows, column, std::min(step, g.columns - column)));
  }
  if (rest > 0) split_rows(g, row_step, g.columns - rest, rest, tasks);
}

/// In how many parts each of so many products is cut: in none where they go round, or nearly.
Index parts_of_each(Index count, Index threads) {
  const bool even = count % threads == 0 || count >= 4 * threads;
  return even ? 1 : threads;
}

/// Whether tiles can do all of it but the tail.
bool fits_tiles(const Finish& finish) {
  return finish.alpha == 1.0F && (finish.addend == nullptr || finish.beta == 1.0F);
}

/// No steps but the addition of the addend, if tiles can do it.
void clear_end(const Finish& finish, const MatrixPart& part, ProductEnd& end) {
  end.tile.count = 0;
  end.tile.bounded = false;
  end.steps = 0;
  if (finish.addend == nullptr || !fits_tiles(finish)) return;
  TileEnd::Step& step = end.tile.steps[end.tile.count++];
  step.kind = TileEnd::add;
  step.data = finish.addend + part.row * finish.addend_row_stride +
              part.column * finish.addend_column_stride;
  step.row_stride = finish.addend_row_stride;
  step.column_stride = finish.addend_column_stride;
}

}  // namespace

void Scratch::Free::operator()(float* pointer) const {
  ::operator delete[](pointer, std::align_val_t{huge_page});
}

float* Scratch::get(Use use, Index elements) {
  if (elements > sizes_[use]) {
    memory_[use].reset();
    std::size_t bytes = static_cast<std::size_t>(elements) * sizeof(float);
    const bool large = bytes >= huge_page / 8;
    if (large) bytes = (bytes + huge_page - 1) / huge_page * huge_page;
    auto* memory = ::operator new[](bytes, std::align_val_t{huge_page});
    memory_[use].reset(static_cast<float*>(memory));
    // Blocks are read in an order that small pages make costly. Only advice: may have no effect.
    if (large) madvise(memory, bytes, MADV_HUGEPAGE);
    sizes_[use] = elements;
  }
  return memory_[use].get();
}

void finish_block(const Finish& finish, const Kernels& kernels, float* c, Index c_stride,
                  Index rows, Index columns) {
  kernels.finish(finish, c, c_stride, rows, columns);
  if (finish.tail != nullptr) finish.tail->apply(c, c_stride, rows, columns);
}

void set_end(const Finish& finish, const MatrixPart& part, const float* c, ProductEnd& end) {
  clear_end(finish, part, end);
  if (finish.tail != nullptr && fits_tiles(finish)) {
    end.steps = finish.tail->join(0, c, part.rows, end.tile);
  }
}

void set_end_transposed(const Finish& finish, const MatrixPart& part, ProductEnd& end) {
  ISOTRACE_CHECK(fits_tiles(finish), finish.alpha, finish.beta);
  clear_end(finish, part, end);
  if (finish.tail != nullptr) end.steps = finish.tail->join_bounds(end.tile);
}

void finish_tiles(const Finish& finish, const Kernels& kernels, const MatrixPart& part,
                  const ProductEnd& end, float* c, Index c_stride) {
  if (!fits_tiles(finish)) {
    Finish rest = finish;
    if (rest.addend != nullptr) {
      rest.addend += part.row * rest.addend_row_stride + part.column * rest.addend_column_stride;
    }
    kernels.finish(rest, c, c_stride, part.rows, part.columns);
  }
  if (finish.tail != nullptr) {
    finish.tail->apply_from(end.steps, c, c_stride, part.rows, part.columns);
  }
}

void run_gemm(const Gemm& g, const Kernels& kernels, Scratch& scratch) {
  ISOTRACE_CHECK(g.segment >= 1, g.segment);
  if (g.rows == 0 || g.columns == 0) return;
  if (g.depth == 0) {
    for (Index i = 0; i < g.rows; ++i) std::fill_n(g.c + i * g.c_stride, g.columns, 0.0F);
    finish_block(g.finish, kernels, g.c, g.c_stride, g.rows, g.columns);
  } else if (is_streamed(g)) {
    run_streamed(g, kernels, scratch);
  } else if (is_shallow(g)) {
    run_shallow(g, kernels, scratch);
  } else {
    run_blocked(g, kernels, scratch);
  }
}

core::Result<core::Done> run_gemms(std::span<const Gemm> gemms, const Engine& engine) {
  const unsigned threads = engine.pool.threads();
  ISOTRACE_CHECK(engine.scratch.size() >= threads, engine.scratch.size(), threads);
  const auto count = static_cast<Index>(gemms.size());
  const Index parts = parts_of_each(count, threads);
  std::vector<Gemm> tasks;
  for (const Gemm& gemm : gemms) {
    split_gemm(use_constants(gemm, engine), engine.kernels, parts, tasks);
  }
  std::atomic<bool> out_of_memory = false;
  engine.pool.run(tasks.size(), [&](std::size_t index, unsigned worker) {
    try {
      run_gemm(tasks[index], engine.kernels, engine.scratch[worker]);
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
