// The oracle of `isotrace selftest math` against MPFR itself, and that a wrong bit is found.
#include <gtest/gtest.h>

#include <bit>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/tools/selftest/math_samples64.hpp>
#include <isotrace/tools/selftest/oracle.hpp>

namespace isotrace::tools {
namespace {

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

/// Every argument is visited once, in order, and 300 of them have MPFR's result.
void expect_sweep_right(const OracleFunction& function, std::uint32_t first) {
  Oracle oracle(function);
  MpfrFunction mpfr(function);
  core::PhiloxStream random(first);
  std::uint32_t next = first;
  std::uint32_t looked_at = 0;
  oracle.sweep(first, [&](std::uint32_t at, std::span<const float> expected) {
    ASSERT_EQ(at, next);
    next += static_cast<std::uint32_t>(expected.size());
    if (random.next_below(Oracle::sweep_size / 300) > expected.size()) return;
    const auto i = static_cast<std::uint32_t>(random.next_below(expected.size()));
    ++looked_at;
    ASSERT_EQ(bits_of(expected[i]), bits_of(mpfr.rounded(std::bit_cast<float>(at + i))))
        << function.name << " of bits 0x" << std::hex << at + i;
  });
  EXPECT_EQ(next, first + Oracle::sweep_size);
  EXPECT_GT(looked_at, 50U);
}

class MathOracle : public ::testing::TestWithParam<OracleFunction> {
 protected:
  core::FloatEnvironment environment_;
};

TEST_P(MathOracle, sweeps_give_what_mpfr_gives) {
  for (const std::uint32_t first : {0x00000000U, 0x3F000000U, 0x41000000U, 0x7F800000U}) {
    expect_sweep_right(GetParam(), first);
  }
  if (GetParam().symmetry == Symmetry::none) expect_sweep_right(GetParam(), 0xBE800000);
}

INSTANTIATE_TEST_SUITE_P(Functions, MathOracle, ::testing::ValuesIn(oracle_functions()),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(MathCheck, the_functions_of_this_machine_are_right) {
  for (const std::string& name : math_function_names()) {
    for (const MathRow& row : check_samples(name, 2000).rows) {
      EXPECT_EQ(row.wrong, 0U) << name << " " << row.implementation;
      EXPECT_GT(row.checked, 5000U);
    }
  }
  EXPECT_EQ(check_samples("pow", 2000).rows.at(0).wrong, 0U);
}

TEST(MathCheck, the_functions_of_binary64_are_right) {
  const std::vector<MathReport> reports = check_samples64(2000);
  EXPECT_EQ(reports.size(), 18U);
  for (const MathReport& report : reports) {
    EXPECT_EQ(report.rows.at(0).wrong, 0U) << report.rows[0].function;
    EXPECT_GT(report.rows[0].checked, 5000U) << report.rows[0].function;
  }
}

void exp_with_one_wrong_bit(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    y[i] = reference::exp(x[i]);
    if (x[i] == 1) y[i] = std::bit_cast<float>(bits_of(y[i]) ^ 1);
  }
}

void sine_without_the_sign_of_zero(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = reference::sin(x[i]) + 0.0F;
}

TEST(MathCheck, finds_one_wrong_bit) {
  const MathRow row = check_samples("exp", 0, {{"wrong", &exp_with_one_wrong_bit}}).rows.at(0);
  EXPECT_GT(row.wrong, 0U);
  EXPECT_EQ(row.first_wrong, 0x3F800000U);
}

TEST(MathCheck, finds_a_lost_sign_of_zero) {
  const MathRow row =
      check_samples("sin", 0, {{"wrong", &sine_without_the_sign_of_zero}}).rows.at(0);
  EXPECT_GT(row.wrong, 0U);
  EXPECT_EQ(row.first_wrong, 0x80000000U);
}

}  // namespace
}  // namespace isotrace::tools
