// [reduce.sum] [reduce.mean] [reduce.max] [reduce.min] [reduce.arg_max]
#include <tests/reference/support.hpp>

#include <isotrace/reference/reduce.hpp>

namespace isotrace::reference {
namespace {

/// R, written down a second time: recursion and lanes by index arithmetic.
float sum_by_definition(const std::vector<float>& x) {
  if (x.size() > 4096) {
    std::vector<float> sums;
    for (std::size_t first = 0; first < x.size(); first += 4096) {
      sums.push_back(sum_by_definition(
          {x.begin() + static_cast<std::ptrdiff_t>(first),
           x.begin() + static_cast<std::ptrdiff_t>(std::min(x.size(), first + 4096))}));
    }
    return sum_by_definition(sums);
  }
  float l[32] = {};
  for (std::size_t lane = 0; lane < 32; ++lane) {
    for (std::size_t i = lane; i < x.size(); i += 32) l[lane] += x[i];
  }
  for (int half : {16, 8, 4, 2, 1}) {
    for (int lane = 0; lane < half; ++lane) l[lane] += l[lane + half];
  }
  return l[0];
}

const Attribute drop_axes{"keepdims", std::int64_t{0}};

TEST(ReduceSum, follows_the_definition_for_every_length) {
  core::PhiloxStream random(7);
  for (std::int64_t n : {0, 1, 31, 32, 33, 64, 1000, 4095, 4096, 4097, 8192, 50001}) {
    const auto x = random_values(static_cast<std::size_t>(n), random);
    expect_result(call(Op::reduce_sum, {f32({n}, x)}, {drop_axes}),
                  f32(Shape{}, {sum_by_definition(x)}));
  }
}

TEST(ReduceSum, recursion_has_a_second_level) {
  core::PhiloxStream random(8);
  const auto x = random_values(4096U * 4096U + 5000U, random);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(reduce_sum<float>(x)),
            std::bit_cast<std::uint32_t>(sum_by_definition(x)));
}

TEST(ReduceSum, appended_zeros_change_nothing) {
  core::PhiloxStream random(9);
  for (std::size_t n : {1U, 40U, 4095U, 4096U, 4097U, 9000U}) {
    auto x = random_values(n, random);
    const float before = reduce_sum<float>(x);
    for (std::size_t zeros : {1U, 31U, 4096U, 5000U}) {
      auto longer = x;
      longer.resize(n + zeros, 0.0F);
      EXPECT_EQ(std::bit_cast<std::uint32_t>(before),
                std::bit_cast<std::uint32_t>(reduce_sum<float>(longer)));
    }
  }
}

TEST(ReduceSum, several_axes_are_flattened_row_major) {
  core::PhiloxStream random(10);
  const Tensor x = random_f32({7, 3, 11}, random);
  std::vector<float> expected;
  for (std::size_t j = 0; j < 3; ++j) {
    std::vector<float> row;
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t k = 0; k < 11; ++k) row.push_back(x.data<float>()[(i * 3 + j) * 11 + k]);
    }
    expected.push_back(sum_by_definition(row));
  }
  expect_result(call(Op::reduce_sum, {x, i64({-1, 0})}, {drop_axes}), f32({3}, expected));
  expect_result(call(Op::reduce_sum, {x, i64({0, 2})}), f32({1, 3, 1}, expected));
}

TEST(ReduceSum, minus_zero_meets_the_plus_zero_of_its_lane) {
  expect_result(call(Op::reduce_sum, {f32({-0.0F})}), f32_bits({1}, {0}));
}

TEST(ReduceSum, without_axes_reduces_all_or_nothing) {
  const Tensor x = f32_bits({2}, {0x80000000, 0x7F800001});
  expect_result(call(Op::reduce_sum, {x}, {{"noop_with_empty_axes", std::int64_t{1}}}), x);
  expect_result(call(Op::reduce_sum, {x, i64(Ints{})}, {{"noop_with_empty_axes", std::int64_t{1}}}),
                x);
  expect_result(call(Op::reduce_sum, {f32({1, 2}), i64(Ints{})}), f32({3}));
}

TEST(ReduceSum, integers_wrap) {
  expect_result(call(Op::reduce_sum, {i32({std::numeric_limits<std::int32_t>::max(), 1})}),
                i32(std::vector<std::int32_t>{std::numeric_limits<std::int32_t>::min()}));
}

TEST(ReduceSum, of_nothing_is_plus_zero) {
  expect_result(call(Op::reduce_sum, {f32({2, 0}, {}), i64(Ints{1})}), f32({2, 1}, {0, 0}));
}

TEST(ReduceSum, half_rounds_once) {
  expect_result(call(Op::reduce_sum, {f16_bits({0x6800, 0x3C00, 0x3C00})}), f16_bits({0x6801}));
}

TEST(ReduceSum, refuses_axes) {
  const Tensor x = f32({2, 2}, {1, 2, 3, 4});
  for (const Ints& axes : {Ints{2}, Ints{-3}, Ints{0, 0}, Ints{0, -2}}) {
    expect_refused(call(Op::reduce_sum, {x, i64(axes)}), RefusalCode::operation_attribute_invalid,
                   "ReduceSum");
  }
  expect_refused(call(Op::reduce_sum, {x, f32({1})}), RefusalCode::operation_dtype_unsupported,
                 "ReduceSum");
  expect_refused(call(Op::reduce_sum, {booleans({1})}), RefusalCode::operation_dtype_unsupported,
                 "ReduceSum");
}

TEST(ReduceMean, divides_the_sum_by_the_count) {
  core::PhiloxStream random(11);
  const auto x = random_values(777, random);
  expect_result(call(Op::reduce_mean, {f32(x)}), f32({sum_by_definition(x) / 777.0F}));
  expect_result(call(Op::reduce_mean, {f32({2, 0}, {})}, {drop_axes}),
                f32_bits(Shape{}, {0x7FC00000}));
}

TEST(ReduceMean, of_integers_is_exact_and_truncates) {
  const auto big = std::numeric_limits<std::int64_t>::max();
  expect_result(call(Op::reduce_mean, {i64({big, big, big - 3})}), i64(Ints{big - 1}));
  expect_result(call(Op::reduce_mean, {i32({-3, -4})}), i32(std::vector<std::int32_t>{-3}));
  expect_refused(call(Op::reduce_mean, {i64({0, 2}, {}), i64(Ints{0})}),
                 RefusalCode::shape_mismatch, "ReduceMean");
}

TEST(ReduceMax, propagates_nan_and_prefers_plus_zero) {
  const Tensor x =
      f32_bits({3, 2}, {0x80000000, 0, 0x3F800000, 0xFFC00001, 0xFF800000, 0xFF800000});
  expect_result(call(Op::reduce_max, {x, i64(Ints{1})}, {drop_axes}),
                f32_bits({3}, {0, 0x7FC00000, 0xFF800000}));
}

TEST(ReduceMax, of_nothing_is_the_least_value) {
  const Ints first = {0};
  expect_result(call(Op::reduce_max, {f32({0, 1}, {}), i64(first)}), f32({1, 1}, {-infinity}));
  expect_result(call(Op::reduce_max, {i32({}), i64(first)}),
                i32(std::vector<std::int32_t>{std::numeric_limits<std::int32_t>::min()}));
  expect_result(call(Op::reduce_max, {booleans({}), i64(first)}), booleans({0}));
}

TEST(ReduceMin, mirrors_the_maximum) {
  expect_result(call(Op::reduce_min, {f32({0.0F, -0.0F})}), f32_bits({1}, {0x80000000}));
  expect_result(call(Op::reduce_min, {f32(std::vector<float>{})}), f32({infinity}));
  expect_result(call(Op::reduce_min, {booleans({1, 0})}), booleans({0}));
  expect_result(call(Op::reduce_min, {booleans({})}), booleans({1}));
}

TEST(ArgMax, nan_is_greatest_and_ties_go_to_the_lowest_index) {
  const Attribute last{"select_last_index", std::int64_t{1}};
  expect_result(call(Op::arg_max, {f32({1, quiet_nan(), infinity, quiet_nan()})}), i64(Ints{1}));
  expect_result(call(Op::arg_max, {f32({1, quiet_nan(), infinity, quiet_nan()})}, {last}),
                i64(Ints{3}));
  expect_result(call(Op::arg_max, {f32({-0.0F, 0.0F})}), i64(Ints{0}));
  expect_result(call(Op::arg_max, {f32({0.0F, -0.0F})}, {last}), i64(Ints{1}));
  expect_result(call(Op::arg_max, {i32({3, 9, 9})}), i64(Ints{1}));
}

TEST(ArgMax, works_along_any_axis) {
  const Tensor x = f32({2, 3}, {1, 5, 2, 4, 0, 9});
  expect_result(call(Op::arg_max, {x}, {{"axis", std::int64_t{0}}}), i64({1, 3}, {1, 0, 1}));
  expect_result(call(Op::arg_max, {x}, {{"axis", std::int64_t{-1}}, drop_axes}), i64({1, 2}));
}

TEST(ArgMax, refuses_an_empty_axis_and_a_wrong_one) {
  expect_refused(call(Op::arg_max, {f32({0, 2}, {})}), RefusalCode::shape_mismatch, "ArgMax");
  expect_refused(call(Op::arg_max, {f32({1})}, {{"axis", std::int64_t{1}}}),
                 RefusalCode::operation_attribute_invalid, "ArgMax");
}

}  // namespace
}  // namespace isotrace::reference
