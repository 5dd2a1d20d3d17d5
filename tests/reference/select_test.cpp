// [move.gather_elements] [move.gather_nd] [move.scatter_elements] [move.scatter_nd] [move.one_hot]
// [move.eye_like] [move.trilu] [move.range] [move.compress] [move.non_zero] [move.unique]
// [move.tensor_scatter]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto greatest = std::numeric_limits<std::int64_t>::max();

Attribute axis(std::int64_t value) { return {"axis", value}; }
Attribute reduction(const char* name) { return {"reduction", std::string(name)}; }
Tensor six() { return f32({2, 3}, {1, 2, 3, 4, 5, 6}); }
template <class T>
Tensor scalar(T value) {
  return Tensor::of<T>({}, {value});
}

TEST(GatherElements, reads_along_the_axis) {
  expect_result(call(Op::gather_elements, {six(), i64({1, 4}, {0, -1, 2, 1})}, {axis(1)}),
                f32({1, 4}, {1, 3, 3, 2}));
  expect_result(call(Op::gather_elements, {six(), i64({3, 2}, {1, 0, 0, 0, -2, 1})}, {axis(0)}),
                f32({3, 2}, {4, 2, 1, 2, 1, 5}));
  expect_result(call(Op::gather_elements, {six(), i64({0, 3}, {})}), f32({0, 3}, {}));
}

TEST(GatherElements, refuses_indices_that_do_not_fit) {
  for (std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, least}) {
    expect_refused(call(Op::gather_elements, {six(), i64({1, 1}, {index})}),
                   RefusalCode::operand_value_invalid, "GatherElements");
  }
  expect_refused(call(Op::gather_elements, {six(), i64(Ints{0})}), RefusalCode::shape_mismatch,
                 "GatherElements");
  expect_refused(call(Op::gather_elements, {six(), i64({1, 4}, {0, 0, 0, 0})}),
                 RefusalCode::shape_mismatch, "GatherElements");
  expect_refused(call(Op::gather_elements, {six(), f32({1, 1}, {0})}),
                 RefusalCode::operation_dtype_unsupported, "GatherElements");
}

TEST(GatherND, reads_elements_slices_and_batches) {
  expect_result(call(Op::gather_nd, {six(), i64({2, 2}, {0, 0, -1, 2})}), f32({1, 6}));
  expect_result(call(Op::gather_nd, {six(), i64({2, 1}, {1, 0})}), f32({2, 3}, {4, 5, 6, 1, 2, 3}));
  const Attribute batch{"batch_dims", std::int64_t{1}};
  expect_result(call(Op::gather_nd, {six(), i64({2, 1}, {2, 0})}, {batch}), f32({3, 4}));
  expect_result(call(Op::gather_nd, {six(), i64({2, 2, 1}, {2, 0, 1, 1})}, {batch}),
                f32({2, 2}, {3, 1, 5, 5}));
  expect_result(call(Op::gather_nd, {six(), i64({0, 1}, {})}), f32({0, 3}, {}));
  expect_result(call(Op::gather_nd, {f32({2, 0}, {}), i64({1, 1}, {1})}), f32({1, 0}, {}));
}

TEST(GatherND, refuses_what_does_not_fit) {
  expect_refused(call(Op::gather_nd, {six(), i64({1, 2}, {0, 3})}),
                 RefusalCode::operand_value_invalid, "GatherND");
  expect_refused(call(Op::gather_nd, {six(), i64({1, 3}, {0, 0, 0})}), RefusalCode::shape_mismatch,
                 "GatherND");
  expect_refused(call(Op::gather_nd, {six(), i64({1, 0}, {})}), RefusalCode::shape_mismatch,
                 "GatherND");
  expect_refused(
      call(Op::gather_nd, {six(), i64({3, 1}, {0, 0, 0})}, {{"batch_dims", std::int64_t{1}}}),
      RefusalCode::shape_mismatch, "GatherND");
  for (std::int64_t batch : {std::int64_t{-1}, std::int64_t{2}, greatest}) {
    expect_refused(call(Op::gather_nd, {six(), i64({2, 1}, {0, 0})}, {{"batch_dims", batch}}),
                   RefusalCode::operation_attribute_invalid, "GatherND");
  }
}

TEST(ScatterElements, the_last_update_stands) {
  const Tensor x = f32_bits({3}, {0x7F800001, 0, 0});
  expect_result(
      call(Op::scatter_elements, {x, i64({1, 2, -2}), f32({5, 6, 7})}, {reduction("none")}),
      f32_bits({3}, {0x7F800001, 0x40E00000, 0x40C00000}));
  expect_result(call(Op::scatter_elements, {six(), i64({1, 2}, {2, 0}), f32({1, 2}, {8, 9})},
                     {axis(-1), reduction("none")}),
                f32({2, 3}, {9, 2, 8, 4, 5, 6}));
  expect_result(call(Op::scatter_elements, {booleans({0, 0}), i64(Ints{1}), booleans({1})},
                     {reduction("none")}),
                booleans({0, 1}));
}

TEST(ScatterElements, reductions_apply_updates_in_order) {
  const Tensor indices = i64({0, 0, 0});
  const auto scatter = [&](const char* name, const Tensor& x, const Tensor& updates) {
    return call(Op::scatter_elements, {x, indices, updates}, {reduction(name)});
  };
  expect_result(scatter("add", f32({1, 2}), f32({0x1p-24F, 0x1p-24F, 1})), f32({2, 2}));
  expect_result(scatter("mul", f32({2, 2}), f32({3, 5, 7})), f32({210, 2}));
  expect_result(scatter("max", f32({-0.0F, 2}), f32({-1, 0.0F, -2})), f32({0.0F, 2}));
  expect_result(scatter("min", f32({1, 2}), f32({4, quiet_nan(), -1})),
                f32_bits({2}, {0x7FC00000, 0x40000000}));
  // 2048 + 1 + 1 + 0 in f16: one rounding at the end. The other NaN keeps its bits.
  expect_result(scatter("add", f16_bits({0x6800, 0xFE01}), f16_bits({0x3C00, 0x3C00, 0})),
                f16_bits({0x6801, 0xFE01}));
}

TEST(ScatterElements, refuses_what_does_not_fit) {
  const auto code = [&](const Tensor& indices, const Tensor& updates, const char* name,
                        RefusalCode expected) {
    expect_refused(call(Op::scatter_elements, {six(), indices, updates}, {reduction(name)}),
                   expected, "ScatterElements");
  };
  code(i64({1, 1}, {2}), f32({1, 1}, {0}), "none", RefusalCode::operand_value_invalid);
  code(i64({1, 1}, {0}), f32({1, 2}, {0, 0}), "none", RefusalCode::shape_mismatch);
  code(i64({1, 1}, {0}), f64({1}), "none", RefusalCode::shape_mismatch);
  code(i64({1, 1}, {0}), f32({1, 1}, {0}), "mean", RefusalCode::operation_attribute_invalid);
  expect_refused(
      call(Op::scatter_elements, {booleans({0}), i64(Ints{0}), booleans({1})}, {reduction("add")}),
      RefusalCode::operation_dtype_unsupported, "ScatterElements");
}

TEST(ScatterND, replaces_slices_or_adds_to_them) {
  const Tensor indices = i64({2, 1}, {1, -1});
  const Tensor updates = f32({2, 3}, {10, 20, 30, 1, 2, 3});
  expect_result(call(Op::scatter_nd, {six(), indices, updates}, {reduction("none")}),
                f32({2, 3}, {1, 2, 3, 1, 2, 3}));
  expect_result(call(Op::scatter_nd, {six(), indices, updates}, {reduction("add")}),
                f32({2, 3}, {1, 2, 3, 15, 27, 39}));
  expect_result(call(Op::scatter_nd, {six(), i64({1, 2}, {0, 1}), f32({9})}, {reduction("none")}),
                f32({2, 3}, {1, 9, 3, 4, 5, 6}));
  expect_refused(call(Op::scatter_nd, {six(), indices, f32({2}, {1, 2})}, {reduction("none")}),
                 RefusalCode::shape_mismatch, "ScatterND");
  expect_refused(
      call(Op::scatter_nd, {six(), i64({1, 1}, {2}), f32({1, 3}, {1, 2, 3})}, {reduction("none")}),
      RefusalCode::operand_value_invalid, "ScatterND");
}

const Attribute linear{"mode", std::string("linear")};
const Attribute circular{"mode", std::string("circular")};

TEST(TensorScatter, writes_each_sample_at_its_place) {
  const Tensor cache = i64({2, 3}, {1, 2, 3, 4, 5, 6});
  const Tensor update = i64({2, 2}, {70, 80, 90, 100});
  expect_result(call(Op::tensor_scatter, {cache, update}, {axis(1), linear}),
                i64({2, 3}, {70, 80, 3, 90, 100, 6}));
  expect_result(call(Op::tensor_scatter, {cache, update, i64({1, 0})}, {axis(-1), linear}),
                i64({2, 3}, {1, 70, 80, 90, 100, 6}));
  expect_result(call(Op::tensor_scatter, {cache, update, i64({2, -1})}, {axis(1), circular}),
                i64({2, 3}, {80, 2, 70, 100, 5, 90}));
}

TEST(TensorScatter, the_axis_may_stand_before_others) {
  const Tensor cache = f32({1, 3, 2}, {1, 2, 3, 4, 5, 6});
  expect_result(
      call(Op::tensor_scatter, {cache, f32({1, 1, 2}, {8, 9}), i64(Ints{2})}, {axis(1), linear}),
      f32({1, 3, 2}, {1, 2, 3, 4, 8, 9}));
  expect_result(
      call(Op::tensor_scatter, {f32({2, 1, 2}, {1, 2, 3, 4}), f32({2, 1, 1}, {8, 9}), i64({1, 0})},
           {axis(2), linear}),
      f32({2, 1, 2}, {1, 8, 9, 4}));
}

TEST(TensorScatter, takes_empty_tensors) {
  const Tensor nothing = f32({2, 0}, {});
  expect_result(call(Op::tensor_scatter, {nothing, nothing, i64({5, 6})}, {axis(1), circular}),
                nothing);
  expect_result(
      call(Op::tensor_scatter, {f32({0, 2}, {}), f32({0, 1}, {}), i64(Ints{})}, {axis(1), linear}),
      f32({0, 2}, {}));
  expect_result(call(Op::tensor_scatter, {f32({1, 2}, {1, 2}), f32({1, 0}, {}), i64(Ints{2})},
                     {axis(1), linear}),
                f32({1, 2}, {1, 2}));
}

TEST(TensorScatter, refuses_what_does_not_fit) {
  const Tensor cache = f32({1, 2}, {1, 2});
  const Tensor update = f32({1, 1}, {8});
  for (std::int64_t index : {std::int64_t{2}, std::int64_t{-1}, least, greatest}) {
    expect_refused(call(Op::tensor_scatter, {cache, update, i64(Ints{index})}, {axis(1), linear}),
                   RefusalCode::operand_value_invalid, "TensorScatter");
  }
  const auto refused = [&](const Tensor& by, const Tensor& at, std::int64_t along,
                           const Attribute& mode, RefusalCode code) {
    expect_refused(call(Op::tensor_scatter, {cache, by, at}, {axis(along), mode}), code,
                   "TensorScatter");
  };
  const Tensor zero = i64(Ints{0});
  refused(update, i64({0, 0}), 1, linear, RefusalCode::shape_mismatch);
  refused(f32({1, 3}, {1, 2, 3}), zero, 1, circular, RefusalCode::shape_mismatch);
  refused(f32({2, 1}, {1, 2}), zero, 1, linear, RefusalCode::shape_mismatch);
  refused(update, zero, 0, linear, RefusalCode::operation_attribute_invalid);
  refused(update, zero, 2, linear, RefusalCode::operation_attribute_invalid);
  refused(update, zero, 1, {"mode", std::string("round")},
          RefusalCode::operation_attribute_invalid);
  refused(i64({1, 1}, {8}), zero, 1, linear, RefusalCode::operation_dtype_unsupported);
}

TEST(OneHot, takes_negative_and_foreign_indices) {
  const Tensor values = i64({5, 7});
  expect_result(
      call(Op::one_hot, {i64({1, -1, 3, -4}), scalar<std::int64_t>(3), values}, {axis(-1)}),
      i64({4, 3}, {5, 7, 5, 5, 5, 7, 5, 5, 5, 5, 5, 5}));
  expect_result(call(Op::one_hot, {i64({0, 2}), scalar<std::int64_t>(3), values}, {axis(0)}),
                i64({3, 2}, {7, 5, 5, 5, 5, 7}));
  expect_result(call(Op::one_hot, {f32(Shape{}, {1.9F}), f32({2.5F}), booleans({0, 1})}, {axis(0)}),
                booleans({0, 1}));
  expect_result(call(Op::one_hot, {i64({0, 1}), i64(Ints{0}), values}, {axis(-1)}),
                i64({2, 0}, {}));
}

TEST(OneHot, refuses_depths_values_and_axes) {
  const Tensor values = i64({0, 1});
  const Tensor depth = scalar<std::int64_t>(2);
  expect_refused(call(Op::one_hot, {i64({0, 1}), scalar<std::int64_t>(-1), values}),
                 RefusalCode::operand_value_invalid, "OneHot");
  expect_refused(call(Op::one_hot, {i64({0, 1}), scalar(greatest), values}),
                 RefusalCode::limit_exceeded, "OneHot");
  expect_refused(call(Op::one_hot, {i64({0, 1}), i64({1, 2}), values}), RefusalCode::shape_mismatch,
                 "OneHot");
  expect_refused(call(Op::one_hot, {i64({0, 1}), depth, i64({0, 1, 2})}),
                 RefusalCode::shape_mismatch, "OneHot");
  expect_refused(call(Op::one_hot, {i64({0, 1}), depth, values}, {axis(2)}),
                 RefusalCode::operation_attribute_invalid, "OneHot");
  expect_refused(call(Op::one_hot, {booleans({0, 1}), depth, values}),
                 RefusalCode::operation_dtype_unsupported, "OneHot");
}

TEST(EyeLike, places_the_diagonal) {
  const auto eye = [&](std::int64_t k, core::Dtype dtype = core::Dtype::f32) {
    return call(Op::eye_like, {i64({2, 3}, {9, 9, 9, 9, 9, 9})},
                {{"dtype", static_cast<std::int64_t>(dtype)}, {"k", k}});
  };
  expect_result(eye(0), f32({2, 3}, {1, 0, 0, 0, 1, 0}));
  expect_result(eye(2), f32({2, 3}, {0, 0, 1, 0, 0, 0}));
  expect_result(eye(-1), f32({2, 3}, {0, 0, 0, 1, 0, 0}));
  for (std::int64_t k : {std::int64_t{3}, std::int64_t{-2}, least, greatest}) {
    expect_result(eye(k), f32({2, 3}, {0, 0, 0, 0, 0, 0}));
  }
  Tensor expected = booleans({1, 0, 0, 0, 1, 0});
  expected.reshape({2, 3});
  expect_result(eye(0, core::Dtype::boolean), expected);
  expect_refused(eye(0, core::Dtype{99}), RefusalCode::operation_attribute_invalid, "EyeLike");
  expect_refused(call(Op::eye_like, {f32({1})}, {{"dtype", std::int64_t{1}}}),
                 RefusalCode::shape_mismatch, "EyeLike");
}

TEST(Trilu, keeps_one_side_of_a_diagonal) {
  const Attribute upper{"upper", std::int64_t{1}};
  const Attribute lower{"upper", std::int64_t{0}};
  expect_result(call(Op::trilu, {six()}, {upper}), f32({2, 3}, {1, 2, 3, 0, 5, 6}));
  expect_result(call(Op::trilu, {six()}, {lower}), f32({2, 3}, {1, 0, 0, 4, 5, 0}));
  expect_result(call(Op::trilu, {six(), scalar<std::int64_t>(1)}, {lower}),
                f32({2, 3}, {1, 2, 0, 4, 5, 6}));
  expect_result(call(Op::trilu, {six(), scalar(least)}, {upper}), six());
  expect_result(call(Op::trilu, {f32({2, 0}, {})}, {upper}), f32({2, 0}, {}));
  expect_result(call(Op::trilu, {i64({2, 1, 2}, {1, 2, 3, 4}), i64(Ints{1})}, {upper}),
                i64({2, 1, 2}, {0, 2, 0, 4}));
  expect_refused(call(Op::trilu, {f32({1})}, {upper}), RefusalCode::shape_mismatch, "Trilu");
}

TEST(Range, counts_exactly_for_integers) {
  const auto range = [](std::int64_t start, std::int64_t limit, std::int64_t delta) {
    return call(Op::range, {scalar(start), scalar(limit), scalar(delta)});
  };
  expect_result(range(3, 9, 3), i64({3, 6}));
  expect_result(range(10, 4, -2), i64({10, 8, 6}));
  expect_result(range(1, 1, 5), i64(Ints{}));
  expect_result(range(5, 1, 1), i64(Ints{}));
  expect_result(range(least, greatest, greatest), i64({least, -1, greatest - 1}));
  expect_result(call(Op::range, {scalar<std::int8_t>(-128), scalar<std::int8_t>(127),
                                 scalar<std::int8_t>(127)}),
                vector_of<std::int8_t>({-128, -1, 126}));
  expect_refused(range(0, 1, 0), RefusalCode::operand_value_invalid, "Range");
  expect_refused(range(least, greatest, 1), RefusalCode::limit_exceeded, "Range");
}

TEST(Range, of_floats_is_start_plus_a_multiple) {
  const auto range = [](float start, float limit, float delta) {
    return call(Op::range, {scalar(start), scalar(limit), scalar(delta)});
  };
  expect_result(range(0, 0.3F, 0.1F), f32({0, 0.1F, 0.2F}));
  expect_result(range(1, 0, -0.25F), f32({1, 0.75F, 0.5F, 0.25F}));
  std::vector<float> expected;
  for (int i = 0; i < 100; ++i) expected.push_back(std::fma(static_cast<float>(i), 0.1F, 1.0F));
  expect_result(range(1, 11, 0.1F), f32(expected));
  for (float delta : {0.0F, quiet_nan(), infinity}) {
    expect_refused(range(0, 1, delta), RefusalCode::operand_value_invalid, "Range");
  }
  expect_refused(range(0, infinity, 1), RefusalCode::operand_value_invalid, "Range");
  expect_refused(range(0, 1, 0x1p-100F), RefusalCode::limit_exceeded, "Range");
  expect_refused(call(Op::range, {f32({0, 1}), scalar(1.0F), scalar(1.0F)}),
                 RefusalCode::shape_mismatch, "Range");
  expect_refused(call(Op::range, {scalar(0.0F), scalar(1.0), scalar(1.0F)}),
                 RefusalCode::operation_dtype_unsupported, "Range");
}

TEST(Compress, selects_along_an_axis) {
  expect_result(call(Op::compress, {six(), booleans({0, 1, 1})}, {axis(1)}),
                f32({2, 2}, {2, 3, 5, 6}));
  expect_result(call(Op::compress, {six(), booleans({1})}, {axis(-2)}), f32({1, 3}, {1, 2, 3}));
  expect_result(call(Op::compress, {six(), booleans({})}), f32({0, 3}, {}));
  expect_refused(call(Op::compress, {six(), booleans({0, 0, 0})}), RefusalCode::shape_mismatch,
                 "Compress");
  expect_refused(call(Op::compress, {six(), i64({0, 1})}), RefusalCode::operation_dtype_unsupported,
                 "Compress");
}

TEST(NonZero, lists_positions_by_axis) {
  expect_result(call(Op::non_zero, {f32({2, 3}, {0, 1, -0.0F, quiet_nan(), 0, 2})}),
                i64({2, 3}, {0, 1, 1, 1, 0, 2}));
  expect_result(call(Op::non_zero, {booleans({0, 1, 1})}), i64({1, 2}, {1, 2}));
  expect_result(call(Op::non_zero, {scalar<std::int64_t>(5)}), i64({0, 1}, {}));
  expect_result(call(Op::non_zero, {scalar<std::int64_t>(0)}), i64({0, 0}, {}));
  expect_result(call(Op::non_zero, {f32({0, 2}, {})}), i64({2, 0}, {}));
}

TEST(Unique, sorted_or_by_first_occurrence) {
  const Tensor x = f32({2, 1, 1, 3, 4, 3});
  expect_results(
      call(Op::unique, {x}, {{"sorted", std::int64_t{1}}}, 4),
      {f32({1, 2, 3, 4}), i64({1, 0, 3, 4}), i64({1, 0, 0, 2, 3, 2}), i64({2, 1, 2, 1})});
  expect_results(
      call(Op::unique, {x}, {{"sorted", std::int64_t{0}}}, 4),
      {f32({2, 1, 3, 4}), i64({0, 1, 3, 4}), i64({0, 1, 1, 2, 3, 2}), i64({1, 2, 2, 1})});
  expect_result(call(Op::unique, {booleans({1, 0, 1})}, {{"sorted", std::int64_t{1}}}),
                booleans({0, 1}));
}

TEST(Unique, nan_is_one_value_and_so_is_zero) {
  const Tensor x = f32_bits({6}, {0xFFC12345, 0x80000000, 0x7F800000, 0, 0x7FC00000, 0xFF800000});
  expect_results(
      call(Op::unique, {x}, {{"sorted", std::int64_t{1}}}, 2),
      {f32_bits({4}, {0xFF800000, 0x80000000, 0x7F800000, 0xFFC12345}), i64({5, 1, 2, 0})});
}

TEST(Unique, compares_subtensors_along_an_axis) {
  const Tensor x = f32({3, 2}, {2, 1, 1, 5, 2, 1});
  expect_results(call(Op::unique, {x}, {axis(0), {"sorted", std::int64_t{1}}}, 4),
                 {f32({2, 2}, {1, 5, 2, 1}), i64({1, 0}), i64({1, 0, 1}), i64({1, 2})});
  expect_result(call(Op::unique, {f32({1, 3}, {7, 7, 6})}, {axis(-1), {"sorted", std::int64_t{1}}}),
                f32({1, 2}, {6, 7}));
  expect_results(call(Op::unique, {f32({0, 2}, {})}, {axis(0)}, 4),
                 {f32({0, 2}, {}), i64(Ints{}), i64(Ints{}), i64(Ints{})});
  expect_results(call(Op::unique, {f32({3, 0}, {})}, {axis(0)}, 4),
                 {f32({1, 0}, {}), i64(Ints{0}), i64({0, 0, 0}), i64(Ints{3})});
  expect_refused(call(Op::unique, {scalar(1.0F)}), RefusalCode::operation_attribute_invalid,
                 "Unique");
}

}  // namespace
}  // namespace isotrace::reference
