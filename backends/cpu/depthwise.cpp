#include <isotrace/backends/cpu/conv.hpp>

#include <isotrace/backends/cpu/strided_loop.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index short_row = 8;  // fits the shorter vectors, of which there can be two at a time

/// All outputs of one channel, which stands in `padded`.
void run_channel(const ConvCall& call, const float* padded, Index channel,
                 const VectorKernels& vectors) {
  const PaddedChannels& layout = *call.layout;
  const Index outputs = call.geometry.group_outputs;
  for (Index i = 0; i < outputs; ++i) {
    const Index output = channel % call.geometry.groups * outputs + i;
    float* out = call.outputs_of(0, channel) + i * call.columns;
    vectors.window_products({.plane = padded,
                             .line = layout.line(),
                             .taps = layout.taps().data(),
                             .tap_count = call.taps,
                             .weights = call.weights + output * call.taps,
                             .bias = call.bias == nullptr ? -0.0F : call.bias[output],
                             .out = out,
                             .rows = layout.axes()[0].output,
                             .columns = layout.axes()[1].output});
    if (call.tail != nullptr) call.tail->apply(out, call.columns, 1, call.columns);
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
  run_pieces(engine.pool, call.geometry.batch * call.geometry.groups,
             std::max<Index>(1, piece_elements / layout.size()), [&](Index at, Index count) {
               // Two channels in turns: what was just written could not be read at once.
               std::vector<float> padded[2];
               for (auto& one : padded) one.resize(static_cast<std::size_t>(layout.size_of(1)));
               layout.refill(call.inputs_of(0, at), vectors, padded[0].data());
               for (Index i = 0; i < count; ++i) {
                 if (i + 1 < count) {
                   layout.refill(call.inputs_of(0, at + i + 1), vectors,
                                 padded[(i + 1) % 2].data());
                 }
                 run_channel(call, padded[i % 2].data(), at + i, vectors);
               }
             });
}

}  // namespace isotrace::backends::cpu
