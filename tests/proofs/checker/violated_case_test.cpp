// Membership in the unsafe region, exactly: no tolerance, strictness, NaN and infinities.
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <isotrace/proofs/checker/property.hpp>

namespace isotrace::proofs {
namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();

Property property(std::string_view assertions) {
  auto parsed =
      parse_vnnlib("(declare-const X_0 Real)(declare-const Y_0 Real)(declare-const Y_1 Real)" +
                   std::string(assertions));
  EXPECT_TRUE(parsed.has_value());
  return parsed.value_or(Property{});
}

std::optional<std::size_t> find(const Property& p, float x, float y0, float y1) {
  const std::array<float, 1> inputs{x};
  const std::array<float, 2> outputs{y0, y1};
  return find_violated_case(p, inputs, outputs);
}

TEST(ViolatedCase, NoToleranceOnTheBox) {
  const Property p = property("(assert (>= X_0 0.4)) (assert (<= X_0 0.6)) (assert (<= Y_0 0.3))");
  const float below = 0.4F;  // 0.4000000059604645: inside
  EXPECT_EQ(find(p, below, 0, 0), 0U);
  EXPECT_EQ(find(p, std::nextafter(below, 0.0F), 0, 0), std::nullopt);
  EXPECT_EQ(find(p, 0.6F, 0, 0), std::nullopt) << "0.6F lies above 0.6";
  EXPECT_EQ(find(p, std::nextafter(0.6F, 0.0F), 0, 0), 0U);
}

TEST(ViolatedCase, StrictBoundsExcludeTheirEnd) {
  const Property p = property("(assert (> X_0 0)) (assert (< X_0 1)) (assert (< Y_0 Y_1))");
  EXPECT_EQ(find(p, 0, 0, 1), std::nullopt);
  EXPECT_EQ(find(p, -0.0F, 0, 1), std::nullopt);
  EXPECT_EQ(find(p, 1, 0, 1), std::nullopt);
  EXPECT_EQ(find(p, 0.5F, 0, 1), 0U);
  EXPECT_EQ(find(p, 0.5F, 1, 1), std::nullopt);
  EXPECT_EQ(find(p, std::numeric_limits<float>::denorm_min(), 0, 1), 0U);
}

TEST(ViolatedCase, FirstCaseIsNamed) {
  const Property p = property(
      "(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (or (<= Y_0 0) (<= Y_1 5) (<= Y_1 6)))");
  EXPECT_EQ(find(p, 0, 1, 5.5F), 2U);
  EXPECT_EQ(find(p, 0, 1, 5), 1U);
  EXPECT_EQ(find(p, 0, 1, 7), std::nullopt);
}

TEST(ViolatedCase, NanSatisfiesNothing) {
  const Property p = property("(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (<= Y_0 1))");
  EXPECT_EQ(find(p, std::nanf(""), 0, 0), std::nullopt);
  EXPECT_EQ(find(p, 0, std::nanf(""), 0), std::nullopt);
  EXPECT_EQ(find(p, 0, 0, std::nanf("")), 0U) << "Y_1 does not stand in the row";
}

TEST(ViolatedCase, InfinitiesCompareAsExtendedReals) {
  const Property p =
      property("(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (<= (- Y_0 (* 2 Y_1)) 1))");
  EXPECT_EQ(find(p, infinity, 0, 0), std::nullopt);
  EXPECT_EQ(find(p, 0, infinity, 0), std::nullopt);
  EXPECT_EQ(find(p, 0, -infinity, 0), 0U);
  EXPECT_EQ(find(p, 0, 0, infinity), 0U);
  EXPECT_EQ(find(p, 0, infinity, infinity), std::nullopt) << "no sum";
}

TEST(ViolatedCase, SumsAreExact) {
  const Property p = property("(assert (>= X_0 0)) (assert (<= X_0 1)) (assert (< (+ Y_0 Y_1) 1))");
  EXPECT_EQ(find(p, 0, 1, -0x1p-149F), 0U) << "binary32 would round this sum to 1";
}

TEST(ViolatedCase, RowsOverInputsAreJudgedExactly) {
  const auto property = parse_vnnlib(
      "(declare-const X_0 Real) (declare-const X_1 Real) (declare-const Y_0 Real)"
      "(assert (<= 0 X_0 1)) (assert (<= 0 X_1 1)) (assert (< X_0 X_1)) (assert (<= Y_0 X_0))");
  ASSERT_TRUE(property);
  const float outputs[] = {0.5F};
  const float below[] = {0.5F, std::nextafter(0.5F, 1.0F)};
  EXPECT_TRUE(find_violated_case(*property, below, outputs));
  const float equal[] = {0.5F, 0.5F};
  EXPECT_FALSE(find_violated_case(*property, equal, outputs));
  const float low[] = {std::nextafter(0.5F, 0.0F), 1.0F};
  EXPECT_FALSE(find_violated_case(*property, low, outputs));
}

TEST(ViolatedCase, NegatedComparisonsHoldForNaN) {
  const char* const box = "(declare-const X_0 Real) (declare-const Y_0 Real) (assert (<= 0 X_0 1))";
  const auto negated = parse_vnnlib(std::string(box) + "(assert (not (<= Y_0 1)))");
  const auto plain = parse_vnnlib(std::string(box) + "(assert (> Y_0 1))");
  ASSERT_TRUE(negated && plain);
  const float input[] = {0.5F};
  const float nan[] = {std::nanf("")};
  EXPECT_TRUE(find_violated_case(*negated, input, nan));
  EXPECT_FALSE(find_violated_case(*plain, input, nan));
  const float infinite[] = {HUGE_VALF};
  EXPECT_TRUE(find_violated_case(*negated, input, infinite));
  const float one[] = {1.0F};
  EXPECT_FALSE(find_violated_case(*negated, input, one));
}

}  // namespace
}  // namespace isotrace::proofs
