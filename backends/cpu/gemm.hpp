// Fixed-order matrix product in f32 (docs/numerics.md, matmul): blocks of a and b are packed, and
// kernels keep outputs in registers. Blocking and the split into tasks follow addresses only, so
// no bit depends on them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <isotrace/backends/cpu/columns.hpp>
#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/backends/cpu/thread_pool.hpp>
#include <isotrace/backends/cpu/vector_kernels.hpp>

namespace isotrace::backends::cpu {

/// c[rows][columns] = finish(product of a[rows][depth] and b[depth][columns]).
struct Gemm {
  Index rows;
  Index columns;
  Index depth;
  Index segment;  ///< k_segment, at least 1
  const float* a;
  Index a_row_stride;
  Index a_depth_stride;
  const Columns* b;
  Index b_column = 0;  ///< first column of b
  float* c;            ///< rows contiguous
  Index c_stride;
  Finish finish;
  PackedMatrix packed_a = {};  ///< all of a in panels of tile_rows, if there is such a form
  PackedMatrix packed_b = {};  ///< all of b (from its own first column) in panels of tile_columns
  /// Element (i, j) goes to c[j * c_stride + i]; `finish` then has neither alpha nor beta.
  bool transposes = false;
};

/// Rows and columns of a part of a matrix.
struct MatrixPart {
  Index row;
  Index rows;
  Index column;
  Index columns;
};

/// Grow-only memory of one worker, reused from call to call, and the cache that it is used in.
class Scratch {
 public:
  explicit Scratch(std::size_t level2_bytes = std::size_t{1} << 20)
      : level2_elements_(static_cast<Index>(level2_bytes / sizeof(float))) {}
  enum Use { packed_a, packed_b, partial, products, use_count };
  /// At least `elements` floats, 64-byte aligned, contents undefined.
  float* get(Use use, Index elements);
  /// How many floats the second-level cache holds.
  [[nodiscard]] Index level2_elements() const { return level2_elements_; }

 private:
  struct Free {
    void operator()(float* pointer) const;
  };
  std::unique_ptr<float[], Free> memory_[use_count];
  Index sizes_[use_count] = {};
  Index level2_elements_;
};

/// One product on the calling thread.
void run_gemm(const Gemm& gemm, const Kernels& kernels, Scratch& scratch);

/// A product in blocks that fit the caches; depth and segment at least 1.
void run_blocked(const Gemm& gemm, const Kernels& kernels, Scratch& scratch);
/// A short contraction and many columns: outputs are written once, in runs as long as caches allow.
bool is_shallow(const Gemm& gemm);
void run_shallow(const Gemm& gemm, const Kernels& kernels, Scratch& scratch);
/// Few rows by a b that lies in rows (find_row), each of which is read once and not packed.
void run_streamed(const Gemm& gemm, const Kernels& kernels, Scratch& scratch);

/// What follows a product, on a block of it.
void finish_block(const Finish& finish, const Kernels& kernels, float* c, Index c_stride,
                  Index rows, Index columns);

/// The same for outputs that tiles compute: what a tile on this part (or the first of several side
/// by side), to be stored at `c`, does of it, and how many steps of the tail that is.
struct ProductEnd {
  TileEnd tile;
  std::size_t steps = 0;
};
void set_end(const Finish& finish, const MatrixPart& part, const float* c, ProductEnd& end);
/// The same for a result that is transposed after its tiles.
void set_end_transposed(const Finish& finish, const MatrixPart& part, ProductEnd& end);
/// What is left to do after the last tiles of a part at `c`.
void finish_tiles(const Finish& finish, const Kernels& kernels, const MatrixPart& part,
                  const ProductEnd& end, float* c, Index c_stride);

/// What operations run on; scratch has one entry per thread of the pool. With `constants`, operands
/// that lie in held constants are packed once and not in every call.
struct Engine {
  const Kernels& kernels;
  ThreadPool& pool;
  std::vector<Scratch>& scratch;
  PackedConstants* constants = nullptr;
  const VectorKernels& vectors = vector_kernels_avx2();
  const MathFunctions& math = math_avx2();
};

/// Products that write disjoint outputs, split over the pool. Refuses limit_exceeded when memory
/// for the packed blocks runs out.
core::Result<core::Done> run_gemms(std::span<const Gemm> gemms, const Engine& engine);

}  // namespace isotrace::backends::cpu
