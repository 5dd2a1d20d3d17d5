// [reduce.cum_sum] [reduce.cum_prod] [reduce.top_k]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

const Attribute exclusive{"exclusive", std::int64_t{1}};
const Attribute reverse{"reverse", std::int64_t{1}};
const Attribute smallest{"largest", std::int64_t{0}};
const Attribute largest{"largest", std::int64_t{1}};

Tensor at_axis(std::int64_t axis) { return i64(Shape{}, {axis}); }

TEST(CumSum, inclusive_exclusive_and_reverse) {
  const Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_result(call(Op::cum_sum, {x, at_axis(1)}), f32({2, 3}, {1, 3, 6, 4, 9, 15}));
  expect_result(call(Op::cum_sum, {x, at_axis(-2)}), f32({2, 3}, {1, 2, 3, 5, 7, 9}));
  expect_result(call(Op::cum_sum, {x, at_axis(1)}, {exclusive}), f32({2, 3}, {0, 1, 3, 0, 4, 9}));
  expect_result(call(Op::cum_sum, {x, at_axis(1)}, {reverse}), f32({2, 3}, {6, 5, 3, 15, 11, 6}));
  expect_result(call(Op::cum_sum, {x, i32(std::vector<std::int32_t>{1})}, {exclusive, reverse}),
                f32({2, 3}, {5, 3, 0, 11, 6, 0}));
}

TEST(CumSum, adds_one_after_the_other_from_plus_zero) {
  expect_result(call(Op::cum_sum, {f32({-0.0F, 1, 0x1p-24F, 0x1p-24F}), at_axis(0)}),
                f32({0, 1, 1, 1}));
  // 2048 + 1 + 1 in f16: the sum stays in f32, each result rounds on its own.
  expect_result(call(Op::cum_sum, {f16_bits({0x6800, 0x3C00, 0x3C00}), at_axis(0)}),
                f16_bits({0x6800, 0x6800, 0x6801}));
  expect_result(call(Op::cum_sum, {vector_of<std::uint8_t>({200, 100}), at_axis(0)}),
                vector_of<std::uint8_t>({200, 44}));
}

TEST(CumSum, takes_empty_tensors_and_refuses_axes) {
  expect_result(call(Op::cum_sum, {f32({0, 3}, {}), at_axis(0)}), f32({0, 3}, {}));
  expect_refused(call(Op::cum_sum, {f32({1}), at_axis(1)}),
                 RefusalCode::operation_attribute_invalid, "CumSum");
  expect_refused(call(Op::cum_sum, {f32({1}), i64({0, 0})}), RefusalCode::shape_mismatch, "CumSum");
  expect_refused(call(Op::cum_sum, {f32({1}), f32({0})}), RefusalCode::operation_dtype_unsupported,
                 "CumSum");
}

TEST(CumProd, inclusive_exclusive_and_reverse) {
  const Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  expect_result(call(Op::cum_prod, {x, at_axis(1)}), f32({2, 3}, {1, 2, 6, 4, 20, 120}));
  expect_result(call(Op::cum_prod, {x, at_axis(-2)}), f32({2, 3}, {1, 2, 3, 4, 10, 18}));
  expect_result(call(Op::cum_prod, {x, at_axis(1)}, {exclusive}), f32({2, 3}, {1, 1, 2, 1, 4, 20}));
  expect_result(call(Op::cum_prod, {x, at_axis(1)}, {exclusive, reverse}),
                f32({2, 3}, {6, 3, 1, 30, 6, 1}));
}

TEST(CumProd, multiplies_one_after_the_other_from_one) {
  expect_result(call(Op::cum_prod, {f32({-0.0F, 2, infinity, 1}), at_axis(0)}),
                f32({-0.0F, -0.0F, quiet_nan(), quiet_nan()}));
  // 2047 * 2047 does not fit into f16 until it is divided again: the product stays in f32.
  expect_result(call(Op::cum_prod, {f16_bits({0x67FF, 0x67FF, 0x1400}), at_axis(0)}),
                f16_bits({0x67FF, 0x7C00, 0x6BFE}));
  expect_result(call(Op::cum_prod, {vector_of<std::uint8_t>({100, 3}), at_axis(0)}),
                vector_of<std::uint8_t>({100, 44}));
  expect_result(call(Op::cum_prod, {f32({0, 3}, {}), at_axis(0)}), f32({0, 3}, {}));
  expect_refused(call(Op::cum_prod, {f32({1}), at_axis(1)}),
                 RefusalCode::operation_attribute_invalid, "CumProd");
}

TEST(TopK, orders_values_and_keeps_ties_in_place) {
  const Tensor x = f32({3, 1, 3, 2, 3});
  expect_results(call(Op::top_k, {x, i64(Ints{4})}, {largest}, 2),
                 {f32({3, 3, 3, 2}), i64({0, 2, 4, 3})});
  expect_results(call(Op::top_k, {x, i64(Ints{3})}, {smallest}, 2),
                 {f32({1, 2, 3}), i64({1, 3, 0})});
  expect_results(call(Op::top_k, {x, i64(Ints{0})}, {largest}, 2),
                 {f32(std::vector<float>{}), i64(Ints{})});
}

TEST(TopK, nan_is_greatest_and_bits_are_copied) {
  const Tensor x = f32_bits({5}, {0x7F800000, 0xFFC12345, 0x80000000, 0, 0x7F800001});
  expect_results(
      call(Op::top_k, {x, i64(Ints{5})}, {largest}, 2),
      {f32_bits({5}, {0xFFC12345, 0x7F800001, 0x7F800000, 0x80000000, 0}), i64({1, 4, 0, 2, 3})});
  expect_results(
      call(Op::top_k, {x, i64(Ints{5})}, {smallest}, 2),
      {f32_bits({5}, {0x80000000, 0, 0x7F800000, 0xFFC12345, 0x7F800001}), i64({2, 3, 0, 1, 4})});
}

TEST(TopK, works_along_any_axis) {
  const Tensor x = i64({2, 2, 2}, {1, 8, 7, 2, 3, 6, 5, 4});
  expect_results(call(Op::top_k, {x, i64(Ints{1})}, {largest, {"axis", std::int64_t{1}}}, 2),
                 {i64({2, 1, 2}, {7, 8, 5, 6}), i64({2, 1, 2}, {1, 0, 1, 0})});
  expect_result(call(Op::top_k, {x, i64(Ints{1})}, {smallest, {"axis", std::int64_t{-3}}}),
                i64({1, 2, 2}, {1, 6, 5, 2}));
}

TEST(TopK, refuses_a_k_that_does_not_fit) {
  for (std::int64_t k : {std::int64_t{-1}, std::int64_t{3}}) {
    expect_refused(call(Op::top_k, {f32({1, 2}), i64(Ints{k})}), RefusalCode::operand_value_invalid,
                   "TopK");
  }
  expect_refused(call(Op::top_k, {f32(Shape{}, {1}), i64(Ints{1})}),
                 RefusalCode::operation_attribute_invalid, "TopK");
  expect_refused(call(Op::top_k, {booleans({1}), i64(Ints{1})}),
                 RefusalCode::operation_dtype_unsupported, "TopK");
}

}  // namespace
}  // namespace isotrace::reference
