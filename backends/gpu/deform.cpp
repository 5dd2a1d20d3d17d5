// DeformConv (docs/spec/contract.md): the columns that its offsets pick, and then the products of
// every convolution.
#include <isotrace/backends/gpu/kernels/deform.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/backends/gpu/product.hpp>
#include <isotrace/backends/gpu/windows.hpp>
#include <isotrace/reference/deform_conv.hpp>
#include <isotrace/reference/odometer.hpp>

namespace isotrace::backends::gpu {
namespace {

/// [image][channel][tap][point]
template <class Number>
Made sample_columns(DeviceCall& call, const reference::DeformShape& shape, const Array& x) {
  const reference::ConvGeometry& conv = shape.conv;
  typename SampleColumns<Number>::Arguments p{};
  ISOTRACE_TRY(p.window, make_window(conv.axes));
  const auto points = reference::product(conv.output, 2, conv.output.size());
  ISOTRACE_TRY(const Array offsets, call.wide(2));
  std::optional<Array> mask;
  if (call.has(4)) {
    ISOTRACE_TRY(mask, call.wide(4));
  }
  ISOTRACE_TRY(Array columns, call.work.make(x.dtype, {x.shape[0], x.shape[1], shape.kernel,
                                                       static_cast<std::int64_t>(points)}));
  p.count = columns.elements;
  p.rank = static_cast<std::uint32_t>(conv.axes.size());
  p.channels = static_cast<std::uint64_t>(x.shape[1]);
  p.group_channels = p.channels / static_cast<std::uint64_t>(shape.offset_groups);
  p.taps = static_cast<std::uint64_t>(shape.kernel);
  p.points = points;
  p.plane = reference::product(x.shape, 2, x.shape.size());
  p.x = x.data<Number>();
  p.offsets = offsets.data<Number>();
  p.mask = mask ? mask->data<Number>() : nullptr;
  p.out = columns.data<Number>();
  ISOTRACE_TRY_DONE(call.work.launch_each(of_type("sample_columns", x.dtype), p));
  return columns;
}

template <class Number>
Made deform_conv(DeviceCall& call, const reference::DeformShape& shape, const Array& x) {
  const reference::ConvGeometry& conv = shape.conv;
  ISOTRACE_TRY(const Array w, call.wide(1));
  std::optional<Array> bias;
  if (call.has(3)) {
    ISOTRACE_TRY(bias, call.wide(3));
  }
  ISOTRACE_TRY(const Array columns, sample_columns<Number>(call, shape, x));
  ISOTRACE_TRY(Array out, call.work.make(x.dtype, conv.output));
  ProductArguments<Plain<Number>, MatrixColumns> p{};
  p.segment = call.node().integer("k_segment");
  if (p.segment < 1) return reference::refuse_attribute("k_segment " + std::to_string(p.segment));
  p.rows = conv.group_outputs;
  p.columns = columns.shape[3];
  p.depth = conv.group_inputs * shape.kernel;
  p.groups = conv.groups;
  p.a = w.data<Number>();
  p.a_row_stride = p.depth;
  p.a_depth_stride = 1;
  p.b = columns.data<Number>();
  p.b_columns = {p.columns, 1};
  p.finish = {1, 1, channel_addend<Number>(bias ? &*bias : nullptr, conv)};
  Batches batches;
  for (std::int64_t i = 0; i < conv.batch * conv.groups; ++i) {
    batches.a.push_back(i % conv.groups * p.rows * p.depth);
    batches.b.push_back(i * p.depth * p.columns);
  }
  ISOTRACE_TRY_DONE(multiply(call.work, p, batches, out));
  return out;
}

}  // namespace

Results run_deform_conv(DeviceCall& call) {
  ISOTRACE_TRY(const auto shape, reference::plan_deform_conv(call.call));
  ISOTRACE_TRY(const Array x, call.wide(0));
  return one(call.narrow(visit_real(
      x.dtype, [&](auto number) { return deform_conv<decltype(number)>(call, shape, x); })));
}

}  // namespace isotrace::backends::gpu
