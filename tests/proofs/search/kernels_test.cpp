#include <gtest/gtest.h>

#include <bit>
#include <numeric>

#include <isotrace/core/philox.hpp>
#include <isotrace/proofs/search/kernels.hpp>

#include "networks.hpp"

namespace isotrace::proofs::search {
namespace {

/// The versions that this processor runs.
std::vector<const Kernels*> versions() {
  std::vector<const Kernels*> found = {&portable_kernels};
  if (__builtin_cpu_supports("avx2")) found.push_back(&avx2_kernels);
  if (__builtin_cpu_supports("avx512f")) found.push_back(&avx512_kernels);
  return found;
}

std::vector<double> doubles(core::PhiloxStream& random, std::size_t count) {
  const std::vector<float> values = tests::uniforms(random, count);
  std::vector<double> made(values.begin(), values.end());
  for (double& value : made) value = value * 3 + 0x1p-40;
  return made;
}

TEST(SearchKernels, products_have_the_bits_of_the_plain_loop) {
  core::PhiloxStream random(11);
  for (const std::size_t rows : {1U, 2U, 3U, 7U, 8U, 19U}) {
    const auto a = doubles(random, rows * 24);
    const auto b = doubles(random, 24 * 32);
    const std::vector<std::uint32_t> index = {0, 3, 4, 9, 17, 23};
    std::vector<double> expected(rows * 32, 0);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t j = 0; j < 32; ++j) {
        for (const std::uint32_t k : index) expected[r * 32 + j] += a[r * 24 + k] * b[k * 32 + j];
      }
    }
    for (const Kernels* kernels : versions()) {
      std::vector<double> c(rows * 32, -1);
      kernels->multiply({a.data(), 24, b.data(), 32, c.data(), 32, rows, 32, index.data(), 6});
      EXPECT_EQ(c, expected) << kernels->name << " rows " << rows;
    }
  }
}

TEST(SearchKernels, sparse_products_have_the_bits_of_the_plain_loop) {
  core::PhiloxStream random(14);
  constexpr std::size_t inner = 27;
  for (const std::size_t rows : {1U, 2U, 3U, 16U, 17U, 32U, 33U, 40U, 51U}) {
    auto a = doubles(random, rows * inner);
    std::vector<std::size_t> start = {0};
    std::vector<std::uint32_t> columns;
    for (std::size_t i = 0; i < inner; ++i) {
      for (std::uint32_t j = 0; j < 16; ++j) {
        if (random.next_below(3) == 0) columns.push_back(j);
      }
      start.push_back(columns.size());
      if (i % 5 == 2) {
        for (std::size_t r = 0; r < rows; ++r) a[r * inner + i] = 0;
      }
    }
    const auto weights = doubles(random, columns.size());
    std::vector<double> expected(rows * 16, 0);
    for (std::size_t r = 0; r < rows; ++r) {
      for (std::size_t i = 0; i < inner; ++i) {
        for (std::size_t q = start[i]; q < start[i + 1]; ++q) {
          expected[r * 16 + columns[q]] += a[r * inner + i] * weights[q];
        }
      }
    }
    for (const Kernels* kernels : versions()) {
      std::vector<double> c(rows * 16, -1);
      std::vector<double> scratch(sparse_scratch(16), -1);
      kernels->multiply_sparse({a.data(), inner, start.data(), columns.data(), weights.data(),
                                inner, c.data(), 16, rows, 16, scratch.data()});
      EXPECT_EQ(c, expected) << kernels->name << " rows " << rows;
    }
  }
}

TEST(SearchKernels, all_versions_agree_bit_for_bit) {
  core::PhiloxStream random(12);
  const auto row = doubles(random, 64);
  const auto p = doubles(random, 64);
  const auto q = doubles(random, 64);
  const auto s = doubles(random, 64);
  const auto t = doubles(random, 64);
  const auto shift = portable_kernels.shift(row.data(), p.data(), q.data(), 64);
  const auto least = portable_kernels.least(row.data(), p.data(), q.data(), 64);
  auto relaxed = row;
  const auto cost = portable_kernels.relax(
      {relaxed.data(), p.data(), t.data(), q.data(), s.data(), relaxed.size()});
  for (const Kernels* kernels : versions()) {
    EXPECT_EQ(kernels->shift(row.data(), p.data(), q.data(), 64), shift) << kernels->name;
    EXPECT_EQ(kernels->least(row.data(), p.data(), q.data(), 64), least) << kernels->name;
    auto own = row;
    EXPECT_EQ(kernels->relax({own.data(), p.data(), t.data(), q.data(), s.data(), own.size()}),
              cost);
    EXPECT_EQ(own, relaxed) << kernels->name;
  }
}

TEST(SearchKernels, sums_are_what_they_say) {
  const std::vector<double> row = {1, -2, 3, 0, 0, 0, 0, 0};
  const std::vector<double> low = {-1, -1, 2, 0, 0, 0, 0, 0};
  const std::vector<double> high = {1, 4, 5, 0, 0, 0, 0, 0};
  for (const Kernels* kernels : versions()) {
    EXPECT_EQ(kernels->least(row.data(), low.data(), high.data(), 8), -1 - 8 + 6);
    EXPECT_EQ(kernels->shift(row.data(), low.data(), high.data(), 8), 7 - (1 + 8 + 15));
    const std::vector<double> none(8, 0);
    std::vector<double> coefficients = row;
    EXPECT_EQ(
        kernels->relax({coefficients.data(), low.data(), none.data(), high.data(), low.data(), 8}),
        2);
    EXPECT_EQ(coefficients, (std::vector<double>{-1, -8, 6, 0, 0, 0, 0, 0}));
  }
}

TEST(SearchKernels, float_layers_agree_bit_for_bit) {
  core::PhiloxStream random(13);
  const auto x = tests::uniforms(random, 9);
  const auto w = tests::uniforms(random, 9 * 48);
  const auto bias = tests::uniforms(random, 48);
  std::vector<float> expected(48);
  for (std::size_t j = 0; j < 48; ++j) {
    for (std::size_t i = 0; i < 9; ++i) expected[j] += w[i * 48 + j] * x[i];
    expected[j] += bias[j];
  }
  for (const Kernels* kernels : versions()) {
    std::vector<float> y(48);
    kernels->affine({x.data(), 9, w.data(), bias.data(), y.data(), 48});
    EXPECT_EQ(y, expected) << kernels->name;
  }
}

}  // namespace
}  // namespace isotrace::proofs::search
