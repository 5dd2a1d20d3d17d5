// [move.identity] [move.reshape] [move.flatten] [move.transpose] [move.squeeze] [move.unsqueeze]
// [move.concat] [move.split] [move.slice] [move.gather] [move.pad] [move.expand] [move.shape]
// [move.constant_of_shape]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto greatest = std::numeric_limits<std::int64_t>::max();

Tensor six() { return f32({2, 3}, {1, 2, 3, 4, 5, 6}); }
Attribute axis(std::int64_t value) { return {"axis", value}; }

TEST(Identity, copies_bits_of_every_type) {
  const Tensor signalling = f32_bits({2}, {0x7F800001, 0xFFC12345});
  expect_result(call(Op::identity, {signalling}), signalling);
  expect_result(call(Op::identity, {booleans({1, 0})}), booleans({1, 0}));
  expect_result(call(Op::identity, {f16_bits({0xFE01})}), f16_bits({0xFE01}));
}

TEST(Reshape, infers_copies_and_allows_zero) {
  const Attribute allow{"allowzero", std::int64_t{1}};
  expect_result(call(Op::reshape, {six(), i64({3, -1})}), f32({3, 2}, {1, 2, 3, 4, 5, 6}));
  expect_result(call(Op::reshape, {six(), i64({0, 1, -1})}), f32({2, 1, 3}, {1, 2, 3, 4, 5, 6}));
  expect_result(call(Op::reshape, {f32({0, 3}, {}), i64({3, 0})}, {allow}), f32({3, 0}, {}));
  expect_result(call(Op::reshape, {f32({0, 3}, {}), i64({-1, 3})}), f32({0, 3}, {}));
  expect_result(call(Op::reshape, {f32({1}), i64(Ints{})}), f32(Shape{}, {1}));
}

TEST(Reshape, refuses_sizes_that_do_not_fit) {
  for (const Ints& shape : {Ints{4}, Ints{4, -1}, Ints{7, 1}}) {
    expect_refused(call(Op::reshape, {six(), i64(shape)}), RefusalCode::shape_mismatch, "Reshape");
  }
  for (const Ints& shape : {Ints{-1, -1}, Ints{-2, 3}, Ints{2, 3, 0}, Ints{least}}) {
    expect_refused(call(Op::reshape, {six(), i64(shape)}), RefusalCode::operand_value_invalid,
                   "Reshape");
  }
  expect_refused(
      call(Op::reshape, {f32({0, 3}, {}), i64({0, -1})}, {{"allowzero", std::int64_t{1}}}),
      RefusalCode::operand_value_invalid, "Reshape");
  expect_refused(call(Op::reshape, {six(), i64({greatest, greatest})}), RefusalCode::limit_exceeded,
                 "Reshape");
  expect_refused(call(Op::reshape, {six(), i64({1, 1}, {6})}), RefusalCode::shape_mismatch,
                 "Reshape");
  expect_refused(call(Op::reshape, {six(), f32({6})}), RefusalCode::operation_dtype_unsupported,
                 "Reshape");
}

TEST(Flatten, splits_at_any_axis) {
  Tensor x = six();
  x.reshape({1, 2, 3});
  for (const auto& [at, rows] : {std::pair{0, 1}, {1, 1}, {2, 2}, {3, 6}, {-1, 2}, {-3, 1}}) {
    Tensor expected = six();
    expected.reshape({rows, 6 / rows});
    expect_result(call(Op::flatten, {x}, {axis(at)}), expected);
  }
  expect_refused(call(Op::flatten, {x}, {axis(4)}), RefusalCode::operation_attribute_invalid,
                 "Flatten");
}

TEST(Transpose, reverses_by_default) {
  expect_result(call(Op::transpose, {six()}), f32({3, 2}, {1, 4, 2, 5, 3, 6}));
  Tensor x = six();
  x.reshape({2, 3, 1});
  expect_result(call(Op::transpose, {x}, {{"perm", Ints{1, 2, 0}}}),
                f32({3, 1, 2}, {1, 4, 2, 5, 3, 6}));
  for (const Ints& perm : {Ints{0, 0}, Ints{0}, Ints{0, 2}, Ints{-1, 0}}) {
    expect_refused(call(Op::transpose, {six()}, {{"perm", perm}}),
                   RefusalCode::operation_attribute_invalid, "Transpose");
  }
}

TEST(Squeeze, removes_named_axes_or_all_of_size_one) {
  const Tensor x = f32({1, 2, 1}, {1, 2});
  expect_result(call(Op::squeeze, {x}), f32({1, 2}));
  expect_result(call(Op::squeeze, {x, i64(Ints{-1})}), f32({1, 2}, {1, 2}));
  expect_refused(call(Op::squeeze, {x, i64(Ints{1})}), RefusalCode::shape_mismatch, "Squeeze");
  expect_refused(call(Op::squeeze, {x, i64(Ints{3})}), RefusalCode::operation_attribute_invalid,
                 "Squeeze");
}

TEST(Unsqueeze, numbers_the_axes_of_the_result) {
  expect_result(call(Op::unsqueeze, {f32({1, 2}), i64({-1, 0})}), f32({1, 2, 1}, {1, 2}));
  expect_refused(call(Op::unsqueeze, {f32({1, 2}), i64({0, -3})}),
                 RefusalCode::operation_attribute_invalid, "Unsqueeze");
  expect_refused(call(Op::unsqueeze, {f32({1}), i64(Ints(2000, 0))}),
                 RefusalCode::operation_attribute_invalid, "Unsqueeze");
}

TEST(Concat, joins_along_an_axis) {
  expect_result(call(Op::concat, {six(), f32({2, 0}, {}), f32({2, 1}, {7, 8})}, {axis(-1)}),
                f32({2, 4}, {1, 2, 3, 7, 4, 5, 6, 8}));
  expect_result(call(Op::concat, {booleans({1}), booleans({0, 1})}), booleans({1, 0, 1}));
  expect_refused(call(Op::concat, {six(), f32({1, 2})}), RefusalCode::shape_mismatch, "Concat");
  expect_refused(call(Op::concat, {six(), six()}, {axis(2)}),
                 RefusalCode::operation_attribute_invalid, "Concat");
  expect_refused(call(Op::concat, {f32({1}), f64({1})}), RefusalCode::operation_dtype_unsupported,
                 "Concat");
}

TEST(Split, by_sizes_and_evenly_with_a_smaller_last_part) {
  expect_results(call(Op::split, {six(), i64({1, 2})}, {axis(1)}, 2),
                 {f32({2, 1}, {1, 4}), f32({2, 2}, {2, 3, 5, 6})});
  expect_results(call(Op::split, {f32({1, 2, 3, 4, 5})}, {}, 2), {f32({1, 2, 3}), f32({4, 5})});
  expect_refused(call(Op::split, {six(), i64({1, 1})}, {axis(1)}, 2),
                 RefusalCode::operand_value_invalid, "Split");
  expect_refused(call(Op::split, {six(), i64({4, -1})}, {axis(1)}, 2),
                 RefusalCode::operand_value_invalid, "Split");
  expect_refused(call(Op::split, {six(), i64({1, 1, 1})}, {axis(1)}, 2),
                 RefusalCode::shape_mismatch, "Split");
  expect_refused(call(Op::split, {f32({1, 2, 3, 4, 5})}, {}, 4), RefusalCode::shape_mismatch,
                 "Split");
}

Outcome slice(const Tensor& x, Ints starts, Ints ends, Ints axes, Ints steps) {
  return call(Op::slice, {x, i64(starts), i64(ends), i64(axes), i64(steps)});
}

TEST(Slice, clamps_and_steps_both_ways) {
  const Tensor x = f32({0, 1, 2, 3, 4});
  expect_result(slice(x, {1}, {greatest}, {0}, {2}), f32({1, 3}));
  expect_result(slice(x, {-2}, {-1}, {0}, {1}), f32(std::vector<float>{3}));
  expect_result(slice(x, {greatest}, {least}, {0}, {-2}), f32({4, 2, 0}));
  expect_result(slice(x, {-1}, {-4}, {0}, {-1}), f32({4, 3, 2}));
  expect_result(slice(x, {3}, {1}, {0}, {1}), f32(std::vector<float>{}));
  expect_result(slice(x, {least}, {greatest}, {0}, {greatest}), f32(std::vector<float>{0}));
  expect_result(slice(x, {greatest}, {least}, {0}, {least}), f32(std::vector<float>{4}));
  expect_result(slice(f32({0, 2}, {}), {greatest}, {least}, {0}, {-1}), f32({0, 2}, {}));
  expect_result(call(Op::slice, {six(), i64({1, 0}), i64({2, 2})}), f32({1, 2}, {4, 5}));
  expect_result(call(Op::slice, {six(), i32({0, 0}), i32({2, 1}), i32({-1, 0}), i32({1, 1})}),
                f32({1, 2}, {1, 2}));
}

TEST(Slice, agrees_with_walking_by_hand) {
  core::PhiloxStream random(50);
  for (int i = 0; i < 3000; ++i) {
    const auto size = static_cast<std::int64_t>(random.next_below(7));
    auto pick = [&random] { return static_cast<std::int64_t>(random.next_below(21)) - 10; };
    const std::int64_t start = pick();
    const std::int64_t end = pick();
    const std::int64_t step = pick();
    if (step == 0) continue;
    std::vector<float> values;
    for (std::int64_t k = 0; k < size; ++k) values.push_back(static_cast<float>(k));
    // Python's rule: positions from the clamped start while they stay before the clamped end.
    std::int64_t from = start < 0 ? start + size : start;
    std::int64_t to = end < 0 ? end + size : end;
    from = step > 0 ? std::clamp<std::int64_t>(from, 0, size)
                    : std::clamp<std::int64_t>(from, -1, size - 1);
    to = step > 0 ? std::clamp<std::int64_t>(to, 0, size)
                  : std::clamp<std::int64_t>(to, -1, size - 1);
    std::vector<float> expected;
    if (start + size >= 0 || step > 0) {  // ONNX clamps a start before the first element to it
      for (std::int64_t k = from; step > 0 ? k < to : k > to; k += step) {
        expected.push_back(static_cast<float>(k));
      }
      expect_result(slice(f32(values), {start}, {end}, {0}, {step}), f32(expected));
    }
  }
}

TEST(Slice, refuses_step_zero_repeated_axes_and_lengths) {
  expect_refused(slice(six(), {0}, {1}, {0}, {0}), RefusalCode::operand_value_invalid, "Slice");
  expect_refused(slice(six(), {0, 0}, {1, 1}, {0, -2}, {1, 1}),
                 RefusalCode::operation_attribute_invalid, "Slice");
  expect_refused(slice(six(), {0}, {1}, {2}, {1}), RefusalCode::operation_attribute_invalid,
                 "Slice");
  expect_refused(slice(six(), {0}, {1, 1}, {0}, {1}), RefusalCode::shape_mismatch, "Slice");
}

TEST(Gather, replaces_an_axis_by_the_shape_of_the_indices) {
  expect_result(call(Op::gather, {six(), i64({2, 1}, {-1, 0})}, {axis(1)}),
                f32({2, 2, 1}, {3, 1, 6, 4}));
  expect_result(call(Op::gather, {six(), Tensor::of<std::int32_t>({}, {1})}), f32({4, 5, 6}));
  expect_result(call(Op::gather, {f32({0, 2}, {}), i64(Ints{})}), f32({0, 2}, {}));
}

TEST(Gather, refuses_an_index_out_of_range) {
  for (std::int64_t index : {std::int64_t{2}, std::int64_t{-3}, least, greatest}) {
    expect_refused(call(Op::gather, {six(), i64(Ints{index})}), RefusalCode::operand_value_invalid,
                   "Gather");
  }
  expect_refused(call(Op::gather, {six(), f32({0})}), RefusalCode::operation_dtype_unsupported,
                 "Gather");
}

Outcome pad(const Tensor& x, Ints pads, const char* mode, std::optional<Tensor> constant = {},
            std::optional<Tensor> axes = {}) {
  return call(Op::pad, {x, i64(std::move(pads)), std::move(constant), std::move(axes)},
              {{"mode", std::string(mode)}});
}

TEST(Pad, fills_in_every_mode) {
  const Tensor x = f32({1, 2, 3});
  expect_result(pad(x, {1, 2}, "constant"), f32({0, 1, 2, 3, 0, 0}));
  expect_result(pad(x, {1, 0}, "constant", f32_bits({}, {0xFFC00001})),
                f32_bits({4}, {0xFFC00001, 0x3F800000, 0x40000000, 0x40400000}));
  expect_result(pad(x, {2, 2}, "edge"), f32({1, 1, 1, 2, 3, 3, 3}));
  expect_result(pad(x, {2, 2}, "reflect"), f32({3, 2, 1, 2, 3, 2, 1}));
  expect_result(pad(x, {2, 2}, "wrap"), f32({2, 3, 1, 2, 3, 1, 2}));
}

TEST(Pad, reflects_and_wraps_more_than_once) {
  const Tensor x = f32({1, 2, 3});
  expect_result(pad(x, {5, 0}, "reflect"), f32({2, 1, 2, 3, 2, 1, 2, 3}));
  expect_result(pad(x, {4, 0}, "wrap"), f32({3, 1, 2, 3, 1, 2, 3}));
  expect_result(pad(f32({7}), {1, 2}, "reflect"), f32({7, 7, 7, 7}));
}

TEST(Pad, negative_pads_crop_first) {
  const Tensor x = f32({1, 2, 3});
  expect_result(pad(x, {-1, 1}, "constant"), f32({2, 3, 0}));
  expect_result(pad(x, {-1, 1}, "edge"), f32({2, 3, 3}));
  expect_result(pad(x, {-1, 1}, "reflect"), f32({2, 3, 2}));
  expect_result(pad(x, {-2, -1}, "constant"), f32(std::vector<float>{}));
}

TEST(Pad, named_axes_only) {
  expect_result(pad(six(), {1, 0}, "edge", std::nullopt, i64(Ints{-1})),
                f32({2, 4}, {1, 1, 2, 3, 4, 4, 5, 6}));
  expect_result(pad(f32({2, 1}, {1, 2}), {1, 1, 0, 0}, "constant", f32(Shape{}, {9})),
                f32({3, 2}, {9, 9, 9, 1, 9, 2}));
}

TEST(Pad, refuses_what_cannot_be_filled) {
  const Tensor x = f32({1, 2, 3});
  expect_refused(pad(x, {1}, "constant"), RefusalCode::shape_mismatch, "Pad");
  expect_refused(pad(x, {-2, -2}, "constant"), RefusalCode::operand_value_invalid, "Pad");
  expect_refused(pad(x, {least, greatest}, "constant"), RefusalCode::operand_value_invalid, "Pad");
  expect_refused(pad(x, {1LL << 39, 0}, "constant"), RefusalCode::limit_exceeded, "Pad");
  expect_refused(pad(x, {-3, 1}, "edge"), RefusalCode::shape_mismatch, "Pad");
  expect_refused(pad(x, {1, 1}, "mirror"), RefusalCode::operation_attribute_invalid, "Pad");
  expect_refused(pad(x, {1, 1}, "constant", f64({0})), RefusalCode::operation_dtype_unsupported,
                 "Pad");
  expect_refused(pad(x, {1, 1, 1, 1}, "edge", std::nullopt, i64({0, 0})),
                 RefusalCode::operation_attribute_invalid, "Pad");
}

TEST(Expand, broadcasts_both_ways) {
  expect_result(call(Op::expand, {f32({2, 1}, {1, 2}), i64({1, 3})}),
                f32({2, 3}, {1, 1, 1, 2, 2, 2}));
  expect_result(call(Op::expand, {f32({1, 2}), i64(Ints{1})}), f32({1, 2}));
  expect_refused(call(Op::expand, {f32({1, 2}), i64(Ints{3})}), RefusalCode::shape_mismatch,
                 "Expand");
  expect_refused(call(Op::expand, {f32({1}), i64(Ints{-1})}), RefusalCode::shape_mismatch,
                 "Expand");
  expect_refused(call(Op::expand, {f32({1}), i64(Ints{greatest})}), RefusalCode::limit_exceeded,
                 "Expand");
  expect_refused(call(Op::expand, {f32({1}), i64(Ints(17, 1))}), RefusalCode::limit_exceeded,
                 "Expand");
}

TEST(Shape, clamps_start_and_end) {
  const Tensor x = f32({2, 1, 3}, {1, 2, 3, 4, 5, 6});
  expect_result(call(Op::shape, {x}), i64({2, 1, 3}));
  expect_result(call(Op::shape, {x}, {{"start", std::int64_t{-2}}}), i64({1, 3}));
  expect_result(call(Op::shape, {x}, {{"start", std::int64_t{1}}, {"end", std::int64_t{-1}}}),
                i64(Ints{1}));
  expect_result(call(Op::shape, {x}, {{"start", greatest}}), i64(Ints{}));
  expect_result(call(Op::shape, {f32(Shape{}, {1})}), i64(Ints{}));
}

TEST(ConstantOfShape, repeats_the_bits_of_the_value) {
  expect_result(call(Op::constant_of_shape, {i64({2, 1}), f32_bits({1}, {0xFFC00001})}),
                f32_bits({2, 1}, {0xFFC00001, 0xFFC00001}));
  expect_result(call(Op::constant_of_shape, {i64(Ints{}), i32({5})}),
                Tensor::of<std::int32_t>({}, {5}));
  expect_refused(call(Op::constant_of_shape, {i64(Ints{-1}), f32({1})}),
                 RefusalCode::shape_mismatch, "ConstantOfShape");
  expect_refused(call(Op::constant_of_shape, {i64(Ints{1}), f32({1, 2})}),
                 RefusalCode::shape_mismatch, "ConstantOfShape");
  expect_refused(call(Op::constant_of_shape, {i64({greatest, greatest}), f32({1})}),
                 RefusalCode::limit_exceeded, "ConstantOfShape");
}

}  // namespace
}  // namespace isotrace::reference
