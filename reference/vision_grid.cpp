// GridSample and AffineGrid (docs/spec/vision.md). Compiled with FMA.
#include <isotrace/reference/grid_axis.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/taps.hpp>

namespace isotrace::reference {
namespace {

/// Taps of a position along one axis; the position is a number.
AxisTaps find_taps(const GridAxis& axis, GridMode mode, double x) {
  if (mode == GridMode::nearest) return {{axis.element(axis.pad(round_to_even(x))), 1.0}};
  x = axis.pad(x);
  const double below = std::floor(x);
  const double ratio = x - below;
  AxisTaps taps;
  const bool linear = mode == GridMode::linear;
  for (int i = linear ? 0 : -1; i <= (linear ? 1 : 2); ++i) {
    const double d = ratio - i;
    const double weight = linear ? 1 - std::fabs(d) : cubic_weight(d, -0.75);
    taps.push_back({axis.element(below + i), weight});
  }
  return taps;
}

template <class Grid>
std::optional<std::vector<AxisTaps>> point_taps(const GridSampling& sampling,
                                                std::span<const Grid> point) {
  std::vector<AxisTaps> taps;
  for (std::size_t a = 0; a < point.size(); ++a) {
    const auto g = static_cast<double>(widen(point[point.size() - 1 - a]));
    const double x = sampling.axes[a].position(g);
    if (std::isnan(sampling.axes[a].pad(x))) return std::nullopt;
    taps.push_back(find_taps(sampling.axes[a], sampling.mode, x));
  }
  return taps;
}

/// NaN, or 0 for integers.
template <class T>
T not_a_number() {
  return store_interpolated<T>(std::numeric_limits<Interpolated<T>>::quiet_NaN());
}

template <class T, class Grid>
Result<Tensor> grid_sample(const Call& call, const Shape& output) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), output));
  if (out.elements() == 0) return out;
  const GridSampling sampling = {grid_mode(call.node), grid_axes(call.node, x.shape())};
  const std::size_t rank = sampling.axes.size();
  const std::size_t plane = product(x.shape(), 2, x.rank());
  const std::size_t points = product(output, 2, output.size());
  const auto channels = static_cast<std::size_t>(output[1]);
  const Strides strides = row_major_strides(x.shape().subspan(2));
  const auto grid = call.operand(1).data<Grid>();
  for (std::size_t i = 0; i < static_cast<std::size_t>(output[0]) * points; ++i) {
    const auto taps = point_taps(sampling, grid.subspan(i * rank, rank));
    for (std::size_t c = 0; c < channels; ++c) {
      const std::size_t channel = i / points * channels + c;
      const auto source = x.data<T>().subspan(channel * plane, plane);
      T& target = out.data<T>()[channel * points + i % points];
      if (!taps) {
        target = not_a_number<T>();
        continue;
      }
      target = store_interpolated<T>(
          sum_taps<Interpolated<T>>(*taps, strides, 0, [source](std::int64_t at) {
            return interpolation_value(source[static_cast<std::size_t>(at)]);
          }));
    }
  }
  return out;
}

template <class T>
Result<Tensor> affine_grid(const Call& call, const Shape& output) {
  using Number = Wide<T>;
  const bool align_corners = call.node.integer("align_corners") != 0;
  ISOTRACE_TRY(Tensor out, Tensor::make(call.operand(0).dtype(), output));
  const auto axes = static_cast<std::size_t>(output.back());
  const std::size_t points = product(output, 1, output.size() - 1);
  Odometer at(std::span<const std::int64_t>(output).subspan(1, axes));
  for (std::size_t i = 0; i < out.elements() / axes; ++i, at.next()) {
    const auto theta = call.operand(0).data<T>().subspan(i / points * axes * (axes + 1));
    for (std::size_t row = 0; row < axes; ++row) {
      Number t = 0;
      for (std::size_t k = 0; k < axes; ++k) {
        const std::size_t axis = axes - 1 - k;
        const double base =
            affine_base_coordinate(at.position()[axis], output[axis + 1], align_corners);
        t = std::fma(widen(theta[row * (axes + 1) + k]), static_cast<Number>(base), t);
      }
      out.data<T>()[i * axes + row] = narrow<T>(t + widen(theta[row * (axes + 1) + axes]));
    }
  }
  return out;
}

}  // namespace

std::optional<std::vector<AxisTaps>> grid_point_taps(const GridSampling& sampling,
                                                     const TensorView& grid, std::size_t point) {
  const std::size_t rank = sampling.axes.size();
  return visit_floats(grid.dtype(),
                      [&](auto type) -> Result<std::optional<std::vector<AxisTaps>>> {
                        using Grid = typename decltype(type)::type;
                        return point_taps(sampling, grid.data<Grid>().subspan(point * rank, rank));
                      })
      .value_or(std::nullopt);
}

double affine_base_coordinate(std::int64_t i, std::int64_t size, bool align_corners) {
  const auto n = static_cast<double>(size);
  const auto at = static_cast<double>(2 * i);
  if (!align_corners) return (at + 1) / n - 1;
  return size == 1 ? 0.0 : at / (n - 1) - 1;
}

// [vision.grid_sample]
Outcome evaluate_grid_sample(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& grid = call.operand(1);
  if (!core::is_float(grid.dtype())) return refuse_dtype(grid.dtype());
  ISOTRACE_TRY(const Shape output, grid_sample_shape(call.node, x.shape(), grid.shape()));
  return one(visit_numbers(x.dtype(), [&](auto type) -> Result<Tensor> {
    using T = typename decltype(type)::type;
    return visit_floats(grid.dtype(), [&](auto grid_type) {
      return grid_sample<T, typename decltype(grid_type)::type>(call, output);
    });
  }));
}

// [vision.affine_grid]
Outcome evaluate_affine_grid(const Call& call) {
  const TensorView& theta = call.operand(0);
  ISOTRACE_TRY(const auto size, read_integers(call.operand(1)));
  return one(visit_floats(theta.dtype(), [&](auto type) -> Result<Tensor> {
    ISOTRACE_TRY(const Shape output, affine_grid_shape(theta.shape(), size));
    return affine_grid<typename decltype(type)::type>(call, output);
  }));
}

}  // namespace isotrace::reference
