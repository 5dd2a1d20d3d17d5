// The packed products against the definition written out here as three loops, so that a mistake
// shared with the reference room cannot hide.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/isa.hpp>
#include <isotrace/core/convert.hpp>
#include <isotrace/core/float_environment.hpp>
#include <tests/backends/values.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Case {
  Index rows = 1, columns = 1, depth = 1, segment = 256;
  bool a_transposed = false, b_transposed = false;
  Index padding = 0;  ///< extra elements between rows
  Finish finish = {};
  bool row_addend = false;
};

struct Data {
  std::vector<float> a, b, addend;
};

Index a_stride(const Case& c) { return (c.a_transposed ? c.rows : c.depth) + c.padding; }
Index b_stride(const Case& c) { return (c.b_transposed ? c.depth : c.columns) + c.padding; }

Data make_data(const Case& c, std::uint64_t seed, tests::Values values) {
  const auto size = [&](Index count, Index stride) {
    return static_cast<std::size_t>(count * stride);
  };
  return {tests::random_values(size(c.a_transposed ? c.depth : c.rows, a_stride(c)), seed, values),
          tests::random_values(size(c.b_transposed ? c.columns : c.depth, b_stride(c)), seed + 1,
                               values),
          tests::random_values(size(c.rows + c.columns, 1), seed + 2, values)};
}

float element(const Case& c, const Data& d, Index i, Index j) {
  float sum = 0.0F;
  for (Index from = 0; from < c.depth; from += c.segment) {
    float t = 0.0F;
    for (Index k = from; k < c.depth && k - from < c.segment; ++k) {
      const Index at_a = c.a_transposed ? k * a_stride(c) + i : i * a_stride(c) + k;
      const Index at_b = c.b_transposed ? j * b_stride(c) + k : k * b_stride(c) + j;
      t = std::fma(d.a[static_cast<std::size_t>(at_a)], d.b[static_cast<std::size_t>(at_b)], t);
    }
    sum = from == 0 ? t : sum + t;
    if (c.depth - from <= c.segment) break;
  }
  sum = sum * c.finish.alpha;
  if (c.finish.addend != nullptr) {
    sum = sum + c.finish.addend[c.row_addend ? i : j] * c.finish.beta;
  }
  return core::canonical(sum);
}

std::vector<float> expected(const Case& c, const Data& d) {
  std::vector<float> result;
  for (Index i = 0; i < c.rows; ++i) {
    for (Index j = 0; j < c.columns; ++j) result.push_back(element(c, d, i, j));
  }
  return result;
}

std::vector<float> computed(const Case& c, const Data& d, const Kernels& kernels,
                            unsigned threads) {
  auto pool = *ThreadPool::make(threads);
  std::vector<Scratch> scratch(threads);
  const MatrixColumns columns(d.b.data(), c.b_transposed ? 1 : b_stride(c),
                              c.b_transposed ? b_stride(c) : 1);
  std::vector<float> result(static_cast<std::size_t>(c.rows * c.columns), 123.0F);
  const Gemm gemm{.rows = c.rows,
                  .columns = c.columns,
                  .depth = c.depth,
                  .segment = c.segment,
                  .a = d.a.data(),
                  .a_row_stride = c.a_transposed ? 1 : a_stride(c),
                  .a_depth_stride = c.a_transposed ? a_stride(c) : 1,
                  .b = &columns,
                  .c = result.data(),
                  .c_stride = c.columns,
                  .finish = c.finish};
  EXPECT_TRUE(run_gemms({&gemm, 1}, {kernels, *pool, scratch}));
  return result;
}

std::vector<const Kernels*> present_kernels() {
  const CpuFeatures features = find_cpu_features();
  std::vector<const Kernels*> all;
  if (features.avx2) all.push_back(&kernels_avx2());
  if (features.avx512) all.push_back(&kernels_avx512());
  return all;
}

/// The first element whose bits differ, or -1.
std::ptrdiff_t first_difference(const std::vector<float>& a, const std::vector<float>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) {
      return static_cast<std::ptrdiff_t>(i);
    }
  }
  return -1;
}

void expect_equal_everywhere(Case c, std::uint64_t seed, tests::Values values) {
  const core::FloatEnvironment environment;
  const Data data = make_data(c, seed, values);
  if (c.finish.addend_column_stride != 0 || c.row_addend) c.finish.addend = data.addend.data();
  const std::vector<float> reference = expected(c, data);
  for (const Kernels* kernels : present_kernels()) {
    for (unsigned threads = 1; threads <= 4; ++threads) {
      const auto at = first_difference(computed(c, data, *kernels, threads), reference);
      ASSERT_EQ(at, -1) << c.rows << "x" << c.columns << "x" << c.depth << " segment " << c.segment
                        << " tile " << kernels->tile_rows << " threads " << threads
                        << " transposed " << c.a_transposed << c.b_transposed;
    }
  }
}

TEST(Gemm, every_tail_of_rows_and_columns_has_the_bits_of_the_definition) {
  for (Index rows = 1; rows <= 30; ++rows) {
    for (const Index columns : {1, 2, 7, 8, 15, 16, 17, 31, 32, 33, 49, 70}) {
      expect_equal_everywhere({.rows = rows, .columns = columns, .depth = 9}, 11,
                              tests::Values::ordinary);
      expect_equal_everywhere({.rows = rows, .columns = columns, .depth = 9, .b_transposed = true},
                              12, tests::Values::ordinary);
    }
  }
}

TEST(Gemm, every_segment_length_has_the_bits_of_the_definition) {
  for (const Index segment : {1, 7, 255, 256, 257, 300, 384, 385, 600, 1100, 5000}) {
    for (const Index rows : {3, 40}) {
      expect_equal_everywhere({.rows = rows, .columns = 37, .depth = 1030, .segment = segment}, 21,
                              tests::Values::ordinary);
    }
  }
}

TEST(Gemm, few_rows_have_the_bits_of_the_definition) {
  for (const Index rows : {2, 5, 8, 11, 16}) {
    for (const Index depth : {7, 8, 31, 32, 41, 300, 555}) {
      expect_equal_everywhere({.rows = rows, .columns = 75, .depth = depth, .segment = 269}, 23,
                              tests::Values::special);
    }
  }
}

TEST(Gemm, the_longest_segment_does_not_overflow) {
  expect_equal_everywhere({.rows = 13, .columns = 5, .depth = 700, .segment = PTRDIFF_MAX}, 22,
                          tests::Values::ordinary);
}

TEST(Gemm, depth_zero_gives_plus_zero) {
  expect_equal_everywhere({.rows = 5, .columns = 40, .depth = 0}, 31, tests::Values::ordinary);
}

TEST(Gemm, blocks_larger_than_the_caches_have_the_bits_of_the_definition) {
  expect_equal_everywhere({.rows = 500, .columns = 70, .depth = 600}, 41, tests::Values::ordinary);
  expect_equal_everywhere({.rows = 20, .columns = 4200, .depth = 20, .segment = 8}, 42,
                          tests::Values::ordinary);
  expect_equal_everywhere({.rows = 150, .columns = 70, .depth = 2600}, 44, tests::Values::ordinary);
  expect_equal_everywhere(
      {.rows = 260, .columns = 300, .depth = 1500, .segment = 700, .a_transposed = true}, 43,
      tests::Values::ordinary);
}

TEST(Gemm, special_values_have_the_bits_of_the_definition) {
  for (std::uint64_t seed = 50; seed < 70; ++seed) {
    for (const Index rows : {2, 19}) {
      expect_equal_everywhere({.rows = rows, .columns = 50, .depth = 300}, seed,
                              tests::Values::special);
      expect_equal_everywhere({.rows = rows, .columns = 50, .depth = 300}, seed,
                              tests::Values::tiny);
    }
  }
}

TEST(Gemm, an_accumulator_that_underflows_to_minus_zero_keeps_its_sign) {
  // fma(-2^-100, 2^-60, +0) = -0; a (+0)*(+0) of padding after it would give +0.
  const std::vector<float> a{-0x1p-100F};
  const std::vector<float> b{0x1p-60F};
  for (const Kernels* kernels : present_kernels()) {
    const MatrixColumns columns(b.data(), 1, 1);
    float c = 1.0F;
    Scratch scratch;
    run_gemm({.rows = 1,
              .columns = 1,
              .depth = 1,
              .segment = 256,
              .a = a.data(),
              .a_row_stride = 1,
              .a_depth_stride = 1,
              .b = &columns,
              .c = &c,
              .c_stride = 1,
              .finish = {}},
             *kernels, scratch);
    EXPECT_EQ(std::bit_cast<std::uint32_t>(c), 0x80000000U);
  }
}

RC_GTEST_PROP(Gemm, any_product_has_the_bits_of_the_definition, ()) {
  Case c;
  c.rows = *rc::gen::inRange<Index>(1, 60);
  c.columns = *rc::gen::inRange<Index>(1, 90);
  c.depth = *rc::gen::inRange<Index>(0, 320);
  c.segment = *rc::gen::element<Index>(1, 3, 7, 64, 256, 300, 1000);
  c.a_transposed = *rc::gen::arbitrary<bool>();
  c.b_transposed = *rc::gen::arbitrary<bool>();
  c.padding = *rc::gen::inRange<Index>(0, 5);
  c.finish.alpha = *rc::gen::element(1.0F, -0.5F, 3.0F, 0.0F);
  c.finish.beta = *rc::gen::element(1.0F, 0.0F, -1.7F);
  const int addend = *rc::gen::inRange(0, 3);
  c.finish.addend_column_stride = addend == 1 ? 1 : 0;
  c.row_addend = addend == 2;
  c.finish.addend_row_stride = addend == 2 ? 1 : 0;
  const auto values =
      *rc::gen::element(tests::Values::ordinary, tests::Values::special, tests::Values::tiny);
  expect_equal_everywhere(c, *rc::gen::arbitrary<std::uint32_t>(), values);
  RC_ASSERT(!::testing::Test::HasFatalFailure());
}

}  // namespace
}  // namespace isotrace::backends::cpu
