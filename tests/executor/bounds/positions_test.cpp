// Resize, GridSample, RoiAlign, AffineGrid: the exact values, at positions that are not rounded,
// lie in the bands; so do evaluations whose positions are computed in binary32; other positions do
// not.
#include <cmath>
#include <functional>

#include "tests/executor/bounds/real.hpp"
#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

using Ints = std::vector<std::int64_t>;

Node resize_node(const std::string& mode, const std::string& coordinates) {
  return make_node(Op::resize, {{"mode", mode},
                                {"coordinate_transformation_mode", coordinates},
                                {"nearest_mode", std::string("round_prefer_floor")},
                                {"keep_aspect_ratio_policy", std::string("stretch")},
                                {"cubic_coeff_a", -0.75F},
                                {"axes", Ints{1}},
                                {"antialias", std::int64_t{0}},
                                {"exclude_outside", std::int64_t{0}},
                                {"extrapolation_value", 0.0F}});
}

/// To another size along one axis of one row.
Bounded resized(const Node& node, const Floats& row, std::int64_t size) {
  const auto length = static_cast<std::int64_t>(row.size());
  return bound_of(node, {tensor_of({1, length}, row), tensor_of({0}, {}), tensor_of({0}, {}),
                         Tensor::of<std::int64_t>({1}, {size})});
}

/// c(d) of the cubic kernel, or the hat.
template <class Number>
Number kernel(const Number& d, bool linear) {
  const Number a(-0.75);
  const Number distance = d < Number(0) ? Number(0) - d : d;
  if (linear) return distance < Number(1) ? Number(1) - distance : Number(0);
  if (distance <= Number(1)) {
    return ((a + Number(2)) * distance - (a + Number(3))) * distance * distance + Number(1);
  }
  if (!(distance < Number(2))) return Number(0);
  return ((a * distance - Number(5) * a) * distance + Number(8) * a) * distance - Number(4) * a;
}

/// The row at a position, its ends repeated; `near` is a whole number next to the position.
template <class Number>
Number sample(const Floats& row, const Number& x, std::int64_t near, bool linear) {
  Number sum(0);
  for (std::int64_t j = near - 3; j <= near + 3; ++j) {
    const auto at = std::clamp<std::int64_t>(j, 0, static_cast<std::int64_t>(row.size()) - 1);
    sum = sum + kernel(x - Number(static_cast<double>(j)), linear) *
                    Number(double{row[static_cast<std::size_t>(at)]});
  }
  return sum;
}

struct Float {                                       // binary32 with the operators of Real
  Float(double x) : value(static_cast<float>(x)) {}  // NOLINT(google-explicit-constructor)
  float value;
  friend Float operator+(Float a, Float b) { return {a.value + b.value}; }
  friend Float operator-(Float a, Float b) { return {a.value - b.value}; }
  friend Float operator*(Float a, Float b) { return {a.value * b.value}; }
  friend Float operator/(Float a, Float b) { return {a.value / b.value}; }
  friend bool operator<(Float a, Float b) { return a.value < b.value; }
  friend bool operator<=(Float a, Float b) { return a.value <= b.value; }
};

/// (o + 1/2) D / L - 1/2, in whatever arithmetic.
template <class Number>
Number half_pixel(std::int64_t o, std::int64_t in, std::int64_t out, bool by_product) {
  const Number scale = by_product ? Number(double(in)) / Number(double(out))
                                  : Number(double(out)) / Number(double(in));
  const Number middle = Number(double(o)) + Number(0.5);
  return (by_product ? middle * scale : middle / scale) - Number(0.5);
}

TEST(BoundsOfResize, HoldExactAndSinglePositions) {
  core::PhiloxStream random(21, 0);
  for (const bool linear : {true, false}) {
    const Node node = resize_node(linear ? "linear" : "cubic", "half_pixel");
    for (const Draw kind : {Draw::plain, Draw::cancelling, Draw::wide}) {
      for (const std::int64_t out : {3, 64, 77, 1000}) {
        const Floats row = draw(kind, 37, random);
        const Bounded bounded = resized(node, row, out);
        Floats single;
        Floats by_product;
        for (std::int64_t o = 0; o < out; ++o) {
          const Real x = half_pixel<Real>(o, 37, out, false);
          const auto near = static_cast<std::int64_t>(std::floor(x.to_double()));
          const Band band = bounded.bounds[0].bands[static_cast<std::size_t>(o)];
          const Real off = abs(sample(row, x, near, linear) - Real(band.middle));
          EXPECT_TRUE(off <= Real(band.error)) << linear << " " << out << " " << o;
          single.push_back(sample(row, half_pixel<Float>(o, 37, out, false), near, linear).value);
          by_product.push_back(
              sample(row, half_pixel<Float>(o, 37, out, true), near, linear).value);
        }
        expect_within(bounded.judge(single), "binary32 positions");
        expect_within(bounded.judge(by_product), "positions by a rounded reciprocal");
      }
    }
  }
}

TEST(BoundsOfResize, OtherPositionsAreOutside) {
  core::PhiloxStream random(22, 0);
  const Floats row = draw(Draw::plain, 37, random);
  const Bounded bounded = resized(resize_node("linear", "half_pixel"), row, 64);
  const Bounded other = resized(resize_node("linear", "align_corners"), row, 64);
  EXPECT_EQ(bounded.judge(other.canonical[0]).agreement, Agreement::outside);
  const Bounded cubic = resized(resize_node("cubic", "half_pixel"), row, 64);
  EXPECT_EQ(bounded.judge(cubic.canonical[0]).agreement, Agreement::outside);
}

TEST(BoundsOfResize, NearestIsExactAwayFromBoundaries) {
  core::PhiloxStream random(23, 0);
  const Floats row = draw(Draw::plain, 8, random);
  const Node node = resize_node("nearest", "asymmetric");
  EXPECT_TRUE(resized(node, row, 32).bounds[0].exact);  // a scale that is a power of two
  const Bounded bounded = resized(node, row, 24);
  Floats wrong(24);
  for (std::size_t o = 0; o < 24; ++o) wrong[o] = row[std::min<std::size_t>(o / 3 + 1, 7)];
  EXPECT_EQ(bounded.judge(wrong).agreement, Agreement::outside);
}

Node grid_node(const std::string& mode, const std::string& padding, bool corners) {
  return make_node(Op::grid_sample, {{"mode", mode},
                                     {"padding_mode", padding},
                                     {"align_corners", std::int64_t{corners ? 1 : 0}}});
}

/// Points of a 5 x 7 image inside and outside of it, some of them on elements and boundaries.
Floats grid_points(core::PhiloxStream& random, std::size_t count) {
  Floats points;
  for (std::size_t i = 0; i < 2 * count; ++i) {
    const float g = 3 * random.next_f32() - 1.5F;
    points.push_back(i % 5 == 0 ? std::round(g * 4) / 4 : g);
  }
  return points;
}

TEST(BoundsOfGridSample, HoldWhatBinary64AndBinary32PositionsGive) {
  core::PhiloxStream random(24, 0);
  constexpr std::int64_t count = 200;
  for (const std::string mode : {"linear", "cubic", "nearest"}) {
    for (const std::string padding : {"zeros", "border", "reflection"}) {
      for (const bool corners : {true, false}) {
        const Floats image = draw(Draw::plain, 35, random);
        const Floats points = grid_points(random, count);
        const Node node = grid_node(mode, padding, corners);
        const Tensor x = tensor_of({1, 1, 5, 7}, image);
        const Bounded bounded = bound_of(node, {x, tensor_of({1, count, 1, 2}, points)});
        expect_within(bounded.judge(bounded.canonical[0]), mode + padding);
        // Points that are off by a rounding of the position, either way.
        for (const float factor : {1 + 0x1p-23F, 1 - 0x1p-23F}) {
          Floats moved = points;
          for (float& g : moved) g *= factor;
          const Bounded beside = bound_of(node, {x, tensor_of({1, count, 1, 2}, moved)});
          expect_within(bounded.judge(beside.canonical[0]), mode + " " + padding);
        }
        const Bounded other =
            bound_of(grid_node(mode, padding, !corners), {x, tensor_of({1, count, 1, 2}, points)});
        EXPECT_EQ(bounded.judge(other.canonical[0]).agreement, Agreement::outside);
      }
    }
  }
}

Node roi_node(const std::string& mode, std::int64_t ratio, float scale) {
  return make_node(Op::roi_align, {{"mode", mode},
                                   {"coordinate_transformation_mode", std::string("half_pixel")},
                                   {"output_height", std::int64_t{2}},
                                   {"output_width", std::int64_t{3}},
                                   {"sampling_ratio", ratio},
                                   {"spatial_scale", scale}});
}

TEST(BoundsOfRoiAlign, HoldRegionsThatAreOffByARounding) {
  core::PhiloxStream random(25, 0);
  for (const std::string mode : {"avg", "max"}) {
    for (const std::int64_t ratio : {0, 2}) {
      const Node node = roi_node(mode, ratio, 0.7F);
      const Tensor x = tensor_of({1, 2, 9, 11}, draw(Draw::plain, 198, random));
      const Tensor image = Tensor::of<std::int64_t>({4}, {0, 0, 0, 0});
      Floats rois;
      for (int i = 0; i < 16; ++i) {
        rois.push_back(random.next_f32() * 5 + (i % 4 > 1 ? 6.0F : 0.0F));
      }
      const Bounded bounded = bound_of(node, {x, tensor_of({4, 4}, rois), image});
      expect_within(bounded.judge(bounded.canonical[0]), mode);
      for (const float factor : {1 + 0x1p-23F, 1 - 0x1p-23F}) {
        Floats moved = rois;
        for (float& edge : moved) edge *= factor;
        const Bounded beside = bound_of(node, {x, tensor_of({4, 4}, moved), image});
        expect_within(bounded.judge(beside.canonical[0]), mode + " beside");
      }
      Floats wrong = rois;
      for (float& edge : wrong) edge += 0.01F;
      const Bounded other = bound_of(node, {x, tensor_of({4, 4}, wrong), image});
      EXPECT_EQ(bounded.judge(other.canonical[0]).agreement, Agreement::outside) << mode;
    }
  }
}

TEST(BoundsOfRoiAlign, NumbersOfSamplesAreCertainWhereNothingRounds) {
  core::PhiloxStream random(27, 0);
  const Tensor x = tensor_of({1, 1, 20, 20}, draw(Draw::plain, 400, random));
  const Tensor image = Tensor::of<std::int64_t>({2}, {0, 0});
  // A region whose bins are whole, and the same a rounding to the right.
  const Floats rois = {2, 2, 8, 6, 2, 2, 8.0000010F, 6};
  const Bounded bounded = bound_of(roi_node("avg", 0, 0.5F), {x, tensor_of({2, 4}, rois), image});
  const auto is_known = [&](std::size_t i) {
    return std::isfinite(bounded.bounds[0].bands[i].error);
  };
  EXPECT_TRUE(is_known(0));
  EXPECT_FALSE(is_known(6));
}

TEST(BoundsOfAffineGrid, HoldTheExactValue) {
  core::PhiloxStream random(26, 0);
  const Node node = make_node(Op::affine_grid, {{"align_corners", std::int64_t{1}}});
  for (const Draw kind : {Draw::plain, Draw::cancelling, Draw::wide}) {
    const Floats theta = draw(kind, 6, random);
    const Bounded bounded =
        bound_of(node, {tensor_of({1, 2, 3}, theta), Tensor::of<std::int64_t>({4}, {1, 1, 7, 6})});
    for (std::size_t i = 0; i < 84; ++i) {
      const Real y = Real(double(i / 12)) * Real(2) / Real(6) - Real(1);
      const Real x = Real(double(i / 2 % 6)) * Real(2) / Real(5) - Real(1);
      const std::size_t row = i % 2 * 3;
      const Real exact = Real(theta[row]) * x + Real(theta[row + 1]) * y + Real(theta[row + 2]);
      const Band band = bounded.bounds[0].bands[i];
      EXPECT_TRUE(abs(exact - Real(band.middle)) <= Real(band.error)) << i;
    }
  }
}

}  // namespace
}  // namespace isotrace::tests
