// [reduce.arg_min] [reduce.prod] [reduce.l1] [reduce.l2] [reduce.log_sum] [reduce.log_sum_exp]
// [reduce.sum_square]
#include <isotrace/reference/math/binary64.hpp>
#include <tests/reference/support.hpp>

#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/reduce.hpp>

namespace isotrace::reference {
namespace {

constexpr auto int_min = std::numeric_limits<std::int32_t>::min();
const Attribute drop_axes{"keepdims", std::int64_t{0}};

Tensor scalar(float value) { return f32(Shape{}, {value}); }

TEST(ArgMin, chooses_nan_last_and_the_first_of_equals) {
  expect_result(call(Op::arg_min, {f32({quiet_nan(), 2, -0.0F, 0.0F})}), i64(Ints{2}));
  expect_result(call(Op::arg_min, {f32({0.0F, -0.0F})}, {{"select_last_index", std::int64_t{1}}}),
                i64(Ints{1}));
  expect_result(call(Op::arg_min, {f32({quiet_nan(), quiet_nan()})}), i64(Ints{0}));
  expect_result(
      call(Op::arg_min, {f32({2, 2}, {1, 5, 4, 0})}, {{"axis", std::int64_t{1}}, drop_axes}),
      i64({0, 1}));
  expect_refused(call(Op::arg_min, {f32({0, 2}, {})}), RefusalCode::shape_mismatch, "ArgMin");
}

/// The order of R with multiplication, written down a second time.
float product_by_definition(const std::vector<float>& x) {
  std::vector<float> parts;
  for (std::size_t first = 0; first == 0 || first < x.size(); first += 4096) {
    float l[32];
    for (float& lane : l) lane = 1;
    for (std::size_t i = first; i < std::min(x.size(), first + 4096); ++i) {
      l[(i - first) % 32] *= x[i];
    }
    for (int half : {16, 8, 4, 2, 1}) {
      for (int lane = 0; lane < half; ++lane) l[lane] *= l[lane + half];
    }
    parts.push_back(l[0]);
  }
  return parts.size() == 1 ? parts[0] : product_by_definition(parts);
}

TEST(ReduceProd, follows_the_order_of_sums) {
  core::PhiloxStream random(30);
  for (std::int64_t n : {0, 1, 5, 33, 100, 4096, 4097, 9000}) {
    std::vector<float> x;
    for (std::int64_t i = 0; i < n; ++i) x.push_back(0.875F + 0.25F * random.next_f32());
    expect_result(call(Op::reduce_prod, {f32({n}, x)}, {drop_axes}),
                  scalar(product_by_definition(x)));
  }
  expect_result(call(Op::reduce_prod, {f32({-0.0F})}), f32({-0.0F}));
  expect_result(call(Op::reduce_prod, {i32({int_min, 2})}), i32({0}));
  expect_result(call(Op::reduce_prod, {f32({2, 0}, {}), i64(Ints{1})}), f32({2, 1}, {1, 1}));
}

TEST(ReduceL1, adds_magnitudes) {
  expect_result(call(Op::reduce_l1, {f32({-3, 4, -0.0F})}), f32({7}));
  expect_result(call(Op::reduce_l1, {i32({-3, 4})}), i32(std::vector<std::int32_t>{7}));
  expect_result(call(Op::reduce_l1, {i32({int_min})}), i32({int_min}));
}

TEST(ReduceNorms, OverNoAxesTakeElementsForRows) {
  const std::vector<Attribute> none = {{"keepdims", std::int64_t{0}},
                                       {"noop_with_empty_axes", std::int64_t{1}}};
  const core::Tensor x = f32({2, 1}, {-3, 2});
  expect_result(call(Op::reduce_l1, {x}, none), f32({2, 1}, {3, 2}));
  expect_result(call(Op::reduce_l2, {x, i64(Ints{})}, none), f32({2, 1}, {3, 2}));
  expect_result(call(Op::reduce_sum_square, {x}, none), f32({2, 1}, {9, 4}));
  expect_result(call(Op::reduce_log_sum, {f32({2, 1}, {1, 0})}, none),
                f32({2, 1}, {0, -std::numeric_limits<float>::infinity()}));
  expect_result(call(Op::reduce_log_sum_exp, {x}, none), x);
  expect_result(call(Op::reduce_prod, {x}, none), x);
}

TEST(ReduceSumSquare, fuses_squares_into_the_lanes) {
  core::PhiloxStream random(31);
  const auto x = random_values(5000, random);
  const float expected = reduce_with<float>(
      x.size(), [&](float lane, std::size_t i) { return std::fma(x[i], x[i], lane); });
  expect_result(call(Op::reduce_sum_square, {f32(x)}), f32({expected}));
  // In lane 0: (1 + 2^-12)^2 alone would round to 1 + 2^-11, and stay there when 2^-24 is added.
  std::vector<float> row(33, 0.0F);
  row[0] = 0x1p-12F;
  row[32] = 1 + 0x1p-12F;
  expect_result(call(Op::reduce_sum_square, {f32(row)}), f32({1 + 0x1p-11F + 0x1p-23F}));
  expect_result(call(Op::reduce_sum_square, {i32({3, -4})}), i32(std::vector<std::int32_t>{25}));
}

TEST(ReduceL2, is_the_root_of_the_sum_of_squares) {
  expect_result(call(Op::reduce_l2, {f32({3, -4})}), f32({5}));
  expect_result(call(Op::reduce_l2, {f64({1, 1})}), f64({0x1.6a09e667f3bcdp+0}));
  expect_result(call(Op::reduce_l2, {i32({3, 5})}), i32(std::vector<std::int32_t>{5}));
  expect_result(call(Op::reduce_l2, {f32({0x1p100F})}), f32({infinity}));
  expect_result(call(Op::reduce_l2, {f32(std::vector<float>{})}), f32({0.0F}));
}

TEST(ReduceLogSum, is_the_logarithm_of_the_sum) {
  expect_result(call(Op::reduce_log_sum, {f32({1, 2, 4})}), f32({log(7.0F)}));
  expect_result(call(Op::reduce_log_sum, {f32({1, -1})}), f32({-infinity}));
  expect_result(call(Op::reduce_log_sum, {i32({10, 10})}), i32(std::vector<std::int32_t>{2}));
  expect_result(call(Op::reduce_log_sum, {i32({1, -1})}), i32({int_min}));
  expect_result(call(Op::reduce_log_sum, {f64({1, 2, 4})}), f64({log64(7)}));
}

TEST(ReduceLogSumExp, does_not_overflow) {
  expect_result(call(Op::reduce_log_sum_exp, {f32({1000, 1000})}), f32({1000 + log(2.0F)}));
  expect_result(call(Op::reduce_log_sum_exp, {f32({-1000, -1001})}),
                f32({-1000 + log(1 + exp(-1.0F))}));
}

TEST(ReduceLogSumExp, of_infinities_and_of_nothing) {
  expect_result(call(Op::reduce_log_sum_exp, {f32({-infinity, -infinity})}), f32({-infinity}));
  expect_result(call(Op::reduce_log_sum_exp, {f32({1, infinity})}), f32({infinity}));
  expect_result(call(Op::reduce_log_sum_exp, {f32({-infinity, 3})}), f32({3}));
  expect_result(call(Op::reduce_log_sum_exp, {f32({1, quiet_nan(), infinity})}),
                f32_bits({1}, {0x7FC00000}));
  expect_result(call(Op::reduce_log_sum_exp, {f32(std::vector<float>{})}), f32({-infinity}));
  expect_result(call(Op::reduce_log_sum_exp, {i32({3, 3})}), i32(std::vector<std::int32_t>{3}));
  expect_result(call(Op::reduce_log_sum_exp, {f64({1000, 1000})}), f64({1000 + log64(2)}));
}

}  // namespace
}  // namespace isotrace::reference
