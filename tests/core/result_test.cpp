#include <gtest/gtest.h>

#include <isotrace/core/check.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/core/verdict.hpp>

namespace isotrace::core {
namespace {

Result<int> half_of(int value) {
  if (value % 2 != 0) return refuse(RefusalCode::value_out_of_range, "value", "odd");
  return value / 2;
}

Result<int> quarter_of(int value) {
  ISOTRACE_TRY(const int half, half_of(value));
  ISOTRACE_TRY(const int quarter, half_of(half));
  return quarter;
}

Result<Done> check_even(int value) {
  ISOTRACE_TRY_DONE(half_of(value));
  return Done{};
}

TEST(Result, try_gives_the_value_or_returns_the_refusal) {
  EXPECT_EQ(quarter_of(8), 2);
  EXPECT_FALSE(quarter_of(6).has_value());
  EXPECT_EQ(quarter_of(7).error().code, RefusalCode::value_out_of_range);
  EXPECT_EQ(quarter_of(7).error().detail, "odd");
  EXPECT_TRUE(check_even(2).has_value());
  EXPECT_FALSE(check_even(3).has_value());
}

TEST(Result, try_moves_values_that_cannot_be_copied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(5); };
  const auto use = [&]() -> Result<int> {
    ISOTRACE_TRY(const std::unique_ptr<int> pointer, make());
    return *pointer;
  };
  EXPECT_EQ(use(), 5);
}

TEST(Result, refuse_within_prefixes_the_place) {
  const auto outer = refuse_within("file", half_of(1).error());
  EXPECT_EQ(outer.value().where, "file: value");
  EXPECT_EQ(refuse_within("file", {RefusalCode::trace_malformed, {}, {}}).value().where, "file");
}

TEST(CheckDeathTest, failed_check_names_expression_and_values) {
  EXPECT_DEATH(ISOTRACE_CHECK(1 > 2, 42, "seven"), "1 > 2.*42 seven");
}

TEST(Verdict, kinds_have_names_and_only_accepted_is_accepted) {
  EXPECT_TRUE(Verdict::accept().accepted());
  EXPECT_FALSE(Verdict::reject("no").accepted());
  EXPECT_FALSE(Verdict::leave_undecided("time").accepted());
  EXPECT_FALSE(Verdict{}.accepted());
  EXPECT_EQ(verdict_name(Verdict::reject("no").kind), "rejected");
  EXPECT_EQ(verdict_name(Verdict::accept().kind), "accepted");
  EXPECT_EQ(verdict_name(Verdict{}.kind), "undecided");
}

}  // namespace
}  // namespace isotrace::core
