// MaxPool and AveragePool of images in f32: windows slide over padded channels.
#include <limits>

#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/padded_channels.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {
namespace {

using reference::WindowAxis;

/// How many taps of window `output` lie in [begin, end) of the input's positions.
Index taps_within(const WindowAxis& axis, Index output, Index begin, Index end) {
  Index count = 0;
  for (Index tap = 0; tap < axis.kernel; ++tap) {
    const Index at = output * axis.stride - axis.pad_begin + tap * axis.dilation;
    count += at >= begin && at < end ? 1 : 0;
  }
  return count;
}

/// Taps of every window of an axis; on the input, or with `padded` on its padding too.
std::vector<Index> count_taps(const WindowAxis& axis, bool padded) {
  std::vector<Index> counts;
  for (Index output = 0; output < axis.output; ++output) {
    counts.push_back(padded ? taps_within(axis, output, -axis.pad_begin, axis.input + axis.pad_end)
                            : taps_within(axis, output, 0, axis.input));
  }
  return counts;
}

bool any_empty(const reference::PoolGeometry& geometry) {
  return std::any_of(geometry.axes.begin(), geometry.axes.end(), [](const WindowAxis& axis) {
    return std::ranges::count(count_taps(axis, false), 0) != 0;
  });
}

struct Counts {
  std::vector<Index> rows;
  std::vector<Index> columns;
};

class Pooling {
 public:
  Pooling(const core::Node& node, const Engine& engine, const PaddedChannels& layout)
      : average_(node.op == core::Op::average_pool), vectors_(engine.vectors), layout_(layout) {
    if (!average_) return;
    const bool padded = node.integer("count_include_pad") != 0;
    counts_ = {count_taps(layout.axes()[0], padded), count_taps(layout.axes()[1], padded)};
  }

  /// `padded` is scratch for one channel.
  void run_channel(const float* image, float* padded, float* out) const {
    layout_.fill(image, 1, average_ ? 0.0F : -std::numeric_limits<float>::infinity(), vectors_,
                 padded);
    const Index columns = layout_.axes()[1].output;
    for (Index row = 0; row < layout_.axes()[0].output; ++row) {
      const WindowArguments windows{.plane = padded + layout_.window(row * columns),
                                    .taps = layout_.taps().data(),
                                    .tap_count = std::ssize(layout_.taps()),
                                    .out = out + row * columns,
                                    .count = columns};
      (average_ ? vectors_.window_sum : vectors_.window_max)(windows);
      if (average_) divide_row(row, windows.out);
    }
  }

 private:
  void divide_row(Index row, float* out) const {
    std::vector<float> divisors;
    for (const Index count : counts_.columns) {
      divisors.push_back(static_cast<float>(counts_.rows[static_cast<std::size_t>(row)] * count));
    }
    vectors_.div({out, divisors.data(), out, std::ssize(divisors), false, false});
  }

  bool average_;
  const VectorKernels& vectors_;
  const PaddedChannels& layout_;
  Counts counts_;
};

}  // namespace

Outcome run_pool(const core::Node& node, core::Operands operands, const Engine& engine) {
  if (!is_f32_call(node, operands)) return run_reference(node, operands, engine.pool);
  const core::TensorView& x = *operands[0];
  const auto geometry = reference::pool_geometry(node, x.shape());
  if (!geometry || geometry->axes.size() != 2 || x.elements() == 0) {
    return reference::evaluate(node, operands);
  }
  const auto layout = PaddedChannels::make(geometry->axes);
  if (!layout || any_empty(*geometry)) return reference::evaluate(node, operands);
  // The order of numbering has no effect without indices, but must be one that there is.
  const bool has_order = node.op == core::Op::max_pool;
  const std::int64_t order = has_order ? node.integer("storage_order") : 0;
  if (order != 0 && order != 1) return reference::evaluate(node, operands);
  auto out = core::Tensor::make_for_overwrite(core::Dtype::f32, geometry->output);
  if (!out) return reference::evaluate(node, operands);
  const Pooling pooling(node, engine, *layout);
  const Index channels = static_cast<Index>(reference::product(x.shape(), 0, 2));
  const Index image = static_cast<Index>(reference::product(x.shape(), 2, x.rank()));
  const Index result = static_cast<Index>(out->elements()) / channels;
  const float* from = x.data<float>().data();
  float* to = out->data<float>().data();
  run_pieces(engine.pool, channels, std::max<Index>(1, piece_elements / image),
             [&](Index at, Index count) {
               std::vector<float> padded(static_cast<std::size_t>(layout->size_of(1)));
               for (Index channel = at; channel < at + count; ++channel) {
                 pooling.run_channel(from + channel * image, padded.data(), to + channel * result);
               }
             });
  return one_tensor(*std::move(out));
}

}  // namespace isotrace::backends::cpu
