// [normalise.instance_normalization] [normalise.group_normalization]
// [normalise.mean_variance_normalization] [normalise.lp_normalization] [normalise.lrn]
// Also the statistics of LayerNormalization.
#include <tests/reference/support.hpp>

#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/functions.hpp>

namespace isotrace::reference {
namespace {

const Attribute no_epsilon{"epsilon", 0.0F};

Tensor reshaped(Tensor tensor, Shape shape) {
  tensor.reshape(std::move(shape));
  return tensor;
}

TEST(LayerNormalization, gives_mean_and_inverse_deviation_in_f32) {
  const auto outcome = call(Op::layer_normalization, {f32({2, 2}, {1, 5, 7, 7}), f32({1, 1})},
                            {{"epsilon", 4.0F}}, 3);
  // Deviations 2 and 0: 1 / sqrt(4 + 4) and 1 / sqrt(4).
  const float r = 1.0F / std::sqrt(8.0F);
  expect_results(outcome,
                 {f32({2, 2}, {-2 * r, 2 * r, 0, 0}), f32({2, 1}, {3, 7}), f32({2, 1}, {r, 0.5F})});
  const auto wide = call(Op::layer_normalization, {f64({1, 2}), f64({1, 1})}, {}, 2);
  ASSERT_TRUE(wide);
  EXPECT_EQ((*wide)[1].dtype(), core::Dtype::f32);
  EXPECT_EQ((*wide)[1].data<float>()[0], 1.5F);
}

TEST(InstanceNormalization, is_layer_normalization_of_every_channel) {
  core::PhiloxStream random(80);
  const Tensor x = random_f32({2, 3, 5, 7}, random);
  const Tensor scale = random_f32({3}, random);
  const Tensor bias = random_f32({3}, random);
  const auto expected =
      call(Op::layer_normalization, {x, reshaped(scale, {3, 1, 1}), reshaped(bias, {3, 1, 1})},
           {{"axis", std::int64_t{2}}});
  ASSERT_TRUE(expected);
  expect_results(call(Op::instance_normalization, {x, scale, bias}), *expected);
}

TEST(GroupNormalization, takes_statistics_over_the_channels_of_a_group) {
  core::PhiloxStream random(81);
  const Tensor x = random_f32({2, 6, 4}, random);
  const Tensor ones = f32(std::vector<float>(6, 1));
  const Tensor zeros = f32(std::vector<float>(6, 0));
  const auto rows = call(Op::layer_normalization, {reshaped(x, {4, 12}), f32({1}), f32({0})});
  ASSERT_TRUE(rows);
  expect_result(call(Op::group_normalization, {x, ones, zeros}, {{"num_groups", std::int64_t{2}}}),
                reshaped(rows->front(), {2, 6, 4}));
  const Tensor scale = random_f32({6}, random);
  const auto single = call(Op::instance_normalization, {x, scale, zeros});
  ASSERT_TRUE(single);
  expect_results(
      call(Op::group_normalization, {x, scale, zeros}, {{"num_groups", std::int64_t{6}}}), *single);
}

TEST(GroupNormalization, refuses_what_does_not_divide) {
  const Tensor x = f32({1, 3, 1}, {1, 2, 3});
  const Tensor three = f32({1, 1, 1});
  const auto groups = [&](std::int64_t count) {
    return call(Op::group_normalization, {x, three, three}, {{"num_groups", count}});
  };
  expect_refused(groups(2), RefusalCode::shape_mismatch, "GroupNormalization");
  expect_refused(groups(0), RefusalCode::operation_attribute_invalid, "GroupNormalization");
  expect_refused(call(Op::instance_normalization, {x, f32({1}), three}),
                 RefusalCode::shape_mismatch, "InstanceNormalization");
  expect_refused(call(Op::instance_normalization, {three, three, three}),
                 RefusalCode::shape_mismatch, "InstanceNormalization");
}

TEST(GroupNormalization, empty_tensors) {
  const Tensor x(core::Dtype::f32, {2, 0, 3});
  const Tensor none(core::Dtype::f32, {0});
  expect_result(call(Op::instance_normalization, {x, none, none}), x);
  expect_result(call(Op::group_normalization, {x, none, none}, {{"num_groups", std::int64_t{3}}}),
                x);
}

TEST(MeanVarianceNormalization, over_the_axes_named) {
  const float q = 2.0F + 1e-9F;
  expect_result(
      call(Op::mean_variance_normalization, {f32({2, 2}, {1, 10, 5, 10})}, {{"axes", Ints{0}}}),
      f32({2, 2}, {-2 / q, 0, 2 / q, 0}));
  expect_refused(call(Op::mean_variance_normalization, {f32({1, 2})}, {{"axes", Ints{1}}}),
                 RefusalCode::operation_attribute_invalid, "MeanVarianceNormalization");
}

TEST(LpNormalization, both_norms_and_a_row_of_zeros) {
  const Tensor x = f32({2, 2}, {3, -4, 0, -0.0F});
  const auto norm = [&](std::int64_t p) {
    return call(Op::lp_normalization, {x}, {{"axis", std::int64_t{-1}}, {"p", p}});
  };
  expect_result(norm(2), f32({2, 2}, {3.0F / 5.0F, -4.0F / 5.0F, 0, 0}));
  expect_result(norm(1), f32({2, 2}, {3.0F / 7.0F, -4.0F / 7.0F, 0, 0}));
  expect_refused(norm(3), RefusalCode::operation_attribute_invalid, "LpNormalization");
}

TEST(Lrn, sums_neighbouring_channels) {
  const std::vector<Attribute> attributes = {
      {"alpha", 6.0F}, {"beta", 0.5F}, {"bias", 1.0F}, {"size", std::int64_t{2}}};
  // size 2: the channel itself and the next. alpha / size = 3: 1 + 3 * (1 + 4), 1 + 3 * (4 + 9),
  // 1 + 3 * 9.
  const auto quotient = [](float x, float b) { return x / pow(b, 0.5); };
  expect_result(call(Op::lrn, {f32({1, 3, 1}, {1, 2, 3})}, attributes),
                f32({1, 3, 1}, {quotient(1, 16), quotient(2, 40), quotient(3, 28)}));
  const auto wide = [](double x, double b) { return x / pow64(b, 0.5); };
  expect_result(call(Op::lrn, {Tensor::of<double>({1, 3, 1}, {1, 2, 3})}, attributes),
                Tensor::of<double>({1, 3, 1}, {wide(1, 16), wide(2, 40), wide(3, 28)}));
  for (const std::int64_t size : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40}) {
    expect_refused(call(Op::lrn, {f32({1, 1, 1}, {1})}, {{"size", size}}),
                   RefusalCode::operation_attribute_invalid, "LRN");
  }
  expect_refused(call(Op::lrn, {f32({1})}, attributes), RefusalCode::shape_mismatch, "LRN");
}

}  // namespace
}  // namespace isotrace::reference
