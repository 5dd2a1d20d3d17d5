// [normalise.softmax] [normalise.log_softmax] [normalise.batch_normalization]
// [normalise.layer_normalization]
#include <tests/reference/support.hpp>

#include <isotrace/reference/math/binary64.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/reduce.hpp>

namespace isotrace::reference {
namespace {

const Attribute flatten{"flatten", std::int64_t{1}};
Attribute axis(std::int64_t value) { return {"axis", value}; }

std::vector<float> softmax_row(const std::vector<float>& x, bool logarithm) {
  float m = x[0];
  for (float v : x) m = v > m ? v : m;
  std::vector<float> e;
  for (float v : x) e.push_back(exp(v - m));
  const float sum = reduce_sum<float>(e);
  std::vector<float> y;
  for (std::size_t i = 0; i < x.size(); ++i) {
    y.push_back(logarithm ? (x[i] - m) - log(sum) : e[i] / sum);
  }
  return y;
}

TEST(Softmax, divides_each_exponential_by_their_sum) {
  core::PhiloxStream random(40);
  for (std::size_t n : {1U, 10U, 33U, 5000U}) {
    const auto x = random_values(n, random);
    expect_result(call(Op::softmax, {f32(x)}), f32(softmax_row(x, false)));
    expect_result(call(Op::log_softmax, {f32(x)}), f32(softmax_row(x, true)));
  }
}

TEST(Softmax, row_with_nan_or_without_finite_values_is_nan) {
  const Tensor x = f32({4, 2}, {1, quiet_nan(), -infinity, -infinity, infinity, 0, -infinity, 0});
  const float nan = quiet_nan();
  expect_result(call(Op::softmax, {x}), f32({4, 2}, {nan, nan, nan, nan, nan, nan, 0, 1}));
}

TEST(Softmax, axis_and_flattened_axis) {
  const Tensor x = f32({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 9});
  const auto first = softmax_row({1, 3}, false);
  const auto all = softmax_row({5, 6, 7, 9}, false);
  const auto along = call(Op::softmax, {x}, {axis(1)});
  ASSERT_TRUE(along);
  EXPECT_EQ((*along)[0].data<float>()[0], first[0]);
  EXPECT_EQ((*along)[0].data<float>()[2], first[1]);
  const auto flat = call(Op::softmax, {x}, {axis(1), flatten});
  ASSERT_TRUE(flat);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ((*flat)[0].data<float>()[4 + i], all[i]);
  expect_result(call(Op::softmax, {f32({1, 2})}, {axis(1), flatten}), f32({1, 1}));
}

TEST(Softmax, appended_minus_infinity_changes_nothing) {
  const auto short_row = call(Op::softmax, {f32({1, 2, 3})});
  ASSERT_TRUE(short_row);
  const auto y = (*short_row)[0].data<float>();
  expect_result(call(Op::softmax, {f32({1, 2, 3, -infinity})}), f32({y[0], y[1], y[2], 0}));
}

TEST(Softmax, refuses_axes_and_types) {
  expect_refused(call(Op::softmax, {f32({1})}, {axis(1)}), RefusalCode::operation_attribute_invalid,
                 "Softmax");
  expect_refused(call(Op::softmax, {f32({1})}, {axis(2), flatten}),
                 RefusalCode::operation_attribute_invalid, "Softmax");
  expect_refused(call(Op::log_softmax, {i32({1})}), RefusalCode::operation_dtype_unsupported,
                 "LogSoftmax");
}

TEST(Softmax, of_f64_is_its_sequence) {
  const double e = exp64(-1);
  expect_result(call(Op::softmax, {f64({2, 1})}, {axis(0)}), f64({1 / (1 + e), e / (1 + e)}));
  expect_result(call(Op::log_softmax, {f64({2, 1})}, {axis(0)}),
                f64({0 - log64(1 + e), -1 - log64(1 + e)}));
}

TEST(LogSoftmax, of_one_element_is_zero) {
  expect_result(call(Op::log_softmax, {f32({5})}), f32_bits({1}, {0}));
}

TEST(BatchNormalization, is_one_fma_after_the_scaling) {
  core::PhiloxStream random(41);
  const Tensor x = random_f32({2, 3, 4}, random);
  const Tensor scale = random_f32({3}, random);
  const Tensor bias = random_f32({3}, random);
  const Tensor mean = random_f32({3}, random);
  const Tensor variance = f32({0.5F, 2, 0});
  const float epsilon = 1e-3F;
  std::vector<float> expected;
  for (std::size_t i = 0; i < 24; ++i) {
    const std::size_t c = i / 4 % 3;
    const float d = x.data<float>()[i] - mean.data<float>()[c];
    const float r = 1.0F / std::sqrt(variance.data<float>()[c] + epsilon);
    const float scaled = d * r;
    expected.push_back(std::fma(scaled, scale.data<float>()[c], bias.data<float>()[c]));
  }
  expect_result(
      call(Op::batch_normalization, {x, scale, bias, mean, variance}, {{"epsilon", epsilon}}),
      f32({2, 3, 4}, expected));
}

TEST(BatchNormalization, half_data_may_have_f32_parameters) {
  expect_result(
      call(Op::batch_normalization, {f16_bits({0x4000}), f32({3}), f32({1}), f32({1}), f32({1})},
           {{"epsilon", 0.0F}}),
      f16_bits({0x4400}));
  expect_refused(call(Op::batch_normalization, {f32({1}), f64({1}), f32({1}), f32({1}), f32({1})}),
                 RefusalCode::operation_dtype_unsupported, "BatchNormalization");
}

TEST(BatchNormalization, refuses_parameters_of_another_size) {
  const Tensor two = f32({1, 2});
  const Tensor x = f32({1, 2}, {1, 2});
  expect_refused(call(Op::batch_normalization, {x, two, two, f32({1}), two}),
                 RefusalCode::shape_mismatch, "BatchNormalization");
  expect_refused(call(Op::batch_normalization, {f32(Shape{}, {1}), two, two, two, two}),
                 RefusalCode::shape_mismatch, "BatchNormalization");
}

TEST(LayerNormalization, follows_the_sequence) {
  core::PhiloxStream random(42);
  for (std::size_t n : {1U, 40U, 4500U}) {
    const auto x = random_values(n, random);
    const auto scale = random_values(n, random);
    const auto bias = random_values(n, random);
    const auto count = static_cast<float>(n);
    const float mean = reduce_sum<float>(x) / count;
    auto d = x;
    for (float& v : d) v -= mean;
    const float variance =
        reduce_with<float>(n,
                           [&d](float lane, std::size_t i) { return std::fma(d[i], d[i], lane); }) /
        count;
    const float r = 1.0F / std::sqrt(variance + 1e-5F);
    std::vector<float> with_bias;
    std::vector<float> without;
    for (std::size_t i = 0; i < n; ++i) {
      const float scaled = d[i] * r;
      with_bias.push_back(std::fma(scaled, scale[i], bias[i]));
      without.push_back(scaled * scale[i]);
    }
    expect_result(call(Op::layer_normalization, {f32(x), f32(scale), f32(bias)}), f32(with_bias));
    expect_result(call(Op::layer_normalization, {f32(x), f32(scale)}), f32(without));
  }
}

TEST(LayerNormalization, normalises_all_axes_from_the_one_named) {
  core::PhiloxStream random(43);
  const auto values = random_values(12, random);
  const Tensor ones = f32(std::vector<float>(6, 1));
  const auto flat = call(Op::layer_normalization, {f32({2, 6}, values), ones});
  ASSERT_TRUE(flat);
  Tensor expected = (*flat)[0];
  expected.reshape({2, 2, 3});
  Tensor scale = ones;
  scale.reshape({2, 3});
  expect_result(call(Op::layer_normalization, {f32({2, 2, 3}, values), scale}, {axis(1)}),
                expected);
  expect_result(call(Op::layer_normalization, {f32({2, 2, 3}, values), f32({1})}, {axis(-2)}),
                expected);
}

TEST(LayerNormalization, refuses_parameters_that_do_not_broadcast) {
  expect_refused(call(Op::layer_normalization, {f32({1, 2}), f32({1, 2, 3})}),
                 RefusalCode::shape_mismatch, "LayerNormalization");
  expect_refused(call(Op::layer_normalization, {f32({1, 2}), f32({1, 2})}, {axis(1)}),
                 RefusalCode::operation_attribute_invalid, "LayerNormalization");
}

}  // namespace
}  // namespace isotrace::reference
