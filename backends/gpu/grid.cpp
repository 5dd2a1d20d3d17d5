// GridSample and AffineGrid (docs/spec/vision.md). Where a grid samples, and with which weights,
// the reference says on the host, in f64; the elements stay on the device.
#include <limits>

#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/tap_lists.hpp>
#include <isotrace/reference/grid_axis.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using reference::product;

template <class Number>
Made sample(DeviceCall& call, const Array& x, const Shape& output) {
  Work& work = call.work;
  const core::TensorView& grid = call.call.operand(1);
  const reference::GridSampling sampling = {reference::grid_mode(call.node()),
                                            reference::grid_axes(call.node(), x.shape)};
  const std::size_t rank = sampling.axes.size();
  if (rank > space_rank_max) {
    return core::refuse(core::RefusalCode::backend_operation_unsupported, "",
                        "more than " + std::to_string(space_rank_max) + " axes");
  }
  ISOTRACE_TRY(Array out, work.make(x.dtype, output));
  if (out.elements == 0) return out;
  const std::size_t points = product(output, 2, output.size());
  const Strides strides =
      reference::row_major_strides(std::span<const std::int64_t>(x.shape).subspan(2));
  // A coordinate that is no number makes the result none: a tap with the weight NaN.
  const reference::AxisTaps nowhere = {{0, std::numeric_limits<double>::quiet_NaN()}};
  TapLists<Number> lists;
  for (std::size_t i = 0; i < static_cast<std::size_t>(output[0]) * points; ++i) {
    const auto taps = reference::grid_point_taps(sampling, grid, i);
    for (std::size_t a = 0; a < rank; ++a) lists.add(taps ? (*taps)[a] : nowhere, strides[a]);
  }
  ISOTRACE_TRY(const auto sent, lists.send(work));
  ISOTRACE_TRY_DONE(work.launch_each(
      of_type("interpolate_points", x.dtype),
      typename InterpolatePoints<Number>::Arguments{
          out.elements, sent.rows_of(x, rank), out.data<Number>(),
          static_cast<std::uint64_t>(output[1]), points, product(x.shape, 2, x.shape.size())}));
  return out;
}

/// Integers are computed in f64, and converted back as Cast does.
Made grid_sample(DeviceCall& call) {
  const core::TensorView& grid = call.call.operand(1);
  if (!core::is_float(grid.dtype())) return reference::refuse_dtype(grid.dtype());
  ISOTRACE_TRY(const Shape output, reference::grid_sample_shape(
                                       call.node(), call.call.operand(0).shape(), grid.shape()));
  ISOTRACE_TRY(Array x, call.operand(0));
  ISOTRACE_TRY(x, call.work.convert(x, core::is_float(x.dtype) ? wide_type(x.dtype) : Dtype::f64));
  return visit_real(x.dtype,
                    [&](auto number) { return sample<decltype(number)>(call, x, output); });
}

/// Positions along an axis of the result [N, D..., n], in the type that is computed in.
Made base_coordinates(DeviceCall& call, const Shape& output, std::size_t axis, Dtype wide) {
  const bool align_corners = call.node().integer("align_corners") != 0;
  Shape shape(output.size(), 1);
  shape[axis] = output[axis];
  std::vector<double> values;
  for (std::int64_t i = 0; i < output[axis]; ++i) {
    values.push_back(reference::affine_base_coordinate(i, output[axis], align_corners));
  }
  ISOTRACE_TRY(const Array all, call.work.send(values));
  ISOTRACE_TRY(const Array rounded, call.work.convert(all, wide));
  return rounded.reshaped(std::move(shape));
}

/// t = fma(theta[row][k], base of the k-th axis from the last, t) from +0 on, then plus the last
/// column.
Made affine_grid(DeviceCall& call) {
  ISOTRACE_TRY(const auto size, reference::read_integers(call.call.operand(1)));
  ISOTRACE_TRY(const Shape output,
               reference::affine_grid_shape(call.call.operand(0).shape(), size));
  Work& work = call.work;
  ISOTRACE_TRY(const Array theta, call.wide(0));
  const std::int64_t axes = output.back();
  // Column k of theta for every image and row.
  const auto column = [&](std::int64_t k) {
    Shape shape(output.size(), 1);
    shape.front() = output.front();
    shape.back() = axes;
    Strides strides(output.size(), 0);
    strides.front() = axes * (axes + 1);
    strides.back() = axes + 1;
    return work.gather(theta, std::move(shape), strides, k);
  };
  ISOTRACE_TRY(Array t, work.number(theta.dtype, 0));
  for (std::int64_t k = 0; k < axes; ++k) {
    ISOTRACE_TRY(const Array weights, column(k));
    ISOTRACE_TRY(const Array base,
                 base_coordinates(call, output, static_cast<std::size_t>(axes - k), theta.dtype));
    ISOTRACE_TRY(t, work.multiply_add(weights, base, t));
  }
  ISOTRACE_TRY(const Array shift, column(axes));
  return work.binary(Binary::add, t, shift);
}

}  // namespace

Results run_grid(DeviceCall& call) {
  return one(
      call.narrow(call.node().op == core::Op::grid_sample ? grid_sample(call) : affine_grid(call)));
}

}  // namespace isotrace::backends::gpu
