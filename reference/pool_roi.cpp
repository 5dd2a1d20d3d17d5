// Pooling over regions of interest (docs/spec/pool.md). Compiled with FMA.
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/roi.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {
namespace {

/// One channel of one image.
template <class T>
struct Plane {
  std::span<const T> values;
  std::int64_t height;
  std::int64_t width;

  [[nodiscard]] Wide<T> at(std::int64_t y, std::int64_t x) const {
    return widen(values[static_cast<std::size_t>(y * width + x)]);
  }
};

template <class T>
Plane<T> plane_of(const TensorView& x, std::size_t image, std::size_t channel) {
  const auto size = static_cast<std::size_t>(x.dim(2) * x.dim(3));
  const std::size_t number = image * static_cast<std::size_t>(x.dim(1)) + channel;
  return {x.data<T>().subspan(number * size, size), x.dim(2), x.dim(3)};
}

template <class T>
Result<Tensor> max_roi_pool(const Call& call, const Shape& output) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto regions, max_roi_bins(call.node, x.shape(), call.operand(1)));
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), output));
  std::size_t next = 0;
  for (const RoiBins& region : regions) {
    for (std::size_t c = 0; c < static_cast<std::size_t>(output[1]); ++c) {
      const Plane<T> plane = plane_of<T>(x, static_cast<std::size_t>(region.image), c);
      for (const RoiBin& rows : region.rows) {
        for (const RoiBin& columns : region.columns) {
          const bool empty = rows.first >= rows.last || columns.first >= columns.last;
          Wide<T> greatest = empty ? Wide<T>{0} : lowest<Wide<T>>();
          for (std::int64_t row = rows.first; row < rows.last; ++row) {
            for (std::int64_t column = columns.first; column < columns.last; ++column) {
              greatest = maximum(greatest, plane.at(row, column));
            }
          }
          out.data<T>()[next++] = narrow<T>(greatest);
        }
      }
    }
  }
  return out;
}

/// A sample between four elements: their weights are products of two factors.
template <class T>
struct Corners {
  Wide<T> value[4];
  Wide<T> weight[4];
};

/// Position and fraction along one axis; positions before the first element count as it.
struct AxisSample {
  std::int64_t low;
  std::int64_t high;
  double fraction;
};
AxisSample place_sample(double position, std::int64_t size) {
  const double clamped = position > 0 ? position : 0.0;
  const auto low = std::min(static_cast<std::int64_t>(clamped), size - 1);
  if (low >= size - 1) return {size - 1, size - 1, 0.0};
  return {low, low + 1, clamped - static_cast<double>(low)};
}

template <class T>
Corners<T> find_corners(const Plane<T>& plane, double y, double x) {
  const AxisSample row = place_sample(y, plane.height);
  const AxisSample column = place_sample(x, plane.width);
  const double above = 1.0 - row.fraction;
  const double left = 1.0 - column.fraction;
  using Number = Wide<T>;
  return {{plane.at(row.low, column.low), plane.at(row.low, column.high),
           plane.at(row.high, column.low), plane.at(row.high, column.high)},
          {static_cast<Number>(above * left), static_cast<Number>(above * column.fraction),
           static_cast<Number>(row.fraction * left),
           static_cast<Number>(row.fraction * column.fraction)}};
}

/// Samples of one bin, brought together by mean or maximum.
template <class T>
class BinSampler {
 public:
  BinSampler(const RoiGrid& grid, bool average) : grid_(grid), average_(average) {}

  [[nodiscard]] Wide<T> sample(const Plane<T>& plane, std::int64_t row, std::int64_t column) const {
    using Number = Wide<T>;
    const std::int64_t samples = grid_.y.samples * grid_.x.samples;
    if (samples == 0) return 0;
    Number total = average_ ? Number{0} : lowest<Number>();
    for (std::int64_t i = 0; i < grid_.y.samples; ++i) {
      const double y = grid_.y.position(row, i);
      for (std::int64_t j = 0; j < grid_.x.samples; ++j) {
        add_sample(plane, y, grid_.x.position(column, j), total);
      }
    }
    return average_ ? total / static_cast<Number>(samples) : total;
  }

 private:
  /// A sample more than one position outside counts as +0.
  void add_sample(const Plane<T>& plane, double y, double x, Wide<T>& total) const {
    const bool inside = y >= -1 && y <= static_cast<double>(plane.height) && x >= -1 &&
                        x <= static_cast<double>(plane.width);
    if (y != y || x != x) {
      total = std::numeric_limits<Wide<T>>::quiet_NaN();
    } else if (!inside || plane.values.empty()) {
      if (!average_) total = maximum(total, Wide<T>{0});
    } else {
      const Corners<T> corners = find_corners(plane, y, x);
      Wide<T> value = corners.weight[0] * corners.value[0];
      for (std::size_t k = 1; k < 4; ++k) {
        value = average_ ? std::fma(corners.weight[k], corners.value[k], value)
                         : maximum(value, corners.weight[k] * corners.value[k]);
      }
      total = average_ ? total + value : maximum(total, value);
    }
  }

  const RoiGrid& grid_;
  bool average_;
};

template <class T>
Result<Tensor> roi_align(const Call& call, const Shape& output,
                         const std::vector<std::int64_t>& images) {
  const TensorView& x = call.operand(0);
  const auto rois = call.operand(1).data<T>();
  const bool average = call.node.text("mode") == "avg";
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), output));
  std::size_t next = 0;
  for (std::size_t r = 0; r < images.size(); ++r) {
    double edges[4];
    for (std::size_t i = 0; i < 4; ++i) {
      edges[i] = static_cast<double>(widen(rois[4 * r + i]));
    }
    ISOTRACE_TRY(const RoiGrid grid, roi_grid(call.node, edges));
    const BinSampler<T> sampler(grid, average);
    for (std::size_t c = 0; c < static_cast<std::size_t>(output[1]); ++c) {
      const Plane<T> plane = plane_of<T>(x, static_cast<std::size_t>(images[r]), c);
      for (std::int64_t i = 0; i < output[2]; ++i) {
        for (std::int64_t j = 0; j < output[3]; ++j) {
          out.data<T>()[next++] = narrow<T>(sampler.sample(plane, i, j));
        }
      }
    }
  }
  return out;
}

}  // namespace

// [pool.max_roi_pool]
Outcome evaluate_max_roi_pool(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& rois = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(x, rois));
  ISOTRACE_TRY(const Shape output, max_roi_pool_shape(call.node, x.shape(), rois.shape()));
  return one(visit_floats(x.dtype(), [&](auto type) {
    return max_roi_pool<typename decltype(type)::type>(call, output);
  }));
}

// [pool.roi_align]
Outcome evaluate_roi_align(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& rois = call.operand(1);
  ISOTRACE_TRY_DONE(check_same_dtype(x, rois));
  if (!core::is_float(x.dtype())) return refuse_dtype(x.dtype());
  ISOTRACE_TRY(const Shape output, roi_align_shape(call.node, x.shape(), rois.shape()));
  ISOTRACE_TRY(const auto images, roi_images(call.operand(2), x.dim(0), rois.dim(0)));
  return one(visit_floats(x.dtype(), [&](auto type) {
    return roi_align<typename decltype(type)::type>(call, output, images);
  }));
}

}  // namespace isotrace::reference
