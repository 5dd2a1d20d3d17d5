// Fixed-order matrix product in f32 (docs/numerics.md, matmul): blocks of a and b are packed, and
// kernels keep outputs in registers. Blocking and the split into tasks follow addresses only, so
// no bit depends on them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include <isotrace/backends/cpu/columns.hpp>
#include <isotrace/backends/cpu/thread_pool.hpp>

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
};

/// Grow-only memory of one worker, reused from call to call.
class Scratch {
 public:
  enum Use { packed_a, packed_b, partial, use_count };
  /// At least `elements` floats, 64-byte aligned, contents undefined.
  float* get(Use use, Index elements);

 private:
  struct Free {
    void operator()(float* pointer) const;
  };
  std::unique_ptr<float[], Free> memory_[use_count];
  Index sizes_[use_count] = {};
};

/// One product on the calling thread.
void run_gemm(const Gemm& gemm, const Kernels& kernels, Scratch& scratch);

/// What products run on; scratch has one entry per thread of the pool.
struct Engine {
  const Kernels& kernels;
  ThreadPool& pool;
  std::vector<Scratch>& scratch;
};

/// Products that write disjoint outputs, split over the pool. Refuses limit_exceeded when memory
/// for the packed blocks runs out.
core::Result<core::Done> run_gemms(std::span<const Gemm> gemms, const Engine& engine);

}  // namespace isotrace::backends::cpu
