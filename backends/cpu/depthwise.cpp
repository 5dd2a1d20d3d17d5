#include <algorithm>

#include <isotrace/backends/cpu/conv.hpp>

#include <isotrace/backends/cpu/strided_loop.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index short_row = 8;  // fits the shorter vectors, of which there can be two at a time

/// All outputs of one channel: run(weights, bias, out) computes those of one of its kernels. What
/// follows is the tail without its first `steps`.
template <class Run>
void run_channel(const ConvCall& call, Index channel, std::size_t steps, Run run) {
  const Index outputs = call.geometry.group_outputs;
  for (Index i = 0; i < outputs; ++i) {
    const Index output = channel % call.geometry.groups * outputs + i;
    float* out = call.outputs_of(0, channel) + i * call.columns;
    run(call.weights + output * call.taps, call.bias == nullptr ? -0.0F : call.bias[output], out);
    if (call.tail != nullptr) call.tail->apply_from(steps, out, call.columns, 1, call.columns);
  }
}

/// Whether there is a kernel that reads the image in place.
bool is_in_place(const ConvCall& call) {
  const auto& axes = call.geometry.axes;
  return axes[0].stride == axes[1].stride && axes[0].stride <= 2 &&
         std::ranges::all_of(
             axes, [](const auto& axis) { return axis.kernel == 3 && axis.dilation == 1; });
}

void run_channels_in_place(const ConvCall& call, Index from, Index count,
                           const VectorKernels& vectors) {
  const auto& rows = call.geometry.axes[0];
  const auto& columns = call.geometry.axes[1];
  TileEnd end;
  const std::size_t steps = call.tail == nullptr ? 0 : call.tail->join_bounds(end);
  for (Index channel = from; channel < from + count; ++channel) {
    run_channel(call, channel, steps, [&](const float* weights, float bias, float* out) {
      vectors.plane_products({.plane = call.inputs_of(0, channel),
                              .height = rows.input,
                              .width = columns.input,
                              .stride = rows.stride,
                              .pad_top = rows.pad_begin,
                              .pad_left = columns.pad_begin,
                              .weights = weights,
                              .bias = bias,
                              .bounded = end.bounded,
                              .low = end.bounded ? end.low : 0.0F,
                              .high = end.bounded ? end.high : 0.0F,
                              .out = out,
                              .rows = rows.output,
                              .columns = columns.output});
    });
  }
}

void run_padded_channels(const ConvCall& call, Index from, Index count,
                         const VectorKernels& vectors) {
  const PaddedChannels& layout = *call.layout;
  // Two channels in turns: what was just written could not be read at once.
  std::vector<float> padded[2];
  for (auto& one : padded) one.resize(static_cast<std::size_t>(layout.size_of(1)));
  layout.refill(call.inputs_of(0, from), vectors, padded[0].data());
  for (Index i = 0; i < count; ++i) {
    if (i + 1 < count) {
      layout.refill(call.inputs_of(0, from + i + 1), vectors, padded[(i + 1) % 2].data());
    }
    run_channel(call, from + i, 0, [&](const float* weights, float bias, float* out) {
      vectors.window_products({.plane = padded[i % 2].data(),
                               .line = layout.line(),
                               .taps = layout.taps().data(),
                               .tap_count = call.taps,
                               .weights = weights,
                               .bias = bias,
                               .out = out,
                               .rows = layout.axes()[0].output,
                               .columns = layout.axes()[1].output});
    });
  }
}

}  // namespace

bool is_depthwise(const ConvCall& call) {
  return call.layout != nullptr && call.geometry.group_inputs == 1 &&
         call.geometry.axes.size() == 2 && call.taps <= call.segment;
}

void run_depthwise(const ConvCall& call, const Engine& engine) {
  const PaddedChannels& layout = *call.layout;
  const VectorKernels& vectors =
      layout.axes()[1].output <= short_row ? vector_kernels_avx2() : engine.vectors;
  const auto run = is_in_place(call) ? &run_channels_in_place : &run_padded_channels;
  run_pieces(engine.pool, call.geometry.batch * call.geometry.groups,
             std::max<Index>(1, piece_elements / layout.size()),
             [&](Index at, Index count) { run(call, at, count, vectors); });
}

}  // namespace isotrace::backends::cpu
