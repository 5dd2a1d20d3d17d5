// Resize (docs/spec/vision.md). Compiled with FMA.
#include <isotrace/core/limits.hpp>
#include <isotrace/reference/cast.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/resize.hpp>

namespace isotrace::reference {
namespace {

/// A list of numbers; one without entries counts as left out, as ONNX exporters write it.
Result<std::optional<std::vector<double>>> read_reals(const Call& call, std::size_t index) {
  const TensorView* operand = call.find_operand(index);
  if (operand == nullptr) return std::nullopt;
  return visit_floats(
      operand->dtype(), [&](auto type) -> Result<std::optional<std::vector<double>>> {
        using T = typename decltype(type)::type;
        if (operand->rank() != 1 || operand->elements() > 2 * core::limits::tensor_rank_max) {
          return refuse_shape("list of shape " + core::shape_text(operand->shape()));
        }
        std::vector<double> values;
        for (const T value : operand->data<T>()) {
          values.push_back(static_cast<double>(widen(value)));
        }
        if (values.empty()) return std::nullopt;
        return values;
      });
}

Result<ResizeRequest> read_request(const Call& call) {
  if (const TensorView* scales = call.find_operand(2); scales && scales->dtype() != Dtype::f32) {
    return refuse_dtype(scales->dtype());
  }
  ResizeRequest request;
  ISOTRACE_TRY(const auto scales, read_reals(call, 2));
  if (scales) request.scales = std::vector<float>(scales->begin(), scales->end());
  ISOTRACE_TRY(request.sizes, read_optional_integers(call, 3));
  if (request.scales && request.sizes && request.sizes->empty()) request.sizes.reset();
  return request;
}

/// An f32 attribute as an element.
template <class T>
T constant_of(float value) {
  if constexpr (is_boxed<T>) {
    return cast_element<T>(value, true);
  } else {
    return store_interpolated<T>(static_cast<Interpolated<T>>(value));
  }
}

/// The taps of all axes at the current output position. An axis is sampled anew when its position
/// changes, so the leading axes seldom are.
class CurrentTaps {
 public:
  CurrentTaps(const ResizeSampling& sampling, const ResizeGeometry& geometry)
      : sampling_(sampling),
        geometry_(geometry),
        at_(geometry.axes.size(), -1),
        taps_(geometry.axes.size()),
        inside_(geometry.axes.size()) {}

  /// Whether the position samples the input along every axis.
  bool move_to(std::span<const std::int64_t> position) {
    bool inside = true;
    for (std::size_t a = 0; a < taps_.size(); ++a) {
      if (position[a] != at_[a]) {
        auto found = sampling_.taps(geometry_.axes[a], position[a]);
        at_[a] = position[a];
        inside_[a] = found.has_value();
        if (found) taps_[a] = *std::move(found);
      }
      inside = inside && inside_[a];
    }
    return inside;
  }
  [[nodiscard]] std::span<const AxisTaps> axes() const { return taps_; }

 private:
  const ResizeSampling& sampling_;
  const ResizeGeometry& geometry_;
  std::vector<std::int64_t> at_;
  std::vector<AxisTaps> taps_;
  std::vector<bool> inside_;
};

/// compute(taps of all axes) for every element that is not extrapolated.
template <class T, class Compute>
Result<Tensor> resize(const Call& call, const ResizeGeometry& geometry,
                      const ResizeSampling& sampling, Compute compute) {
  ISOTRACE_TRY(Tensor out, Tensor::make(call.operand(0).dtype(), geometry.output));
  const float extrapolated = call.node.real("extrapolation_value");
  CurrentTaps taps(sampling, geometry);
  Odometer at(geometry.output);
  for (T& element : out.data<T>()) {
    const bool inside = taps.move_to(at.position());
    element = inside ? compute(taps.axes()) : constant_of<T>(extrapolated);
    at.next();
  }
  return out;
}

/// A nearest element is moved, not computed.
template <class T>
auto move_nearest(std::span<const T> source, const Strides& strides) {
  return [source, &strides](std::span<const AxisTaps> axes) {
    std::int64_t offset = 0;
    for (std::size_t a = 0; a < axes.size(); ++a) offset += axes[a][0].position * strides[a];
    return source[static_cast<std::size_t>(offset)];
  };
}

template <class T>
auto interpolate(std::span<const T> source, const Strides& strides) {
  return [source, &strides](std::span<const AxisTaps> axes) {
    return store_interpolated<T>(
        sum_taps<Interpolated<T>>(axes, strides, 0, [source](std::int64_t i) {
          return interpolation_value(source[static_cast<std::size_t>(i)]);
        }));
  };
}

}  // namespace

Result<ResizeGeometry> resize_geometry(const Call& call) {
  ISOTRACE_TRY(const ResizeRequest request, read_request(call));
  ISOTRACE_TRY(const auto region, read_reals(call, 1));
  ISOTRACE_TRY(ResizeGeometry geometry,
               resize_geometry(call.node, call.operand(0).shape(), request));
  if (ResizeSampling(call.node).needs_region()) {
    if (!region) return refuse_shape("tf_crop_and_resize without a region");
    ISOTRACE_TRY_DONE(set_resize_region(call.node, *region, geometry));
  }
  return geometry;
}

// [vision.resize]
Outcome evaluate_resize(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const ResizeGeometry geometry, resize_geometry(call));
  const ResizeSampling sampling(call.node);
  const Strides strides = row_major_strides(x.shape());
  if (sampling.is_nearest()) {
    return one(visit_all(x.dtype(), [&](auto type) {
      using T = typename decltype(type)::type;
      return resize<T>(call, geometry, sampling, move_nearest(x.data<T>(), strides));
    }));
  }
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return resize<T>(call, geometry, sampling, interpolate(x.data<T>(), strides));
  }));
}

}  // namespace isotrace::reference
