// GridSample, RoiAlign, LpPool over windows: the exact values by MPFR, computed from their
// definitions at positions that are not rounded, lie in the bands.
#include <algorithm>
#include <cmath>

#include "tests/executor/bounds/real.hpp"
#include "tests/executor/bounds/support.hpp"

namespace isotrace::tests {
namespace {

using Ints = std::vector<std::int64_t>;

Real floor_of(const Real& x) {
  return apply([](mpfr_t y, const mpfr_t v, mpfr_rnd_t) { return mpfr_floor(y, v); }, x);
}
std::int64_t whole(const Real& x) { return static_cast<std::int64_t>(x.to_double()); }
Real number(std::int64_t i) { return static_cast<double>(i); }

/// Whether the exact value is in a band that is known; such bands are counted.
void expect_in_band(const Band& band, const Real& exact, const std::string& what,
                    std::size_t& known) {
  if (!std::isfinite(band.error)) return;
  ++known;
  EXPECT_TRUE(abs(exact - Real(band.middle)) <= Real(band.error))
      << what << ": exact " << exact.to_double() << ", band " << band.middle << " +- "
      << band.error;
}

// ---- GridSample

/// One axis of an image: what its padding makes of a place.
struct PaddedAxis {
  std::int64_t size;
  std::string padding;
  bool corners;

  [[nodiscard]] Real place(const Real& g) const {
    return corners ? (g + 1) / 2 * number(size - 1) : ((g + 1) * number(size) - 1) / 2;
  }
  [[nodiscard]] Real pad(const Real& x) const {
    const Real low = corners ? Real(0) : Real(-0.5);
    const Real high = corners ? number(size - 1) : number(size) - Real(0.5);
    const bool inside = low <= x && x <= high;
    if (inside || padding == "zeros") return x;
    if (padding == "border") return x < low ? Real(0) : number(size - 1);
    // Mirrored at the bounds until it is between them.
    Real y = x;
    while (y < low || high < y) y = y < low ? low + low - y : high + high - y;
    return y;
  }
  /// The element that a tap beside the image stands for; nothing for one that counts as zero.
  [[nodiscard]] std::optional<std::int64_t> tap(std::int64_t j) const {
    if (j >= 0 && j < size) return j;
    if (padding == "zeros") return std::nullopt;
    return whole(pad(number(j)));
  }
};

Real cubic(const Real& x) {
  const Real d = abs(x);
  const Real a(-0.75);
  if (d <= Real(1)) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (!(d < Real(2))) return 0;
  return ((a * d - Real(5) * a) * d + Real(8) * a) * d - Real(4) * a;
}
Real hat(const Real& x) { return abs(x) < Real(1) ? Real(1) - abs(x) : Real(0); }

struct ExactTap {
  std::int64_t element;
  Real weight;
};
std::vector<ExactTap> taps_at(const PaddedAxis& axis, const Real& x, bool linear) {
  const std::int64_t near = whole(floor_of(x));
  std::vector<ExactTap> taps;
  for (std::int64_t j = near - 1; j <= near + 2; ++j) {
    const auto element = axis.tap(j);
    if (element) taps.push_back({*element, (linear ? hat : cubic)(x - number(j))});
  }
  return taps;
}

TEST(BoundsOfGridSample, HoldTheExactValue) {
  core::PhiloxStream random(41, 0);
  constexpr std::int64_t count = 60;
  for (const bool linear : {true, false}) {
    for (const std::string padding : {"zeros", "border", "reflection"}) {
      for (const bool corners : {true, false}) {
        for (const Draw kind : all_draws) {
          const Floats image = draw(kind, 35, random);
          Floats points;
          for (std::int64_t i = 0; i < 2 * count; ++i) {
            const float g = 3 * random.next_f32() - 1.5F;
            points.push_back(i % 5 == 0 ? std::round(g * 4) / 4 : g);
          }
          const Node node =
              make_node(Op::grid_sample, {{"mode", std::string(linear ? "linear" : "cubic")},
                                          {"padding_mode", padding},
                                          {"align_corners", std::int64_t{corners ? 1 : 0}}});
          const Bounded bounded =
              bound_of(node, {tensor_of({1, 1, 5, 7}, image), tensor_of({1, count, 1, 2}, points)});
          const PaddedAxis rows{5, padding, corners};
          const PaddedAxis columns{7, padding, corners};
          std::size_t known = 0;
          for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            const auto ys = taps_at(rows, rows.pad(rows.place(points[2 * i + 1])), linear);
            const auto xs = taps_at(columns, columns.pad(columns.place(points[2 * i])), linear);
            Real sum;
            for (const ExactTap& y : ys) {
              for (const ExactTap& x : xs) {
                const auto at = static_cast<std::size_t>(y.element * 7 + x.element);
                sum = sum + y.weight * x.weight * Real(image[at]);
              }
            }
            expect_in_band(bounded.bounds[0].bands[i], sum, padding + " " + std::to_string(i),
                           known);
          }
          EXPECT_EQ(known, static_cast<std::size_t>(count));
        }
      }
    }
  }
}

// ---- RoiAlign

/// One axis of a region: start, width of a bin, samples per bin.
struct ExactRegion {
  Real start;
  Real bin;
  std::int64_t samples;

  ExactRegion(float from, float to, float scale, std::int64_t bins, std::int64_t ratio)
      : start(Real(from) * Real(scale) - Real(0.5)),
        bin((Real(to) * Real(scale) - Real(0.5) - start) / number(bins)),
        samples(ratio != 0 ? ratio : std::max<std::int64_t>(-whole(floor_of(Real() - bin)), 0)) {}

  [[nodiscard]] Real place(std::int64_t b, std::int64_t i) const {
    return start + number(b) * bin + (number(i) + Real(0.5)) * bin / number(samples);
  }
};

/// The four products of a sample; none outside of the image.
std::vector<Real> products_at(const Floats& image, std::int64_t height, std::int64_t width, Real y,
                              Real x) {
  if (y < Real(-1) || number(height) < y || x < Real(-1) || number(width) < x) return {};
  const auto clamp = [](const Real& v, std::int64_t size) {
    return v < Real(0) ? Real(0) : number(size - 1) < v ? number(size - 1) : v;
  };
  y = clamp(y, height);
  x = clamp(x, width);
  std::vector<Real> products;
  for (const std::int64_t row : {whole(floor_of(y)), whole(floor_of(y)) + 1}) {
    for (const std::int64_t column : {whole(floor_of(x)), whole(floor_of(x)) + 1}) {
      const auto at =
          static_cast<std::size_t>(std::min(row, height - 1) * width + std::min(column, width - 1));
      products.push_back(hat(y - number(row)) * hat(x - number(column)) * Real(image[at]));
    }
  }
  return products;
}

TEST(BoundsOfRoiAlign, HoldTheExactValue) {
  core::PhiloxStream random(42, 0);
  constexpr std::int64_t height = 9;
  constexpr std::int64_t width = 11;
  constexpr float scale = 0.7F;
  for (const bool average : {true, false}) {
    for (const std::int64_t ratio : {0, 1, 3}) {
      for (const Draw kind : all_draws) {
        const Floats image = draw(kind, height * width, random);
        Floats rois;  // inside, and for means also partly outside
        for (int i = 0; i < 24; ++i) {
          const float beside = average && i >= 16 ? 4.0F : 0.0F;
          rois.push_back(1 + random.next_f32() * 5 + (i % 4 > 1 ? 6.0F + beside : -beside));
        }
        const Node node =
            make_node(Op::roi_align, {{"mode", std::string(average ? "avg" : "max")},
                                      {"coordinate_transformation_mode", std::string("half_pixel")},
                                      {"output_height", std::int64_t{2}},
                                      {"output_width", std::int64_t{3}},
                                      {"sampling_ratio", ratio},
                                      {"spatial_scale", scale}});
        const Bounded bounded =
            bound_of(node, {tensor_of({1, 1, height, width}, image), tensor_of({6, 4}, rois),
                            Tensor::of<std::int64_t>({6}, {0, 0, 0, 0, 0, 0})});
        std::size_t known = 0;
        for (std::size_t r = 0; r < 6; ++r) {
          const ExactRegion y(rois[4 * r + 1], rois[4 * r + 3], scale, 2, ratio);
          const ExactRegion x(rois[4 * r], rois[4 * r + 2], scale, 3, ratio);
          for (std::int64_t bin = 0; bin < 6; ++bin) {
            Real sum;
            std::optional<Real> greatest;
            for (std::int64_t i = 0; i < y.samples * x.samples; ++i) {
              for (const Real& product :
                   products_at(image, height, width, y.place(bin / 3, i / x.samples),
                               x.place(bin % 3, i % x.samples))) {
                sum = sum + product;
                if (!greatest || *greatest < product) greatest = product;
              }
            }
            const Real exact =
                average ? sum / number(y.samples * x.samples) : greatest.value_or(Real());
            expect_in_band(bounded.bounds[0].bands[r * 6 + static_cast<std::size_t>(bin)], exact,
                           "region " + std::to_string(r), known);
          }
        }
        EXPECT_GT(known, 20U);
      }
    }
  }
}

// ---- LpPool

TEST(BoundsOfLpPool, OverWindowsHoldTheExactValue) {
  mpfr_set_emax(mpfr_get_emax_max());
  core::PhiloxStream random(43, 0);
  constexpr std::int64_t length = 41;
  for (const std::int64_t p : {1, 2, 3, 5}) {
    for (const std::int64_t dilation : {1, 3}) {
      for (const Draw kind : all_draws) {
        const Floats x = draw(kind, length, random);
        const Node node = make_node(Op::lp_pool, {{"kernel_shape", Ints{5}},
                                                  {"strides", Ints{2}},
                                                  {"pads", Ints{3, 2}},
                                                  {"dilations", Ints{dilation}},
                                                  {"p", p}});
        const Bounded bounded = bound_of(node, {tensor_of({1, 1, length}, x)});
        const std::size_t windows = bounded.bounds[0].bands.size();
        EXPECT_EQ(windows, static_cast<std::size_t>((length + 5 - (4 * dilation + 1)) / 2 + 1));
        std::size_t known = 0;
        for (std::size_t o = 0; o < windows; ++o) {
          Real sum;
          for (std::int64_t k = 0; k < 5; ++k) {
            const std::int64_t at = static_cast<std::int64_t>(o) * 2 - 3 + k * dilation;
            if (at >= 0 && at < length) {
              sum = sum + pow(abs(Real(x[static_cast<std::size_t>(at)])), number(p));
            }
          }
          const Real exact = pow(sum, Real(1) / number(p));
          expect_in_band(bounded.bounds[0].bands[o], exact,
                         "p " + std::to_string(p) + " window " + std::to_string(o), known);
          const Band band = bounded.bounds[0].bands[o];
          const double canonical = bounded.canonical[0].data<float>()[o];
          if (std::isfinite(canonical)) {
            EXPECT_LE(std::fabs(canonical - band.middle), band.error);
          }
        }
        EXPECT_GT(known, windows / 2);
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::tests
