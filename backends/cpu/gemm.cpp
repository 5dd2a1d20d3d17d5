#include <isotrace/backends/cpu/gemm.hpp>

#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/core/check.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index depth_block = 256;           // a panel of b stays in the first-level cache
constexpr Index rows_block = 240;            // a block of a stays in the second-level cache
constexpr Index columns_block = 4096;        // a block of b stays in the last-level cache
constexpr Index columns_block_few = 256;     // with few rows: b passes through the second level
constexpr Index packed_whole_max = 1 << 18;  // elements of a that are packed once for all columns
constexpr Index stream_rows_max = 16;        // up to here b is read in place
constexpr Index stream_elements = 8192;      // outputs that a streaming block keeps in cache

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

class BlockedGemm {
 public:
  BlockedGemm(const Gemm& gemm, const Kernels& kernels, Scratch& scratch)
      : g_(gemm), k_(kernels), scratch_(scratch) {
    const Index row_parts = std::max<Index>(1, divide_up(g_.rows, rows_block));
    rows_block_ = round_up(divide_up(g_.rows, row_parts), k_.tile_rows);
    packed_rows_ = round_up(g_.rows, k_.tile_rows);
    whole_a_ = row_parts == 1 && packed_rows_ <= packed_whole_max / std::max<Index>(g_.depth, 1);
    columns_block_ = std::min(whole_a_ ? columns_block_few : columns_block,
                              round_up(g_.columns, k_.tile_columns));
    const Index depth_max = std::min(g_.depth, 2 * depth_block);
    a_ = scratch_.get(Scratch::packed_a,
                      whole_a_ ? packed_rows_ * g_.depth : rows_block_ * depth_max);
    b_ = scratch_.get(Scratch::packed_b, columns_block_ * depth_max);
    // Chains of a later segment that spans several steps wait here; those of the first in c.
    if (g_.segment > depth_block && g_.depth > g_.segment) {
      partial_ = scratch_.get(Scratch::partial, g_.rows * columns_block_);
    }
  }

  void run() {
    if (whole_a_) {
      for (Index from = 0; from < g_.depth;) {
        const DepthStep step = depth_step(g_, from);
        pack_a(0, g_.rows, step, a_ + packed_rows_ * from);
        from += step.depth;
      }
    }
    for (Index j = 0; j < g_.columns; j += columns_block_) {
      run_columns(j, std::min(columns_block_, g_.columns - j));
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

  void run_columns(Index column, Index columns) {
    for (Index from = 0; from < g_.depth;) {
      const DepthStep step = depth_step(g_, from);
      g_.b->pack(k_, step.from, step.depth, g_.b_column + column, columns, k_.tile_columns, b_);
      for (Index i = 0; i < g_.rows; i += rows_block_) {
        const Index rows = std::min(rows_block_, g_.rows - i);
        const float* a = a_ + packed_rows_ * from;
        if (!whole_a_) {
          pack_a(i, rows, step, a_);
          a = a_;
        }
        run_block(step, a, i, rows, column, columns);
      }
      from += step.depth;
    }
  }

  void run_block(const DepthStep& step, const float* a, Index row, Index rows, Index column,
                 Index columns) {
    for (Index j = 0; j < columns; j += k_.tile_columns) {
      for (Index i = 0; i < rows; i += k_.tile_rows) {
        run_tile(step, a + i * step.depth, b_ + j * step.depth, row + i,
                 std::min(k_.tile_rows, rows - i), column, j,
                 std::min(k_.tile_columns, columns - j));
      }
    }
  }

  void run_tile(const DepthStep& step, const float* a, const float* b, Index row, Index rows,
                Index block, Index j, Index columns) {
    float* c = g_.c + row * g_.c_stride + block + j;
    float* chain = c;
    Index chain_stride = g_.c_stride;
    if (!step.first_segment && partial_ != nullptr) {
      chain = partial_ + row * columns_block_ + j;
      chain_stride = columns_block_;
    }
    const bool adds = step.ends_segment && !step.first_segment;
    k_.tile({.rows = rows,
             .columns = columns,
             .depth = step.depth,
             .a = a,
             .b = b,
             .chain = step.starts_segment ? nullptr : chain,
             .sum = adds ? c : nullptr,
             .out = step.ends_segment ? c : chain,
             .chain_stride = chain_stride,
             .sum_stride = g_.c_stride,
             .out_stride = step.ends_segment ? g_.c_stride : chain_stride});
    if (step.from + step.depth == g_.depth) finish_tile(row, rows, block + j, columns);
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
  Scratch& scratch_;
  Index rows_block_;
  Index packed_rows_;
  Index columns_block_;
  bool whole_a_;
  float* a_;
  float* b_;
  float* partial_ = nullptr;
};

/// Few rows: b is read once, in place, in rows of a block of columns.
void run_streamed(const Gemm& g, const Kernels& k, Scratch& scratch) {
  const Index group = divide_up(g.rows, divide_up(g.rows, k.stream_rows));
  const Index block = stream_elements / std::max<Index>(2, g.rows) / 64 * 64;
  float* partial = scratch.get(Scratch::partial, group * block);
  for (Index j = 0; j < g.columns; j += block) {
    const Index columns = std::min(block, g.columns - j);
    for (Index from = 0; from < g.depth; from += std::min(g.segment, g.depth - from)) {
      for (Index i = 0; i < g.rows; i += group) {
        const Index rows = std::min(group, g.rows - i);
        float* c = g.c + i * g.c_stride + j;
        k.stream({.rows = rows,
                  .columns = columns,
                  .depth = std::min(g.segment, g.depth - from),
                  .a = g.a + i * g.a_row_stride + from * g.a_depth_stride,
                  .a_row_stride = g.a_row_stride,
                  .a_depth_stride = g.a_depth_stride,
                  .b = g.b->find_row(from, g.b_column + j),
                  .b_stride = g.b->row_stride(),
                  .out = from == 0 ? c : partial,
                  .out_stride = from == 0 ? g.c_stride : block});
        for (Index r = 0; from != 0 && r < rows; ++r) {
          k.accumulate(c + r * g.c_stride, partial + r * block, columns);
        }
      }
    }
  }
  k.finish(g.finish, g.c, g.c_stride, g.rows, g.columns);
}

/// The part of a product that one task computes.
Gemm sub_gemm(const Gemm& g, Index row, Index rows, Index column, Index columns) {
  Gemm part = g;
  part.rows = rows;
  part.columns = columns;
  part.a += row * g.a_row_stride;
  part.b_column += column;
  part.c += row * g.c_stride + column;
  if (part.finish.addend != nullptr) {
    part.finish.addend += row * g.finish.addend_row_stride + column * g.finish.addend_column_stride;
  }
  return part;
}

/// Cuts one product into about `parts` tasks along its longer side.
void split_gemm(const Gemm& g, const Kernels& k, Index parts, std::vector<Gemm>& tasks) {
  const bool by_rows = g.rows > g.columns;
  const Index length = by_rows ? g.rows : g.columns;
  const Index step = std::max<Index>(
      1, round_up(divide_up(length, parts), by_rows ? k.tile_rows : k.tile_columns));
  for (Index from = 0; from < length; from += step) {
    const Index count = std::min(step, length - from);
    tasks.push_back(by_rows ? sub_gemm(g, from, count, 0, g.columns)
                            : sub_gemm(g, 0, g.rows, from, count));
  }
}

}  // namespace

void Scratch::Free::operator()(float* pointer) const {
  ::operator delete[](pointer, std::align_val_t{64});
}

float* Scratch::get(Use use, Index elements) {
  if (elements > sizes_[use]) {
    memory_[use].reset();
    memory_[use].reset(static_cast<float*>(::operator new[](
        static_cast<std::size_t>(elements) * sizeof(float), std::align_val_t{64})));
    sizes_[use] = elements;
  }
  return memory_[use].get();
}

void run_gemm(const Gemm& g, const Kernels& kernels, Scratch& scratch) {
  ISOTRACE_CHECK(g.segment >= 1, g.segment);
  if (g.rows == 0 || g.columns == 0) return;
  if (g.depth == 0) {
    for (Index i = 0; i < g.rows; ++i) std::fill_n(g.c + i * g.c_stride, g.columns, 0.0F);
    kernels.finish(g.finish, g.c, g.c_stride, g.rows, g.columns);
  } else if (g.rows <= stream_rows_max && g.b->find_row(0, 0) != nullptr) {
    run_streamed(g, kernels, scratch);
  } else {
    BlockedGemm(g, kernels, scratch).run();
  }
}

core::Result<core::Done> run_gemms(std::span<const Gemm> gemms, const Engine& engine) {
  const unsigned threads = engine.pool.threads();
  ISOTRACE_CHECK(engine.scratch.size() >= threads, engine.scratch.size(), threads);
  const auto count = static_cast<Index>(gemms.size());
  const Index parts = count == 0 ? 1 : divide_up(threads, count);
  std::vector<Gemm> tasks;
  for (const Gemm& gemm : gemms) split_gemm(gemm, engine.kernels, parts, tasks);
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
