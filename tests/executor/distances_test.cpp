#include <gtest/gtest.h>

#include <cmath>

#include <isotrace/executor/distances.hpp>

namespace isotrace::tests {
namespace {

using core::Tensor;
using executor::measure_distances;

TEST(Distances, CountUlpsInBucketsAndSpecialValuesApart) {
  const float one = 1;
  const auto up = [&](std::uint32_t ulps) {
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(one) + ulps);
  };
  const Tensor a = Tensor::of<float>({9}, {one, 0.0F, one, one, one, one, NAN, INFINITY, INFINITY});
  const Tensor b =
      Tensor::of<float>({9}, {one, -0.0F, up(1), up(3), up(4), up(65536), one, one, -INFINITY});
  const auto found = measure_distances(a, b);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->elements, (std::array<std::uint64_t, 8>{2, 1, 1, 1, 0, 0, 1, 0}));
  EXPECT_EQ(found->nans, 1U);
  EXPECT_EQ(found->infinities, 2U);
  EXPECT_EQ(found->largest, 65536U);
  EXPECT_EQ(measure_distances(b, a), found);
}

TEST(Distances, OfIntegersAreDifferencesOverTheWholeRange) {
  constexpr auto low = std::numeric_limits<std::int64_t>::min();
  constexpr auto high = std::numeric_limits<std::int64_t>::max();
  const auto wide = measure_distances(Tensor::of<std::int64_t>({2}, {low, 5}),
                                      Tensor::of<std::int64_t>({2}, {high, 5}));
  EXPECT_EQ(wide->largest, ~std::uint64_t{0});
  EXPECT_EQ(wide->elements, (std::array<std::uint64_t, 8>{1, 0, 0, 0, 0, 0, 0, 1}));
  const auto bytes = measure_distances(Tensor::of<std::int8_t>({2}, {-128, 1}),
                                       Tensor::of<std::int8_t>({2}, {127, 0}));
  EXPECT_EQ(bytes->largest, 255U);
  EXPECT_EQ(bytes->elements[1], 1U);
}

TEST(Distances, OfNarrowFloatsAreInTheirOwnUlps) {
  const auto found = measure_distances(Tensor::of<core::Half>({2}, {{0x3C00}, {0x7C00}}),
                                       Tensor::of<core::Half>({2}, {{0x3C02}, {0x7BFF}}));
  EXPECT_EQ(found->elements[2], 1U);
  EXPECT_EQ(found->infinities, 1U);
}

}  // namespace
}  // namespace isotrace::tests
