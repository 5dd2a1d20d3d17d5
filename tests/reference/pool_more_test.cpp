// [pool.lp_pool] [pool.global_lp_pool] [pool.max_unpool] [pool.max_roi_pool] [pool.roi_align]
// [pool.col2im]
#include <tests/reference/support.hpp>

#include <isotrace/reference/math/binary64.hpp>

namespace isotrace::reference {
namespace {

using Floats = std::vector<float>;

Attribute p_of(std::int64_t p) { return {"p", p}; }

TEST(LpPool, the_norms_of_a_window) {
  const Tensor x = f32({1, 1, 3}, {3, -4, 12});
  const Attribute kernel{"kernel_shape", Ints{2}};
  expect_result(call(Op::lp_pool, {x}, {kernel, p_of(1)}), f32({1, 1, 2}, {7, 16}));
  expect_result(call(Op::lp_pool, {x}, {kernel, p_of(2)}), f32({1, 1, 2}, {5, std::sqrt(160.0F)}));
  const auto third = call(Op::lp_pool, {x}, {kernel, p_of(3)});
  ASSERT_TRUE(third);
  EXPECT_NEAR(third->front().data<float>()[0], std::cbrt(91.0), 1e-5);
  expect_result(call(Op::lp_pool, {x}, {kernel, p_of(2), {"pads", Ints{1, 1}}}),
                f32({1, 1, 4}, {3, 5, std::sqrt(160.0F), 12}));
  expect_result(call(Op::global_lp_pool, {x}, {p_of(1)}), f32({1, 1, 1}, {19}));
  expect_result(call(Op::global_lp_pool, {x}, {p_of(2)}), f32({1, 1, 1}, {13}));
}

TEST(LpPool, norms_of_f64) {
  const Tensor x = Tensor::of<double>({1, 1, 2}, {0.1, -0.2});
  const Attribute kernel{"kernel_shape", Ints{2}};
  expect_result(call(Op::lp_pool, {x}, {kernel, p_of(1)}),
                Tensor::of<double>({1, 1, 1}, {0.1 + 0.2}));
  const double squares = 0.1 * 0.1 + 0.2 * 0.2;  // each in a lane of its own
  expect_result(call(Op::global_lp_pool, {x}, {p_of(2)}),
                Tensor::of<double>({1, 1, 1}, {std::sqrt(squares)}));
  const double cubes = pow64(0.1, 3.0) + pow64(0.2, 3.0);
  expect_result(call(Op::lp_pool, {x}, {kernel, p_of(3)}),
                Tensor::of<double>({1, 1, 1}, {pow64(cubes, 1.0 / 3)}));
}

TEST(LpPool, zeros_and_windows_on_padding) {
  const Tensor x = f32({1, 1, 2}, {0, -0.0F});
  for (const std::int64_t p : {1, 2, 5}) {
    expect_result(
        call(Op::lp_pool, {x}, {{"kernel_shape", Ints{1}}, {"pads", Ints{1, 0}}, p_of(p)}),
        f32({1, 1, 3}, {0, 0, 0}));
  }
  for (const std::int64_t p : {std::int64_t{0}, std::int64_t{1} << 40}) {
    expect_refused(call(Op::global_lp_pool, {x}, {p_of(p)}),
                   RefusalCode::operation_attribute_invalid, "GlobalLpPool");
  }
}

TEST(MaxUnpool, undoes_max_pool) {
  const Tensor x = f32({1, 2, 2, 3}, {1, 5, 2, 4, 3, 6, -1, -5, -2, -4, -3, -6});
  const Attribute kernel{"kernel_shape", Ints{2, 1}};
  const Attribute strides{"strides", Ints{2, 1}};
  const auto pooled = call(Op::max_pool, {x}, {kernel, strides}, 2);
  ASSERT_TRUE(pooled);
  expect_result(call(Op::max_unpool, {(*pooled)[0], (*pooled)[1]}, {kernel, strides}),
                f32({1, 2, 2, 3}, {0, 5, 0, 4, 0, 6, -1, 0, -2, 0, -3, 0}));
}

TEST(MaxUnpool, larger_output_the_last_of_several_and_hostile_indices) {
  const Attribute kernel{"kernel_shape", Ints{2}};
  const Tensor x = f32({1, 1, 2}, {7, 8});
  expect_result(call(Op::max_unpool, {x, i64({1, 1, 2}, {2, 0}), i64({1, 1, 5})}, {kernel}),
                f32({1, 1, 5}, {8, 0, 7, 0, 0}));
  expect_result(call(Op::max_unpool, {x, i64({1, 1, 2}, {1, 1})}, {kernel}),
                f32({1, 1, 3}, {0, 8, 0}));
  for (const std::int64_t index : {std::int64_t{3}, std::int64_t{-1}, std::int64_t{1} << 62}) {
    expect_refused(call(Op::max_unpool, {x, i64({1, 1, 2}, {0, index})}, {kernel}),
                   RefusalCode::operand_value_invalid, "MaxUnpool");
  }
  const Tensor none = i64({1, 1, 2}, {0, 0});
  expect_refused(call(Op::max_unpool, {x, none, i64({1, 1, 2})}, {kernel}),
                 RefusalCode::shape_mismatch, "MaxUnpool");
  expect_refused(call(Op::max_unpool, {x, none, i64({1, 1, std::int64_t{1} << 60})}, {kernel}),
                 RefusalCode::limit_exceeded, "MaxUnpool");
  expect_refused(call(Op::max_unpool, {x, none}, {kernel, {"pads", Ints{9, 9}}}),
                 RefusalCode::shape_mismatch, "MaxUnpool");
  expect_refused(call(Op::max_unpool, {x, i64({0})}, {kernel}), RefusalCode::shape_mismatch,
                 "MaxUnpool");
}

TEST(MaxRoiPool, bins_share_the_region) {
  const Tensor x = f32({1, 1, 3, 4}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const std::vector<Attribute> two = {{"pooled_shape", Ints{2, 2}}, {"spatial_scale", 0.5F}};
  // Columns 1..3, rows 0..2: bins of 1.5 positions touch two.
  expect_result(call(Op::max_roi_pool, {x, f32({1, 5}, {0, 2, 0, 6, 4})}, two),
                f32({1, 1, 2, 2}, {6, 7, 10, 11}));
  // Outside the image nothing is left; a region turned round has one position.
  expect_result(call(Op::max_roi_pool, {x, f32({2, 5}, {0, 90, 90, 99, 99, 0, 2, 2, 0, 0})}, two),
                f32({2, 1, 2, 2}, {0, 0, 0, 0, 5, 5, 5, 5}));
  for (const float image : {1.0F, -1.0F, 0.5F, quiet_nan(), infinity}) {
    expect_refused(call(Op::max_roi_pool, {x, f32({1, 5}, {image, 0, 0, 1, 1})}, two),
                   RefusalCode::operand_value_invalid, "MaxRoiPool");
  }
  const auto wild =
      call(Op::max_roi_pool, {x, f32({1, 5}, {0, -infinity, quiet_nan(), infinity, 1e30F})}, two);
  ASSERT_TRUE(wild);
  expect_refused(call(Op::max_roi_pool, {x, f32({1, 5}, {0, 0, 0, 1, 1})},
                      {{"pooled_shape", Ints{1 << 30, 1 << 30}}}),
                 RefusalCode::limit_exceeded, "MaxRoiPool");
}

struct Align {
  std::string mode = "avg";
  std::string coordinates = "half_pixel";
  std::int64_t height = 1;
  std::int64_t width = 1;
  std::int64_t ratio = 1;

  [[nodiscard]] Outcome run(const Tensor& x, Floats roi, std::int64_t image = 0) const {
    return call(Op::roi_align, {x, f32({1, 4}, std::move(roi)), i64({image})},
                {{"coordinate_transformation_mode", coordinates},
                 {"mode", mode},
                 {"output_height", height},
                 {"output_width", width},
                 {"sampling_ratio", ratio}});
  }
};

TEST(RoiAlign, samples_between_four_elements) {
  const Tensor x = f32({1, 1, 2, 2}, {1, 2, 4, 8});
  // One sample at (0.5, 0.5): the mean, and the greatest of the weighted elements.
  expect_result(Align{}.run(x, {0, 0, 2, 2}), f32({1, 1, 1, 1}, {3.75F}));
  expect_result(Align{.mode = "max"}.run(x, {0, 0, 2, 2}), f32({1, 1, 1, 1}, {2}));
  // Without the half pixel the same sample lies at (1, 1).
  expect_result(Align{.coordinates = "output_half_pixel"}.run(x, {0, 0, 2, 2}),
                f32({1, 1, 1, 1}, {8}));
  // A region without a size has size 1 there: the sample is at (0.5, 0.5) again.
  expect_result(Align{.coordinates = "output_half_pixel"}.run(x, {0, 0, 0, 0}),
                f32({1, 1, 1, 1}, {3.75F}));
  // Two by two bins, two samples per axis chosen by their size.
  expect_result(Align{.height = 2, .width = 2, .ratio = 0}.run(x, {0.5F, 0.5F, 2.5F, 2.5F}),
                f32({1, 1, 2, 2}, {3.75F, 5, 6, 8}));
}

TEST(RoiAlign, regions_outside_and_without_a_size) {
  const Tensor x = f32({1, 1, 2, 2}, {1, 2, 4, 8});
  for (const char* mode : {"avg", "max"}) {
    expect_result(Align{.mode = mode}.run(x, {90, 90, 99, 99}), f32({1, 1, 1, 1}, {0}));
    expect_result(Align{.mode = mode, .ratio = 0}.run(x, {1, 1, 1, 1}), f32({1, 1, 1, 1}, {0}));
    expect_result(Align{.mode = mode, .ratio = 0}.run(x, {2, 2, -5, -5}), f32({1, 1, 1, 1}, {0}));
    expect_result(Align{.mode = mode}.run(x, {quiet_nan(), 0, 1, 1}),
                  f32({1, 1, 1, 1}, {quiet_nan()}));
    expect_refused(Align{.mode = mode, .ratio = 0}.run(x, {0, 0, 1e30F, 1e30F}),
                   RefusalCode::limit_exceeded, "RoiAlign");
  }
  const Tensor none(core::Dtype::f32, {1, 1, 0, 2});
  expect_result(Align{}.run(none, {0, 0, 1, 1}), f32({1, 1, 1, 1}, {0}));
}

TEST(RoiAlign, refusals) {
  const Tensor x = f32({1, 1, 1, 1}, {1});
  expect_refused(Align{}.run(x, {0, 0, 1, 1}, 1), RefusalCode::operand_value_invalid, "RoiAlign");
  expect_refused(Align{.mode = "sum"}.run(x, {0, 0, 1, 1}),
                 RefusalCode::operation_attribute_invalid, "RoiAlign");
  expect_refused(Align{.coordinates = "x"}.run(x, {0, 0, 1, 1}),
                 RefusalCode::operation_attribute_invalid, "RoiAlign");
  expect_refused(Align{.ratio = 1 << 20}.run(x, {0, 0, 1, 1}),
                 RefusalCode::operation_attribute_invalid, "RoiAlign");
  expect_refused(Align{.height = 1LL << 30, .width = 1LL << 30}.run(x, {0, 0, 1, 1}),
                 RefusalCode::limit_exceeded, "RoiAlign");
}

TEST(Col2Im, adds_the_columns_that_overlap) {
  // Windows of 2 over 3 positions: the middle one is in both.
  expect_result(call(Op::col2im, {f32({1, 2, 2}, {1, 2, 10, 20}), i64(Ints{3}), i64(Ints{2})},
                     {{"pads", Ints{}}}),
                f32({1, 1, 3}, {1, 12, 20}));
  // Padded by one on each side and two apart: windows at -1 and 1.
  expect_result(call(Op::col2im, {f32({1, 2, 2}, {1, 2, 10, 20}), i64(Ints{3}), i64(Ints{2})},
                     {{"pads", Ints{1, 1}}, {"strides", Ints{2}}}),
                f32({1, 1, 3}, {10, 2, 20}));
  expect_result(call(Op::col2im, {f32({1, 4, 1}, {1, 2, 3, 4}), i64(Ints{3, 2}), i64(Ints{2, 2})},
                     {{"dilations", Ints{2, 1}}}),
                f32({1, 1, 3, 2}, {1, 2, 0, 0, 3, 4}));
}

TEST(Col2Im, refuses_what_does_not_fit) {
  const Tensor x = f32({1, 2, 2}, {1, 2, 10, 20});
  for (const auto& [image, block] : std::vector<std::pair<Ints, Ints>>{
           {{4}, {2}}, {{3}, {3}}, {{3, 1}, {2}}, {{-3}, {2}}, {{1}, {2}}}) {
    expect_refused(call(Op::col2im, {x, i64(image), i64(block)}), RefusalCode::shape_mismatch,
                   "Col2Im");
  }
  expect_refused(call(Op::col2im, {x, i64(Ints{3}), i64(Ints{0})}),
                 RefusalCode::operation_attribute_invalid, "Col2Im");
  expect_result(call(Op::col2im, {Tensor(core::Dtype::f32, {0, 2, 2}), i64(Ints{3}), i64(Ints{2})}),
                Tensor(core::Dtype::f32, {0, 1, 3}));
}

}  // namespace
}  // namespace isotrace::reference
