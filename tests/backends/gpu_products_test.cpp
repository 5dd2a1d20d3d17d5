// The kernels for products of matrices (tile_product.hpp, skinny_product.hpp), however their
// factors lie.
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Op;
using core::Shape;
using core::Tensor;

class Products : public testing::TestWithParam<HostOrder> {};
INSTANTIATE_TEST_SUITE_P(Gpu, Products, testing::Values(HostOrder::forwards, HostOrder::backwards));

TEST_P(Products, products_of_large_tiles_have_the_bits_of_the_reference_however_factors_lie) {
  struct Case {
    Op op;
    std::int64_t rows, columns, depth, segment;
  };
  const Case cases[] = {
      {Op::matmul, 256, 256, 44, 32},  // vectors of b; two segments, the last not full
      {Op::gemm, 256, 256, 40, 256},   // both transposed: vectors of a, b along k
      {Op::matmul, 250, 251, 33, 16},  // nothing on a multiple of 16 bytes
      {Op::gemm, 251, 250, 35, 7},     // segments that end within steps
      {Op::matmul, 512, 128, 0, 256}};
  OnHost host(1, GetParam());
  std::uint64_t seed = 0;
  for (const Case& one : cases) {
    seed += 2;
    const bool is_gemm = one.op == Op::gemm;
    const Shape a = is_gemm ? Shape{one.depth, one.rows} : Shape{one.rows, one.depth};
    const Shape b = is_gemm ? Shape{one.columns, one.depth} : Shape{one.depth, one.columns};
    std::vector<std::optional<Tensor>> operands = {draw(a, seed), draw(b, seed + 1)};
    if (is_gemm) operands.emplace_back(draw({one.columns}, seed + 2000));
    expect_reference_bits(*host.backend, product_node(one.op, one.segment), operands,
                          "case " + std::to_string(seed));
  }
  EXPECT_EQ(host.device->launches().at("product_large"), 5);
}

TEST_P(Products, products_of_few_rows_have_the_bits_of_the_reference_however_factors_lie) {
  std::uint64_t seed = 0;
  for (const unsigned multiprocessors : {1U, 64U}) {
    OnHost host(multiprocessors, GetParam());
    for (const std::int64_t m : {1, 2, 7, 13}) {
      for (const Op op : {Op::matmul, Op::gemm}) {
        for (const std::int64_t n : {64, 67}) {
          seed += 2;
          const std::int64_t k = seed % 4 == 0 ? 1100 : 1099;  // 18 segments: two rounds of 16
          const bool is_gemm = op == Op::gemm;
          std::vector<std::optional<Tensor>> operands = {
              draw(is_gemm ? Shape{k, m} : Shape{m, k}, seed),
              draw(is_gemm ? Shape{n, k} : Shape{k, n}, seed + 1)};
          if (is_gemm) operands.emplace_back(draw({n}, seed + 2000));
          expect_reference_bits(*host.backend, product_node(op, 64), operands,
                                std::to_string(m) + " rows, " + std::to_string(n) + " columns, " +
                                    std::string(core::op_info(op).name));
        }
      }
    }
  }
}

TEST_P(Products, products_of_batches_that_are_no_progression_have_the_bits_of_the_reference) {
  OnHost host(1, GetParam());
  // The starts of a are 0, 0, 0, 1, 1, 1 matrices, those of b go on evenly.
  expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                        {draw({2, 1, 40, 24}, 1), draw({2, 3, 24, 36}, 2)}, "broadcast a");
  expect_reference_bits(*host.backend, product_node(Op::matmul, 256),
                        {draw({3, 40, 24}, 1), draw({24, 36}, 2)}, "one b");
}

}  // namespace
}  // namespace isotrace::backends::gpu
