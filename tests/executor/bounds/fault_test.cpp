// Faults that engines have had: each is found, at its element.
#include <cmath>

#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();

Floats floats_of(const Tensor& tensor) {
  return {tensor.data<float>().begin(), tensor.data<float>().end()};
}

void expect_outside_at(const TensorJudgement& judged, std::uint64_t element) {
  EXPECT_EQ(judged.agreement, Agreement::outside);
  ASSERT_TRUE(judged.worst.has_value());
  EXPECT_EQ(judged.worst->element, element);
  EXPECT_GT(judged.worst->ratio, 1);
}

struct Product {
  Floats a;
  Floats b;
  std::int64_t m = 8;
  std::int64_t k = 64;
  std::int64_t n = 8;

  explicit Product(std::uint64_t seed) {
    core::PhiloxStream random(seed, 0);
    a = draw(Draw::plain, 512, random);
    b = draw(Draw::plain, 512, random);
  }
  [[nodiscard]] Bounded bounded() const {
    return bound_of(make_node(Op::matmul), {tensor_of({m, k}, a), tensor_of({k, n}, b)});
  }
};

TEST(Faults, OneWrongElementIsFound) {
  const Bounded bounded = Product(21).bounded();
  Floats y = floats_of(bounded.canonical[0]);
  y[37] *= 1.001F;
  const TensorJudgement judged = bounded.judge(y);
  expect_outside_at(judged, 37);
  EXPECT_EQ(judged.outside, 1U);
  EXPECT_EQ(judged.differing, 1U);
}

TEST(Faults, ADroppedTermIsFound) {
  const Product product(22);
  const Bounded bounded = product.bounded();
  Floats y = floats_of(bounded.canonical[0]);
  y[9] -= product.a[64 + 63] * product.b[63 * 8 + 1];  // row 1, column 1, the last k
  expect_outside_at(bounded.judge(y), 9);
}

TEST(Faults, OperandsCutToTenBitsAreFound) {
  Product product(23);
  const Bounded bounded = product.bounded();
  const auto cut = [](Floats& values) {
    for (float& v : values) v = std::bit_cast<float>(std::bit_cast<std::uint32_t>(v) & 0xFFFFE000U);
  };
  cut(product.a);
  cut(product.b);
  EXPECT_EQ(bounded.judge(floats_of(product.bounded().canonical[0])).agreement, Agreement::outside);
}

TEST(Faults, AnotherPaddingIsFoundAtTheBorder) {
  core::PhiloxStream random(24, 0);
  const Floats x = draw(Draw::plain, 32, random);
  const Operands operands = {tensor_of({1, 1, 32}, x), tensor_of({1, 1, 3}, {0.5F, -0.25F, 0.75F})};
  const auto conv = [](std::int64_t begin, std::int64_t end) {
    return make_node(Op::conv, {{"pads", std::vector<std::int64_t>{begin, end}}});
  };
  const Bounded bounded = bound_of(conv(1, 1), operands);
  Floats edge = floats_of(bounded.canonical[0]);
  edge[0] += 0.5F * x[0];  // the border repeated in place of zeros
  expect_outside_at(bounded.judge(edge), 0);
  const Floats moved = floats_of(bound_of(conv(2, 0), operands).canonical[0]);
  EXPECT_EQ(bounded.judge(moved).agreement, Agreement::outside);
}

TEST(Faults, NanAndInfinityNeverSlipThrough) {
  const Bounded bounded = Product(25).bounded();
  for (const float wrong : {std::nanf(""), infinite, -infinite}) {
    Floats y = floats_of(bounded.canonical[0]);
    y[5] = wrong;
    expect_outside_at(bounded.judge(y), 5);
  }
  // And where they belong, nothing else will do.
  const Bounded special = bound_of(make_node(Op::add), {tensor_of({3}, {infinite, -1, infinite}),
                                                        tensor_of({3}, {1, -infinite, -infinite})});
  EXPECT_EQ(special.judge(Floats{infinite, -infinite, std::nanf("")}).agreement, Agreement::equal);
  expect_outside_at(special.judge(Floats{-infinite, -infinite, std::nanf("")}), 0);
  expect_outside_at(special.judge(Floats{infinite, -3e38F, std::nanf("")}), 1);
  expect_outside_at(special.judge(Floats{infinite, -infinite, 0}), 2);
}

TEST(Faults, InfinityIsAMatterOfRoundingAtTheGreatestNumberAlone) {
  const float greatest = std::numeric_limits<float>::max();
  // The exact sum lies half-way between the greatest number and the next power of two.
  const Bounded edge =
      bound_of(make_node(Op::add), {tensor_of({1}, {greatest}), tensor_of({1}, {0x1p103F})});
  EXPECT_NE(edge.judge(Floats{infinite}).agreement, Agreement::outside);
  EXPECT_NE(edge.judge(Floats{greatest}).agreement, Agreement::outside);
  EXPECT_EQ(edge.judge(Floats{-infinite}).agreement, Agreement::outside);
  const Bounded far = bound_of(make_node(Op::mul), {tensor_of({1}, {1e38F}), tensor_of({1}, {2})});
  EXPECT_EQ(far.judge(Floats{infinite}).agreement, Agreement::outside);
}

TEST(Faults, WhatMayOverflowOnTheWayHasNoBound) {
  const Bounded bounded = bound_of(make_node(Op::matmul), {tensor_of({1, 3}, {1e30F, -1e30F, 1}),
                                                           tensor_of({3, 1}, {1e10F, 1e10F, 2})});
  EXPECT_EQ(bounded.judge(Floats{7}).agreement, Agreement::unbounded);
}

TEST(Faults, WhatComputesNothingMustHaveTheSameBits) {
  core::PhiloxStream random(26, 0);
  const Floats x = draw(Draw::plain, 16, random);
  const Bounded relu = bound_of(make_node(Op::relu), {tensor_of({16}, x)});
  ASSERT_TRUE(relu.bounds[0].exact);
  Floats y = floats_of(relu.canonical[0]);
  EXPECT_EQ(relu.judge(y).agreement, Agreement::equal);
  y[3] = std::nextafter(y[3], 10.0F);
  expect_outside_at(relu.judge(y), 3);
  const Bounded moved =
      bound_of(make_node(Op::transpose, {{"perm", std::vector<std::int64_t>{1, 0}}}),
               {tensor_of({4, 4}, x)});
  EXPECT_EQ(moved.judge(tensor_of({4, 4}, x)).agreement, Agreement::outside);
}

TEST(Faults, AnotherShapeIsOutside) {
  const Bounded relu = bound_of(make_node(Op::relu), {tensor_of({4}, {1, 2, 3, 4})});
  const TensorJudgement judged = relu.judge(tensor_of({2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(judged.agreement, Agreement::outside);
  EXPECT_EQ(judged.mismatch, "f32[2,2], f32[4] expected");
}

TEST(Faults, OperationsWithoutADerivationAreRefusedByName) {
  const Node det = make_node(Op::det);
  EXPECT_EQ(refusal_of(det, {tensor_of({2, 2}, {1, 2, 3, 4})}), core::RefusalCode::bound_unknown);
}

Tensor bytes_of(const std::vector<std::uint8_t>& values) {
  return Tensor::of<std::uint8_t>({static_cast<std::int64_t>(values.size())},
                                  std::span<const std::uint8_t>(values));
}

TEST(Faults, QuantisedResultsMayDifferByTheirTiesAlone) {
  const Floats x = {0.5F, 1.5F, 2.5F, 0.3F, 100.0F, 1000.0F};
  const Bounded bounded = bound_of(
      make_node(Op::quantize_linear),
      {tensor_of({6}, x), tensor_of({}, {1.0F}), Tensor::of<std::uint8_t>({}, {std::uint8_t{10}})});
  // To nearest even 0, 2, 2; halves away from zero 1, 2, 3.
  EXPECT_EQ(bounded.judge(bytes_of({10, 12, 12, 10, 110, 255})).agreement, Agreement::equal);
  EXPECT_EQ(bounded.judge(bytes_of({11, 12, 13, 10, 110, 255})).agreement, Agreement::within);
  expect_outside_at(bounded.judge(bytes_of({10, 12, 12, 11, 110, 255})), 3);
  expect_outside_at(bounded.judge(bytes_of({10, 12, 12, 10, 109, 255})), 4);
  expect_outside_at(bounded.judge(bytes_of({10, 12, 12, 10, 110, 254})), 5);
}

}  // namespace
}  // namespace isotrace::tests
