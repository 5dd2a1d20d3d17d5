// What the requests of the main kernels' warps cost a device's memory, counted on the PTX that nvcc
// made of them (ptx_counts.hpp): whole sectors of global memory, and no two lanes in one bank of
// shared memory. A model, which says that nothing is wasted, and no speed.
#include <cstdio>

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
  double fused = 0;  ///< multiply-adds of all instructions
};

void print_heading() {
  std::printf("%-22s %-26s %9s %9s %9s %9s %7s %9s\n", "kernel", "of", "reads", "writes",
              "sh.reads", "sh.writes", "fused", "instr.");
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
    const double fused =
        static_cast<double>(counts->fused) / static_cast<double>(counts->instructions);
    std::printf("%-22s %-26s %9.3f %9.3f %9.3f %9.3f %7.3f %9llu\n", kernel.c_str(), what.c_str(),
                counts->global_reads.efficiency(), counts->global_writes.efficiency(),
                counts->shared_reads.efficiency(), counts->shared_writes.efficiency(), fused,
                static_cast<unsigned long long>(counts->instructions));
    EXPECT_GE(counts->global_reads.efficiency(), least.global_reads) << kernel;
    EXPECT_GE(counts->global_writes.efficiency(), least.global_writes) << kernel;
    EXPECT_GE(counts->shared_reads.efficiency(), least.shared_reads) << kernel;
    EXPECT_GE(counts->shared_writes.efficiency(), least.shared_writes) << kernel;
    EXPECT_GE(fused, least.fused) << kernel;
    EXPECT_EQ(counts->local_reads.requests + counts->local_writes.requests, 0U) << kernel;
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

}  // namespace
}  // namespace isotrace::backends::gpu
