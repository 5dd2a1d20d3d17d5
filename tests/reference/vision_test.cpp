// [vision.grid_sample] [vision.affine_grid] [vision.non_max_suppression]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

using Floats = std::vector<float>;

Outcome sample(const Tensor& x, const Tensor& grid, const std::string& mode = "linear",
               const std::string& padding = "zeros", bool align_corners = true) {
  return call(
      Op::grid_sample, {x, grid},
      {{"align_corners", std::int64_t{align_corners}}, {"mode", mode}, {"padding_mode", padding}});
}

/// A row of points on one axis.
Tensor points(Floats values) {
  const auto count = std::ssize(values);
  return f32({1, count, 1}, std::move(values));
}

TEST(GridSample, positions_with_and_without_aligned_corners) {
  const Tensor x = f32({1, 1, 3}, {0, 1, 2});
  expect_result(sample(x, points({-1, -0.25F, 0.5F, 1})), f32({1, 1, 4}, {0, 0.75F, 1.5F, 2}));
  // Without: -1 lies half an element before the first, so half of it is outside.
  const Tensor y = f32({1, 1, 2}, {4, 8});
  expect_result(sample(y, points({-1, -0.5F, 0, 1}), "linear", "zeros", false),
                f32({1, 1, 4}, {2, 4, 6, 4}));
}

TEST(GridSample, the_grid_names_the_last_axis_first) {
  const Tensor x = f32({1, 1, 2, 2}, {1, 2, 4, 8});
  expect_result(sample(x, f32({1, 1, 3, 2}, {1, -1, -1, 1, 0, 0})),
                f32({1, 1, 1, 3}, {2, 4, 3.75F}));
  const Tensor cube = f32({1, 1, 2, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7});
  expect_result(sample(cube, f32({1, 1, 1, 2, 3}, {1, -1, -1, 0, 0, 0})),
                f32({1, 1, 1, 1, 2}, {1, 3.5F}));
}

TEST(GridSample, nearest_rounds_halves_to_even) {
  const Tensor x = f32({1, 1, 3}, {10, 11, 12});
  expect_result(sample(x, points({-0.5F, 0.5F, 0.6F}), "nearest"), f32({1, 1, 3}, {10, 12, 12}));
}

TEST(GridSample, padding_outside) {
  const Tensor x = f32({1, 1, 3}, {1, 2, 4});
  const Tensor grid = points({-2, 2, 2.5F});  // positions -1, 3, 3.5
  expect_result(sample(x, grid), f32({1, 1, 3}, {0, 0, 0}));
  expect_result(sample(x, grid, "linear", "border"), f32({1, 1, 3}, {1, 4, 4}));
  expect_result(sample(x, grid, "linear", "reflection"), f32({1, 1, 3}, {2, 2, 1.5F}));
  // Two turns: position 5 is 1 beyond the mirror at 0. Mirrors half an element further out.
  expect_result(sample(x, points({4}), "nearest", "reflection"), f32({1, 1, 1}, {2}));
  expect_result(sample(x, points({3.5F}), "nearest", "reflection", false), f32({1, 1, 1}, {1}));
  expect_result(sample(f32({1, 1, 1}, {7}), points({9}), "linear", "reflection"),
                f32({1, 1, 1}, {7}));
}

TEST(GridSample, cubic_goes_through_the_elements) {
  const Tensor x = f32({1, 1, 5}, {3, 1, 4, 1, 5});
  expect_result(sample(x, points({-0.5F, 0, 0.5F}), "cubic"), f32({1, 1, 3}, {1, 4, 1}));
  // Half-way the weights are -3/32, 19/32, 19/32, -3/32; f(1, 4 between 3 and 1).
  expect_result(sample(x, points({-0.25F}), "cubic"), f32({1, 1, 1}, {2.59375F}));
}

TEST(GridSample, coordinates_that_are_no_numbers) {
  const Tensor x = f32({1, 1, 2}, {1, 2});
  const Tensor grid = points({quiet_nan(), infinity, -infinity, 1e38F});
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    expect_result(sample(x, grid, mode), f32({1, 1, 4}, {quiet_nan(), 0, 0, 0}));
    expect_result(sample(x, grid, mode, "border"), f32({1, 1, 4}, {quiet_nan(), 2, 1, 2}));
    const auto mirrored = sample(x, grid, mode, "reflection");
    ASSERT_TRUE(mirrored);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_TRUE(std::isnan(mirrored->front().data<float>()[i])) << mode;
    }
  }
}

TEST(GridSample, an_infinite_neighbour_of_weight_zero_does_not_count) {
  expect_result(sample(f32({1, 1, 2}, {1, infinity}), points({-1, 0})),
                f32({1, 1, 2}, {1, infinity}));
}

TEST(GridSample, empty_and_refused) {
  const Tensor none(core::Dtype::f32, {1, 2, 0});
  expect_refused(sample(none, points({0})), RefusalCode::shape_mismatch, "GridSample");
  expect_result(sample(none, Tensor(core::Dtype::f32, {1, 0, 1})),
                Tensor(core::Dtype::f32, {1, 2, 0}));
  const Tensor x = f32({1, 1, 2}, {1, 2});
  expect_refused(sample(x, f32({2, 1, 1}, {0, 0})), RefusalCode::shape_mismatch, "GridSample");
  expect_refused(sample(x, points({0}), "bilinear"), RefusalCode::operation_attribute_invalid,
                 "GridSample");
  expect_refused(sample(x, points({0}), "linear", "wrap"), RefusalCode::operation_attribute_invalid,
                 "GridSample");
  expect_refused(sample(x, i64({1, 1, 1}, {0})), RefusalCode::operation_dtype_unsupported,
                 "GridSample");
}

TEST(AffineGrid, base_positions_and_transformation) {
  const Tensor identity = f32({1, 2, 3}, {1, 0, 0, 0, 1, 0});
  const auto grid = [](const Tensor& theta, Ints size, bool align_corners) {
    return call(Op::affine_grid, {theta, i64(std::move(size))},
                {{"align_corners", std::int64_t{align_corners}}});
  };
  expect_result(grid(identity, {1, 1, 2, 2}, true),
                f32({1, 2, 2, 2}, {-1, -1, 1, -1, -1, 1, 1, 1}));
  expect_result(grid(identity, {1, 1, 1, 2}, false), f32({1, 1, 2, 2}, {-0.5F, 0, 0.5F, 0}));
  expect_result(grid(f32({1, 2, 3}, {2, 0, 5, 0, 3, 7}), {1, 1, 1, 1}, true),
                f32({1, 1, 1, 2}, {5, 7}));
  expect_result(grid(f32({1, 3, 4}, {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}), {1, 1, 2, 1, 1}, true),
                f32({1, 2, 1, 1, 3}, {0, 0, -1, 0, 0, 1}));
  expect_refused(grid(identity, {1, 1, 2}, true), RefusalCode::shape_mismatch, "AffineGrid");
  expect_refused(grid(identity, {1, 1, -2, 2}, true), RefusalCode::operand_value_invalid,
                 "AffineGrid");
  expect_refused(grid(identity, {1, 1, 1 << 30, 1 << 30}, true), RefusalCode::limit_exceeded,
                 "AffineGrid");
}

/// Boxes of side 10 at these left edges, on one line.
Tensor boxes_at(const Floats& left) {
  Floats values;
  for (const float x : left) values.insert(values.end(), {0, x, 10, x + 10});
  return f32({1, std::ssize(left), 4}, std::move(values));
}

Outcome suppress(const Tensor& boxes, Floats scores, std::int64_t most, float overlap,
                 std::optional<float> score = std::nullopt, bool center = false) {
  const auto count = std::ssize(scores);
  std::vector<std::optional<Tensor>> operands = {boxes, f32({1, 1, count}, std::move(scores)),
                                                 i64(Ints{most}), f32({overlap})};
  if (score) operands.push_back(f32({*score}));
  return call(Op::non_max_suppression, std::move(operands),
              {{"center_point_box", std::int64_t{center}}});
}

Tensor selection(const Ints& boxes) {
  Ints rows;
  for (const std::int64_t box : boxes) rows.insert(rows.end(), {0, 0, box});
  return i64({std::ssize(boxes), 3}, rows);
}

TEST(NonMaxSuppression, drops_what_overlaps_a_better_box) {
  const Tensor boxes = boxes_at({0, 1, 5, 100});
  // Overlaps with box 1: 9/11, 6/14, 0.
  expect_result(suppress(boxes, {0.8F, 0.9F, 0.7F, 0.1F}, 9, 0.5F), selection({1, 2, 3}));
  expect_result(suppress(boxes, {0.8F, 0.9F, 0.7F, 0.1F}, 9, 0.4F), selection({1, 3}));
  expect_result(suppress(boxes, {0.8F, 0.9F, 0.7F, 0.1F}, 9, 0.5F, 0.1F), selection({1, 2}));
  expect_result(suppress(boxes, {0.8F, 0.9F, 0.7F, 0.1F}, 1, 0.5F), selection({1}));
  expect_result(suppress(boxes, {0.8F, 0.9F, 0.7F, 0.1F}, 0, 0.5F), selection({}));
  expect_result(suppress(boxes, {0.8F, 0.9F, 0.7F, 0.1F}, -5, 0.5F), selection({}));
}

TEST(NonMaxSuppression, equal_scores_go_by_index_and_nan_comes_first) {
  const Tensor boxes = boxes_at({0, 20, 40, 60});
  expect_result(suppress(boxes, {1, 1, quiet_nan(), 1}, 9, 0.5F), selection({2, 0, 1, 3}));
  expect_result(suppress(boxes, {1, 1, quiet_nan(), 1}, 9, 0.5F, 0.5F), selection({0, 1, 3}));
}

TEST(NonMaxSuppression, corners_in_any_order_centers_and_boxes_without_area) {
  const Tensor turned = f32({1, 2, 4}, {0, 0, 10, 10, 10, 10, 0, 0});
  expect_result(suppress(turned, {1, 2}, 9, 0.5F), selection({1}));
  const Tensor center = f32({1, 2, 4}, {5, 5, 10, 10, 6, 5, 10, 10});
  expect_result(suppress(center, {1, 2}, 9, 0.5F, std::nullopt, true), selection({1}));
  const Tensor flat = f32({1, 2, 4}, {0, 0, 0, 10, 0, 0, 0, 10});
  expect_result(suppress(flat, {1, 2}, 9, 0), selection({1, 0}));
}

TEST(NonMaxSuppression, images_and_classes_stand_apart) {
  const Tensor boxes = f32({2, 1, 4}, {0, 0, 1, 1, 0, 0, 1, 1});
  expect_result(call(Op::non_max_suppression, {boxes, f32({2, 2, 1}, {1, 2, 3, 4}), i64(Ints{1})}),
                i64({4, 3}, {0, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 0}));
  const Tensor none(core::Dtype::f32, {3, 0, 4});
  const Tensor unscored(core::Dtype::f32, {3, 2, 0});
  expect_result(call(Op::non_max_suppression, {none, unscored, i64(Ints{1})}), i64({0, 3}, {}));
  expect_refused(call(Op::non_max_suppression, {boxes, f32({1, 2, 1}, {1, 2})}),
                 RefusalCode::shape_mismatch, "NonMaxSuppression");
}

}  // namespace
}  // namespace isotrace::reference
