// [vision.resize]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

using Floats = std::vector<float>;

struct Resize {
  std::string mode = "linear";
  std::string coordinates = "half_pixel";
  std::string nearest = "round_prefer_floor";
  std::string policy = "stretch";
  Ints axes = {};
  std::int64_t antialias = 0;
  std::int64_t exclude = 0;
  float extrapolation = 0;

  [[nodiscard]] std::vector<Attribute> attributes() const {
    return {{"antialias", antialias},
            {"axes", axes},
            {"coordinate_transformation_mode", coordinates},
            {"cubic_coeff_a", -0.75F},
            {"exclude_outside", exclude},
            {"extrapolation_value", extrapolation},
            {"keep_aspect_ratio_policy", policy},
            {"mode", mode},
            {"nearest_mode", nearest}};
  }
  [[nodiscard]] Outcome to(const Tensor& x, Ints sizes, std::optional<Floats> roi = {}) const {
    const auto region = roi ? std::optional(f32(*roi)) : std::nullopt;
    return call(Op::resize, {x, region, std::nullopt, i64(std::move(sizes))}, attributes());
  }
  [[nodiscard]] Outcome by(const Tensor& x, Floats scales) const {
    return call(Op::resize, {x, std::nullopt, f32(std::move(scales))}, attributes());
  }
};

const Tensor ramp = f32({4}, {0, 1, 2, 3});

TEST(Resize, every_coordinate_transformation) {
  const auto to_eight = [](const char* coordinates) {
    return Resize{.coordinates = coordinates}.to(ramp, {8});
  };
  const Tensor half = f32({8}, {0, 0.25F, 0.75F, 1.25F, 1.75F, 2.25F, 2.75F, 3});
  expect_result(to_eight("half_pixel"), half);
  expect_result(to_eight("half_pixel_symmetric"), half);
  expect_result(to_eight("pytorch_half_pixel"), half);
  expect_result(to_eight("asymmetric"), f32({8}, {0, 0.5F, 1, 1.5F, 2, 2.5F, 3, 3}));
  expect_result(to_eight("tf_half_pixel_for_nn"),
                f32({8}, {0.25F, 0.75F, 1.25F, 1.75F, 2.25F, 2.75F, 3, 3}));
  expect_result(Resize{.coordinates = "align_corners"}.to(ramp, {7}),
                f32({7}, {0, 0.5F, 1, 1.5F, 2, 2.5F, 3}));
  // One output element: the middle, but the first for the two that say so.
  expect_result(Resize{}.to(ramp, {1}), f32({1}, {1.5F}));
  expect_result(Resize{.coordinates = "pytorch_half_pixel"}.to(ramp, {1}), f32({1}, {0}));
  expect_result(Resize{.coordinates = "align_corners"}.to(ramp, {1}), f32({1}, {0}));
}

TEST(Resize, the_symmetric_form_centers_what_rounding_cut) {
  // 4 * 0.65 = 2.6 becomes 2 elements; both ends lose alike.
  const auto outcome = Resize{.coordinates = "half_pixel_symmetric"}.by(ramp, {0.65F});
  ASSERT_TRUE(outcome);
  const auto values = outcome->front().data<float>();
  ASSERT_EQ(values.size(), 2U);
  EXPECT_NEAR(values[0] + values[1], 3.0F, 1e-6);
  EXPECT_NEAR(values[1] - values[0], 1 / 0.65F, 1e-6);
}

TEST(Resize, every_nearest_mode) {
  const auto to_eight = [](const char* nearest) {
    return Resize{.mode = "nearest", .coordinates = "asymmetric", .nearest = nearest}.to(ramp, {8});
  };
  expect_result(to_eight("round_prefer_floor"), f32({8}, {0, 0, 1, 1, 2, 2, 3, 3}));
  expect_result(to_eight("round_prefer_ceil"), f32({8}, {0, 1, 1, 2, 2, 3, 3, 3}));
  expect_result(to_eight("floor"), f32({8}, {0, 0, 1, 1, 2, 2, 3, 3}));
  expect_result(to_eight("ceil"), f32({8}, {0, 1, 1, 2, 2, 3, 3, 3}));
}

TEST(Resize, nearest_moves_bits_of_any_type) {
  const Resize nearest = {.mode = "nearest"};
  expect_result(nearest.to(booleans({1, 0}), {4}), booleans({1, 1, 0, 0}));
  expect_result(nearest.to(f32_bits({1}, {0x7FC12345}), {2}),
                f32_bits({2}, {0x7FC12345, 0x7FC12345}));
  expect_refused(Resize{}.to(booleans({1, 0}), {4}), RefusalCode::operation_dtype_unsupported,
                 "Resize");
}

TEST(Resize, integers_are_truncated) {
  expect_result(Resize{.coordinates = "align_corners"}.to(i32({0, 3, -3}), {5}),
                i32({0, 1, 3, 0, -3}));
}

TEST(Resize, the_same_size_changes_no_bit) {
  const Tensor x = f32_bits({2, 2}, {0x7F800000, 0x80000000, 0x00000001, 0x3F800000});
  for (const char* mode : {"linear", "cubic"}) {
    for (const char* coordinates : {"half_pixel", "align_corners", "asymmetric"}) {
      expect_result(Resize{.mode = mode, .coordinates = coordinates}.to(x, {2, 2}), x);
    }
    expect_result(Resize{.mode = mode, .antialias = 1, .exclude = 1}.by(x, {1, 1}), x);
  }
}

TEST(Resize, axes_are_summed_from_the_last_to_the_first) {
  core::PhiloxStream random(91);
  const Tensor x = random_f32({3, 4, 5}, random);
  for (const char* mode : {"linear", "cubic"}) {
    const Resize resize = {.mode = mode};
    const auto last = resize.to(x, {3, 4, 7});
    ASSERT_TRUE(last);
    const auto middle = resize.to(last->front(), {3, 2, 7});
    ASSERT_TRUE(middle);
    const auto first = resize.to(middle->front(), {5, 2, 7});
    ASSERT_TRUE(first);
    expect_results(resize.to(x, {5, 2, 7}), *first);
  }
}

TEST(Resize, cubic_weights) {
  const Tensor x = f32({4}, {1, 2, 4, 8});
  // Position 1 of 4 lies at 1 / 2 * 3 = 1.5: weights -3/32, 19/32, 19/32, -3/32.
  expect_result(Resize{.mode = "cubic", .coordinates = "align_corners"}.to(x, {3}),
                f32({3}, {1, (-3 * 1 + 19 * 2 + 19 * 4 - 3 * 8) / 32.0F, 8}));
}

TEST(Resize, taps_outside_repeat_the_edge_or_are_left_out) {
  const Tensor x = f32({2}, {32, 64});
  // Two into four: the first position is -0.25, with taps -2..1 at distances 1.75, 0.75, 0.25 and
  // 1.25.
  const auto repeated = Resize{.mode = "cubic"}.to(x, {4});
  const auto excluded = Resize{.mode = "cubic", .exclude = 1}.to(x, {4});
  ASSERT_TRUE(repeated && excluded);
  const double w[] = {-0.03515625, 0.26171875, 0.87890625, -0.10546875};
  EXPECT_NEAR(repeated->front().data<float>()[0], 32 * (w[0] + w[1] + w[2]) + 64 * w[3], 1e-5);
  EXPECT_NEAR(excluded->front().data<float>()[0], (32 * w[2] + 64 * w[3]) / (w[2] + w[3]), 1e-5);
}

TEST(Resize, antialiasing_averages_what_shrinks) {
  // Four into two: the triangle of radius 2 around 0.5 weighs -1..2 by 1, 3, 3, 1; -1 repeats 0.
  expect_result(Resize{.antialias = 1}.to(f32({4}, {0, 8, 16, 24}), {2}), f32({2}, {5, 19}));
  expect_result(Resize{.antialias = 1, .exclude = 1}.to(f32({4}, {0, 7, 14, 21}), {2}),
                f32({2}, {5, 16}));
  // Enlarging is not affected.
  const auto plain = Resize{}.to(ramp, {8});
  ASSERT_TRUE(plain);
  expect_results(Resize{.antialias = 1}.to(ramp, {8}), *plain);
}

TEST(Resize, regions_and_extrapolation) {
  const Resize crop = {.coordinates = "tf_crop_and_resize", .extrapolation = 9};
  expect_result(crop.to(ramp, {3}, Floats{0, 1}), f32({3}, {0, 1.5F, 3}));
  expect_result(crop.to(ramp, {2}, Floats{1, 0}), f32({2}, {3, 0}));
  expect_result(crop.to(ramp, {3}, Floats{0, 2}), f32({3}, {0, 3, 9}));
  expect_result(crop.to(ramp, {1}, Floats{0, 1}), f32({1}, {1.5F}));
  expect_result(crop.to(ramp, {2}, Floats{quiet_nan(), infinity}), f32({2}, {9, 9}));
  // Outside along one axis is outside.
  expect_result(crop.to(f32({2, 2}, {1, 2, 3, 4}), {1, 2}, Floats{5, 0, 5, 1}),
                f32({1, 2}, {9, 9}));
  expect_refused(crop.to(ramp, {2}), RefusalCode::shape_mismatch, "Resize");
  expect_refused(crop.to(ramp, {2}, Floats{0, 1, 2}), RefusalCode::shape_mismatch, "Resize");
}

TEST(Resize, axes_and_aspect_ratio) {
  const Tensor x = f32({1, 2, 4}, Floats(8, 1));
  const auto shape = [](const Outcome& outcome) {
    return outcome ? outcome->front().shape() : Shape{-1};
  };
  EXPECT_EQ(shape(Resize{.axes = {2, -2}}.to(x, {8, 2})), (Shape{1, 2, 8}));
  const Resize smaller = {.policy = "not_larger", .axes = {1, 2}};
  EXPECT_EQ(shape(smaller.to(x, {3, 7})), (Shape{1, 3, 6}));  // scales 1.5 and 1.75
  const Resize larger = {.policy = "not_smaller", .axes = {1, 2}};
  EXPECT_EQ(shape(larger.to(x, {3, 7})), (Shape{1, 4, 7}));
  EXPECT_EQ(shape(Resize{}.by(x, {1, 1.9F, 0.3F})), (Shape{1, 3, 1}));
}

TEST(Resize, nothing_in_or_out) {
  const Tensor none(core::Dtype::f32, {0, 2});
  expect_result(Resize{}.by(none, {3, 2}), Tensor(core::Dtype::f32, {0, 4}));
  expect_result(Resize{}.to(ramp, {0}), Tensor(core::Dtype::f32, {0}));
  expect_refused(Resize{}.to(none, {1, 2}), RefusalCode::shape_mismatch, "Resize");
  expect_result(Resize{}.to(f32({}, {5}), {}), f32({}, {5}));
}

TEST(Resize, refuses_before_it_allocates) {
  for (const float scale : {0.0F, -1.0F, quiet_nan(), infinity}) {
    expect_refused(Resize{}.by(ramp, {scale}), RefusalCode::operand_value_invalid, "Resize");
  }
  expect_refused(Resize{}.by(ramp, {1e30F}), RefusalCode::limit_exceeded, "Resize");
  expect_refused(Resize{}.to(ramp, {std::int64_t{1} << 60}), RefusalCode::limit_exceeded, "Resize");
  expect_refused(Resize{}.to(ramp, {-1}), RefusalCode::operand_value_invalid, "Resize");
  expect_refused(Resize{}.to(ramp, {1, 1}), RefusalCode::shape_mismatch, "Resize");
  expect_refused(Resize{.axes = {0, -1}}.to(ramp, {1, 1}), RefusalCode::operation_attribute_invalid,
                 "Resize");
  expect_refused(call(Op::resize, {ramp}, Resize{}.attributes()), RefusalCode::shape_mismatch,
                 "Resize");
  expect_refused(
      call(Op::resize, {ramp, std::nullopt, f32({1}), i64(Ints{1})}, Resize{}.attributes()),
      RefusalCode::shape_mismatch, "Resize");
  for (const Resize& bad : {Resize{.mode = "x"}, Resize{.coordinates = "x"}, Resize{.nearest = "x"},
                            Resize{.policy = "x"}}) {
    expect_refused(bad.to(ramp, {1}), RefusalCode::operation_attribute_invalid, "Resize");
  }
}

}  // namespace
}  // namespace isotrace::reference
