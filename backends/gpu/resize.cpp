// Resize (docs/spec/vision.md). Where an axis is sampled, and with which weights, the reference
// says on the host, in f64; the taps of all positions of an axis are sent, and elements stay on the
// device.
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/tap_lists.hpp>
#include <isotrace/reference/resize.hpp>
#include <isotrace/reference/shape.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using reference::ResizeGeometry;
using reference::ResizeSampling;
using Table = std::vector<std::int64_t>;

/// The taps of every position of every axis; nothing where it lies outside of the region.
using AllTaps = std::vector<std::vector<std::optional<reference::AxisTaps>>>;

AllTaps find_taps(const ResizeGeometry& geometry, const ResizeSampling& sampling) {
  AllTaps all;
  for (const reference::ResizeAxis& axis : geometry.axes) {
    auto& taps = all.emplace_back();
    for (std::int64_t i = 0; i < axis.output; ++i) taps.push_back(sampling.taps(axis, i));
  }
  return all;
}

/// The element that stands outside of the region, as the reference makes it of an f32.
Made make_outside(DeviceCall& call) {
  Work& work = call.work;
  const float value = call.node().real("extrapolation_value");
  ISOTRACE_TRY(const Array given, work.number(Dtype::f32, value));
  ISOTRACE_TRY(const Array number, work.unary(Unary::multiply, given, 1));
  return work.convert(number, call.dtype());
}

/// A nearest element is moved, not computed.
Made move_nearest(DeviceCall& call, const AllTaps& taps) {
  ISOTRACE_TRY(const Array x, call.operand(0));
  ISOTRACE_TRY(const Array outside, make_outside(call));
  ISOTRACE_TRY(const core::Tensor fill, call.work.download(outside));
  const Strides strides = reference::row_major_strides(x.shape);
  std::vector<Table> tables;
  for (std::size_t axis = 0; axis < taps.size(); ++axis) {
    Table& table = tables.emplace_back();
    for (const auto& at : taps[axis]) {
      table.push_back(at ? at->front().position * strides[axis] : -1);
    }
  }
  return call.work.look_up(x, tables, fill.bytes());
}

template <class Number>
Made interpolate(Work& work, const Array& x, const AllTaps& taps, Shape shape) {
  if (shape.size() > space_rank_max) {
    return core::refuse(core::RefusalCode::backend_operation_unsupported, "",
                        "more than " + std::to_string(space_rank_max) + " axes");
  }
  ISOTRACE_TRY(Array out, work.make(x.dtype, std::move(shape)));
  if (out.elements == 0) return out;
  typename Interpolate<Number>::Arguments arguments{};
  const Strides strides = reference::row_major_strides(x.shape);
  TapLists<Number> lists;
  for (std::size_t axis = 0; axis < taps.size(); ++axis) {
    arguments.sizes[axis] = taps[axis].size();
    arguments.rows[axis] = lists.rows();
    for (const auto& at : taps[axis]) {
      lists.add(at.value_or(reference::AxisTaps{}), strides[axis]);
    }
  }
  ISOTRACE_TRY(const auto sent, lists.send(work));
  arguments.count = out.elements;
  arguments.taps = sent.rows_of(x, taps.size());
  arguments.out = out.data<Number>();
  ISOTRACE_TRY_DONE(work.launch_each(of_type("interpolate", x.dtype), arguments));
  return out;
}

/// Where every axis lies within the region.
Made find_inside(Work& work, const AllTaps& taps) {
  ISOTRACE_TRY(const Array yes, work.upload(core::Tensor::of<core::Bool8>({}, {{1}})));
  std::vector<Table> tables;
  for (const auto& axis : taps) {
    Table& table = tables.emplace_back();
    for (const auto& at : axis) table.push_back(at ? 0 : -1);
  }
  const std::uint8_t no[8] = {};
  return work.look_up(yes, tables, no);
}

/// Integers are computed in f64, and converted back as Cast does.
Made compute(DeviceCall& call, const AllTaps& taps, const ResizeGeometry& geometry, bool region) {
  Work& work = call.work;
  ISOTRACE_TRY(Array x, call.operand(0));
  const bool real = core::is_float(x.dtype);
  ISOTRACE_TRY(x, work.convert(x, real ? wide_type(x.dtype) : Dtype::f64));
  ISOTRACE_TRY(const Array wide, visit_real(x.dtype, [&](auto number) {
                 return interpolate<decltype(number)>(work, x, taps, geometry.output);
               }));
  ISOTRACE_TRY(const Array values, call.narrow(wide));
  if (!region || values.elements == 0) return values;
  ISOTRACE_TRY(const Array inside, find_inside(work, taps));
  ISOTRACE_TRY(const Array outside, make_outside(call));
  return work.choose(inside, values, outside);
}

}  // namespace

Results run_resize(DeviceCall& call) {
  ISOTRACE_TRY(const ResizeGeometry geometry, reference::resize_geometry(call.call));
  const ResizeSampling sampling(call.node());
  if (!sampling.is_nearest()) {
    ISOTRACE_TRY_DONE(number_type(call.dtype()));
  }
  if (geometry.axes.empty()) return one(call.operand(0));
  const AllTaps taps = find_taps(geometry, sampling);
  if (sampling.is_nearest()) return one(move_nearest(call, taps));
  return one(compute(call, taps, geometry, sampling.needs_region()));
}

}  // namespace isotrace::backends::gpu
