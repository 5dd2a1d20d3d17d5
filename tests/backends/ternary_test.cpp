// Two-bit weights against the exact sums, by the function itself and as a user meets it: a constant
// of a product of integers.
#include <gtest/gtest.h>

#include <isotrace/backends/cpu/ternary.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::backends::cpu {
namespace {

std::vector<const IntegerKernels*> present_kernels() {
  const CpuFeatures features = find_cpu_features();
  std::vector<const IntegerKernels*> all;
  if (features.avx2) all.push_back(&integer_kernels_avx2());
  if (features.vnni) all.push_back(&integer_kernels_vnni());
  return all;
}

std::vector<std::uint8_t> random_weights(Index count, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  std::vector<std::uint8_t> weights(static_cast<std::size_t>(count));
  for (std::uint8_t& weight : weights) {
    weight = static_cast<std::uint8_t>(static_cast<std::int8_t>(random.next_below(3)) - 1);
  }
  return weights;
}

std::vector<std::uint8_t> random_bytes(Index count, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count));
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.next_u32());
  return bytes;
}

struct Case {
  Index rows, columns, depth;
  bool a_signed;
  bool extreme = false;  ///< all activations the byte 0x80
};

/// Runs the product with b as [depth][columns], held, and compares with sums in 64 bits.
void expect_exact(const Case& c, std::vector<std::uint8_t> weights, bool two_bits) {
  std::vector<std::uint8_t> a = random_bytes(c.rows * c.depth, 3);
  if (c.extreme) std::fill(a.begin(), a.end(), std::uint8_t{0x80});
  const std::int32_t zero_point = 7;
  std::vector<std::int32_t> expected;
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.columns; ++j) {
      std::int64_t sum = 0;
      for (Index k = 0; k < c.depth; ++k) {
        const std::uint8_t byte = a[static_cast<std::size_t>(i * c.depth + k)];
        const std::int64_t x = c.a_signed ? static_cast<std::int8_t>(byte) : byte;
        sum += (x - zero_point) *
               static_cast<std::int8_t>(weights[static_cast<std::size_t>(k * c.columns + j)]);
      }
      expected.push_back(static_cast<std::int32_t>(sum));
    }
  }
  for (const IntegerKernels* kernels : present_kernels()) {
    for (unsigned threads = 1; threads <= 3; ++threads) {
      auto pool = *ThreadPool::make(threads);
      std::vector<Scratch> scratch(threads);
      PackedConstants constants;
      constants.hold(core::ByteView(weights));
      const Engine engine{kernels_avx2(), *pool, scratch, &constants};
      std::vector<std::int32_t> result(expected.size(), 99);
      const IntegerGemm gemm{.rows = c.rows,
                             .columns = c.columns,
                             .depth = c.depth,
                             .a = {a.data(), c.a_signed, c.depth, 1, &zero_point, 0},
                             .b = {weights.data(), true, 1, c.columns, nullptr, 0},
                             .c = result.data(),
                             .c_stride = c.columns};
      EXPECT_EQ(run_if_ternary(gemm, *kernels, engine), two_bits);
      ASSERT_TRUE(run_integer_gemm(gemm, *kernels, engine));
      ASSERT_EQ(result, expected) << c.columns << "x" << c.depth << " threads " << threads;
    }
  }
}

TEST(Ternary, every_tail_is_exact) {
  for (const Index columns : {1, 8, 31, 63, 64, 65, 127, 128, 129, 300}) {
    for (const Index depth : {1, 3, 4, 5, 127, 128, 129, 600}) {
      for (const bool a_signed : {false, true}) {
        expect_exact({1, columns, depth, a_signed}, random_weights(columns * depth, 4), true);
      }
    }
  }
}

TEST(Ternary, several_rows_are_exact) {
  expect_exact({3, 70, 300, true}, random_weights(70 * 300, 5), true);
}

TEST(Ternary, the_greatest_sums_are_exact) {
  // All activations -128 and all weights 1: sums of 16 bits would overflow if they grew further.
  expect_exact({1, 40, 5000, true, true}, std::vector<std::uint8_t>(40 * 5000, 1), true);
  expect_exact({1, 40, 5000, false, true}, std::vector<std::uint8_t>(40 * 5000, 0xFF), true);
}

TEST(Ternary, more_depth_than_sums_are_kept_together_is_exact) {
  const Index depth = 4 * 16384 + 30;
  expect_exact({1, 130, depth, true, true}, std::vector<std::uint8_t>(130 * depth, 1), true);
  expect_exact({1, 130, depth, false}, random_weights(130 * depth, 8), true);
}

TEST(Ternary, one_other_weight_takes_the_way_of_bytes) {
  std::vector<std::uint8_t> weights = random_weights(50 * 40, 6);
  weights[1234] = 2;
  expect_exact({1, 50, 40, true}, weights, false);
  weights[1234] = 0xFE;
  expect_exact({1, 50, 40, true}, weights, false);
}

TEST(Ternary, many_rows_take_the_way_of_bytes) {
  expect_exact({20, 50, 40, true}, random_weights(50 * 40, 7), false);
}

}  // namespace
}  // namespace isotrace::backends::cpu
