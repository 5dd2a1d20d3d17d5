// What the requests of the main kernels' warps cost a device's memory, counted on the PTX that nvcc
// made of them (ptx_counts.hpp): whole sectors of global memory, and no two lanes in one bank of
// shared memory. A model, which says that nothing is wasted, and no speed.
#include <cstdio>

#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/core/tensor.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;
using core::Shape;
using core::Tensor;

/// The least share of ideal steps that a kernel may have, over all that it runs.
struct Least {
  double global_reads = 0.9;
  double global_writes = 0.9;
  double shared_reads = 1;
  double shared_writes = 1;
  double fused = 0;                  ///< multiply-adds of all instructions
  std::uint64_t local_requests = 0;  ///< the most to memory of threads
};

void print_heading() {
  std::printf("%-22s %-26s %9s %9s %9s %9s %7s %9s\n", "kernel", "of", "reads", "writes",
              "sh.reads", "sh.writes", "fused", "instr.");
}

/// Returns the share of multiply-adds.
double print(const std::string& kernel, const std::string& what, const KernelCounts& counts) {
  const double fused = static_cast<double>(counts.fused) / static_cast<double>(counts.instructions);
  std::printf("%-22s %-26s %9.3f %9.3f %9.3f %9.3f %7.3f %9llu\n", kernel.c_str(), what.c_str(),
              counts.global_reads.efficiency(), counts.global_writes.efficiency(),
              counts.shared_reads.efficiency(), counts.shared_writes.efficiency(), fused,
              static_cast<unsigned long long>(counts.instructions));
  return fused;
}

class GpuMachine : public testing::Test {
 protected:
  void SetUp() override {
    if (!count_kernels(true)) GTEST_SKIP() << "NOT COUNTED: no PTX (ISOTRACE_DEVICE_KERNELS)";
  }
  void TearDown() override { count_kernels(false); }

  /// Runs a node whose operands these are, and looks at what `kernel` did.
  static void expect(const std::string& kernel, const std::string& what, const core::Node& node,
                     const std::vector<std::optional<Tensor>>& operands, const Least& least) {
    count_kernels(true);
    OnHost host(1, HostOrder::forwards);
    expect_reference_bits(*host.backend, node, operands, kernel);
    const auto counts = counts_of(kernel);
    ASSERT_TRUE(counts) << kernel << " did not run";
    const double fused = print(kernel, what, *counts);
    EXPECT_GE(counts->global_reads.efficiency(), least.global_reads) << kernel;
    EXPECT_GE(counts->global_writes.efficiency(), least.global_writes) << kernel;
    EXPECT_GE(counts->shared_reads.efficiency(), least.shared_reads) << kernel;
    EXPECT_GE(counts->shared_writes.efficiency(), least.shared_writes) << kernel;
    EXPECT_GE(fused, least.fused) << kernel;
    EXPECT_LE(counts->local_reads.requests + counts->local_writes.requests, least.local_requests)
        << kernel;
  }
};

core::Node matmul() { return {Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, {}}; }
core::Node gemm(bool a_transposed, bool b_transposed) {
  return {Op::gemm,
          {0, 1},
          {2},
          {{"alpha", 1.0F},
           {"beta", 1.0F},
           {"k_segment", std::int64_t{256}},
           {"transA", std::int64_t{a_transposed}},
           {"transB", std::int64_t{b_transposed}}},
          {}};
}

// Copying, adding up and storing are in these counts as well; of the inner loops alone more is
// multiply-adds.
TEST_F(GpuMachine, products_waste_nothing) {
  print_heading();
  const Tensor a = draw({256, 512}, 1);
  const Tensor square = draw({256, 256}, 1);
  const Least tile = {.fused = 0.72};
  expect("product_large", "256x256x512", matmul(), {a, draw({512, 256}, 2)}, tile);
  expect("product_large", "b transposed", gemm(false, true), {square, square}, tile);
  expect("product_large", "a transposed", gemm(true, false), {square, square}, tile);
  const Tensor less = draw({192, 256}, 2);
  expect("product_medium", "192x192x256", gemm(false, true), {less, less}, {.fused = 0.62});
  // Lanes read a by vectors that lie a segment apart, half a sector each: once from memory, and
  // from the cache for the columns that follow.
  const Least few = {.global_reads = 0.8, .fused = 0.35};
  const Tensor wide = draw({1024, 256}, 3);
  expect("product_row", "1x256x1024", matmul(), {draw({1, 1024}, 4), wide}, few);
  expect("product_rows", "4x256x1024", matmul(), {draw({4, 1024}, 4), wide}, few);
  expect("product_flat", "8x256x1024", matmul(), {draw({8, 1024}, 4), wide}, few);
}

TEST_F(GpuMachine, elements_and_rows_waste_nothing) {
  print_heading();
  const Tensor x = draw({16, 1024}, 1);
  expect("map_binary_f32", "Add 16x1024", {Op::add, {0, 1}, {2}, {}, {}}, {x, x}, {});
  expect("map_binary_f32", "Add, b of a row", {Op::add, {0, 1}, {2}, {}, {}}, {x, draw({1024}, 2)},
         {});
  expect("map_unary_f32", "Relu 16x1024", {Op::relu, {0}, {1}, {}, {}}, {x}, {});
  expect("softmax_rows", "16x1024",
         {Op::softmax, {0}, {1}, {{"axis", std::int64_t{1}}, {"flatten", std::int64_t{0}}}, {}},
         {x}, {.local_requests = 10 * 16 * 8});  // ten per warp, for elements in doubt
  expect("normalise_rows", "16x1024",
         {Op::layer_normalization,
          {0, 1, 2},
          {3},
          {{"axis", std::int64_t{-1}}, {"epsilon", 1e-5F}},
          {}},
         {x, draw({1024}, 2), draw({1024}, 3)}, {});
}

// A chunk's 64 bytes begin off a multiple of 16, so that 80 are brought, and these of three
// sectors.
TEST_F(GpuMachine, hashes_waste_little) {
  print_heading();
  OnHost host(1, HostOrder::forwards);
  Work work(*host.device);
  const Tensor x = draw({1, 1 << 17}, 1);
  const Array array = *work.upload(x);
  EXPECT_EQ(*work.digest(array), core::tensor_digest(x));
  for (const char* kernel : {"hash_chunks", "hash_trees"}) {
    const auto counts = counts_of(kernel);
    ASSERT_TRUE(counts) << kernel;
    print(kernel, "512 KiB", *counts);
    // Chaining values are read and written by halves, which is a 32nd of what is hashed.
    EXPECT_GE(counts->global_reads.efficiency(), kernel[5] == 'c' ? 0.8 : 0.5) << kernel;
    EXPECT_GE(counts->global_writes.efficiency(), 0.5) << kernel;
    EXPECT_EQ(counts->local_reads.requests + counts->local_writes.requests, 0U) << kernel;
  }
  EXPECT_EQ(counts_of("hash_chunks")->shared_reads.efficiency(), 1);
  // What follows for the instructions of a byte (docs/performance.md).
  std::printf("hash_chunks: %.2f instructions per byte\n",
              static_cast<double>(counts_of("hash_chunks")->instructions) /
                  static_cast<double>(x.bytes().size()));
}

}  // namespace
}  // namespace isotrace::backends::gpu
