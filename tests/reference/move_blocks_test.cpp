// [move.size] [move.tile] [move.depth_to_space] [move.space_to_depth] [move.center_crop_pad]
// [move.reverse_sequence] [move.dropout]
#include <tests/reference/support.hpp>

#include <numeric>

namespace isotrace::reference {
namespace {

constexpr auto greatest = std::numeric_limits<std::int64_t>::max();

Tensor six() { return f32({2, 3}, {1, 2, 3, 4, 5, 6}); }
/// 0, 1, 2, ... in a shape.
Tensor numbered(Shape shape) {
  std::vector<std::int64_t> values(*core::element_count(shape));
  std::iota(values.begin(), values.end(), 0);
  return i64(std::move(shape), values);
}

TEST(Size, counts_elements) {
  expect_result(call(Op::size, {six()}), i64(Shape{}, {6}));
  expect_result(call(Op::size, {f32(Shape{}, {1})}), i64(Shape{}, {1}));
  expect_result(call(Op::size, {f32({3, 0}, {})}), i64(Shape{}, {0}));
}

TEST(Tile, repeats_every_axis) {
  expect_result(call(Op::tile, {six(), i64({1, 2})}),
                f32({2, 6}, {1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}));
  expect_result(call(Op::tile, {f32({1, 2}), i64(Ints{3})}), f32({1, 2, 1, 2, 1, 2}));
  expect_result(call(Op::tile, {six(), i64({0, 2})}), f32({0, 6}, {}));
  expect_result(call(Op::tile, {f32(Shape{}, {7}), i64(Ints{})}), f32(Shape{}, {7}));
  expect_result(call(Op::tile, {f32({0, 2}, {}), i64({5, 2})}), f32({0, 4}, {}));
}

TEST(Tile, refuses_repeats_that_do_not_fit) {
  expect_refused(call(Op::tile, {six(), i64(Ints{2})}), RefusalCode::shape_mismatch, "Tile");
  expect_refused(call(Op::tile, {six(), i64({-1, 1})}), RefusalCode::operand_value_invalid, "Tile");
  expect_refused(call(Op::tile, {six(), i64({greatest, 1})}), RefusalCode::shape_mismatch, "Tile");
  expect_refused(call(Op::tile, {six(), i64({std::int64_t{1} << 60, 1})}),
                 RefusalCode::limit_exceeded, "Tile");
}

/// Element of a [N, C, H, W] tensor.
std::int64_t at(const Tensor& x, std::int64_t n, std::int64_t c, std::int64_t h, std::int64_t w) {
  const std::int64_t place = ((n * x.dim(1) + c) * x.dim(2) + h) * x.dim(3) + w;
  return x.data<std::int64_t>()[static_cast<std::size_t>(place)];
}

TEST(DepthToSpace, follows_the_formula_in_both_modes) {
  const Tensor x = numbered({2, 12, 2, 3});
  for (const char* mode : {"DCR", "CRD"}) {
    const auto outcome = call(Op::depth_to_space, {x},
                              {{"blocksize", std::int64_t{2}}, {"mode", std::string(mode)}});
    ASSERT_TRUE(outcome.has_value());
    const Tensor& y = (*outcome)[0];
    ASSERT_EQ(y.shape(), (Shape{2, 3, 4, 6}));
    for (std::int64_t n = 0; n < 2; ++n) {
      for (std::int64_t c = 0; c < 3; ++c) {
        for (std::int64_t h = 0; h < 4; ++h) {
          for (std::int64_t w = 0; w < 6; ++w) {
            const std::int64_t block = h % 2 * 2 + w % 2;
            const std::int64_t channel = mode[0] == 'D' ? block * 3 + c : c * 4 + block;
            EXPECT_EQ(at(y, n, c, h, w), at(x, n, channel, h / 2, w / 2)) << mode;
          }
        }
      }
    }
  }
}

TEST(SpaceToDepth, undoes_depth_to_space) {
  const Tensor x = numbered({2, 12, 2, 3});
  const Attribute block{"blocksize", std::int64_t{2}};
  const auto wide = call(Op::depth_to_space, {x}, {block, {"mode", std::string("DCR")}});
  ASSERT_TRUE(wide.has_value());
  expect_result(call(Op::space_to_depth, {(*wide)[0]}, {block}), x);
}

TEST(SpaceToDepth, refuses_blocks_that_do_not_fit) {
  const Attribute mode{"mode", std::string("DCR")};
  for (std::int64_t block : {std::int64_t{0}, std::int64_t{-2}, greatest}) {
    expect_refused(call(Op::space_to_depth, {numbered({1, 4, 4, 4})}, {{"blocksize", block}}),
                   RefusalCode::operation_attribute_invalid, "SpaceToDepth");
    expect_refused(call(Op::depth_to_space, {numbered({1, 4, 4, 4})}, {{"blocksize", block}, mode}),
                   RefusalCode::operation_attribute_invalid, "DepthToSpace");
  }
  const Attribute three{"blocksize", std::int64_t{3}};
  expect_refused(call(Op::space_to_depth, {numbered({1, 1, 4, 3})}, {three}),
                 RefusalCode::shape_mismatch, "SpaceToDepth");
  expect_refused(call(Op::depth_to_space, {numbered({1, 8, 1, 1})}, {three, mode}),
                 RefusalCode::shape_mismatch, "DepthToSpace");
  expect_refused(call(Op::depth_to_space, {numbered({9, 1, 1})}, {three, mode}),
                 RefusalCode::shape_mismatch, "DepthToSpace");
  expect_refused(
      call(Op::depth_to_space, {numbered({1, 9, 1, 1})}, {three, {"mode", std::string("RCD")}}),
      RefusalCode::operation_attribute_invalid, "DepthToSpace");
}

TEST(CenterCropPad, rounds_the_beginning_down) {
  const Tensor x = i64({1, 2, 3, 4, 5});
  expect_result(call(Op::center_crop_pad, {x, i64(Ints{2})}), i64({2, 3}));
  expect_result(call(Op::center_crop_pad, {x, i64(Ints{8})}), i64({0, 1, 2, 3, 4, 5, 0, 0}));
  expect_result(call(Op::center_crop_pad, {x, i64(Ints{0})}), i64(Ints{}));
  expect_result(call(Op::center_crop_pad, {six(), i64({1, 5})}), f32({1, 5}, {0, 1, 2, 3, 0}));
  expect_result(call(Op::center_crop_pad, {six(), i64(Ints{1})}, {{"axes", Ints{-1}}}),
                f32({2, 1}, {2, 5}));
  expect_result(call(Op::center_crop_pad, {f32({0, 1}, {}), i64({1, 1})}), f32({1, 1}, {0}));
}

TEST(CenterCropPad, refuses_sizes_and_axes) {
  expect_refused(call(Op::center_crop_pad, {six(), i64(Ints{1})}), RefusalCode::shape_mismatch,
                 "CenterCropPad");
  expect_refused(call(Op::center_crop_pad, {six(), i64({1, -1})}),
                 RefusalCode::operand_value_invalid, "CenterCropPad");
  expect_refused(call(Op::center_crop_pad, {six(), i64({1, 1})}, {{"axes", Ints{0, -2}}}),
                 RefusalCode::operation_attribute_invalid, "CenterCropPad");
}

TEST(ReverseSequence, reverses_the_first_elements_of_each) {
  const Attribute rows{"batch_axis", std::int64_t{0}};
  const Attribute time{"time_axis", std::int64_t{1}};
  expect_result(call(Op::reverse_sequence, {six(), i64({2, 3})}, {rows, time}),
                f32({2, 3}, {2, 1, 3, 6, 5, 4}));
  expect_result(call(Op::reverse_sequence, {six(), i64({0, 1, 2})},
                     {{"batch_axis", std::int64_t{1}}, {"time_axis", std::int64_t{-2}}}),
                f32({2, 3}, {1, 2, 6, 4, 5, 3}));
  expect_result(call(Op::reverse_sequence, {numbered({1, 2, 2}), i64(Ints{2})}, {rows, time}),
                i64({1, 2, 2}, {2, 3, 0, 1}));
}

TEST(ReverseSequence, refuses_lengths_and_axes) {
  const Attribute rows{"batch_axis", std::int64_t{0}};
  const Attribute time{"time_axis", std::int64_t{1}};
  for (const Ints& lengths : {Ints{4, 1}, Ints{-1, 1}}) {
    expect_refused(call(Op::reverse_sequence, {six(), i64(lengths)}, {rows, time}),
                   RefusalCode::operand_value_invalid, "ReverseSequence");
  }
  expect_refused(call(Op::reverse_sequence, {six(), i64({1, 1, 1})}, {rows, time}),
                 RefusalCode::shape_mismatch, "ReverseSequence");
  expect_refused(
      call(Op::reverse_sequence, {six(), i64({1, 1})}, {rows, {"time_axis", std::int64_t{-2}}}),
      RefusalCode::operation_attribute_invalid, "ReverseSequence");
}

TEST(Dropout, keeps_everything_unless_it_would_be_random) {
  const auto dropout = [](float ratio, int training) {
    return call(Op::dropout, {f32({1, -0.0F}), f32(Shape{}, {ratio}), booleans({training})}, {}, 2);
  };
  expect_results(dropout(0.5F, 0), {f32({1, -0.0F}), booleans({1, 1})});
  expect_results(dropout(0, 1), {f32({1, -0.0F}), booleans({1, 1})});
  for (float ratio : {0.5F, quiet_nan()}) {
    expect_refused(dropout(ratio, 1), RefusalCode::operand_value_invalid, "Dropout");
  }
  expect_refused(call(Op::dropout, {i32({1}), f32({0}), booleans({0})}),
                 RefusalCode::operation_dtype_unsupported, "Dropout");
  expect_refused(call(Op::dropout, {f32({1}), f32(Shape{}, {0}), booleans({0, 0})}),
                 RefusalCode::shape_mismatch, "Dropout");
}

}  // namespace
}  // namespace isotrace::reference
