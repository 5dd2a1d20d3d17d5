// Convolutions with one or two output channels per group, depthwise ones above all.
#include <algorithm>
#include <atomic>
#include <new>

#include <isotrace/backends/cpu/byte_image.hpp>
#include <isotrace/backends/cpu/integer_conv.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index sums_together = 4096;  // about so many positions, then they become bytes
constexpr Index sums_slack = 16;       // that kernels may write behind the last

/// One task: the output channels of one group of one image.
class DirectGroup {
 public:
  DirectGroup(const IntegerConv& conv, const ByteImage& layout, const IntegerKernels& kernels)
      : conv_(conv),
        layout_(layout),
        kernels_(kernels),
        offsets_(layout.offsets(conv.geometry.group_inputs)) {
    for (const reference::WindowAxis& axis : conv.geometry.axes) {
      image_bytes_ *= axis.input;
      columns_ *= axis.output;
    }
    for (Index at = 0; at < columns_; at += layout.line_outputs()) {
      lines_.push_back(layout.window(at));
    }
    depth_ = std::ssize(offsets_);
    // Kernels take taps by two; the one too many has the weight 0.
    if (depth_ % 2 != 0) offsets_.push_back(offsets_.back());
    weights_.resize(offsets_.size(), 0);
    const Index line = layout.line_outputs();
    positions_ = std::max<Index>(1, sums_together / line) * line;
    sums_.resize(static_cast<std::size_t>(std::min(positions_, columns_) + sums_slack));
  }

  /// `pair` counts images and groups in the order of memory.
  void run(Index pair, Scratch& scratch) {
    const reference::ConvGeometry& geometry = conv_.geometry;
    const Index bytes = layout_.bytes(geometry.group_inputs);
    auto* padded = reinterpret_cast<std::uint8_t*>(
        scratch.get(Scratch::packed_a, bytes / Index{sizeof(float)} + 1));
    layout_.fill(conv_.image + pair * geometry.group_inputs * image_bytes_, geometry.group_inputs,
                 static_cast<std::uint8_t>(conv_.image_zero_point), padded);
    for (Index output = 0; output < geometry.group_outputs; ++output) {
      run_channel(pair % geometry.groups * geometry.group_outputs + output,
                  pair * geometry.group_outputs + output, padded);
    }
  }

 private:
  /// `channel` of the weights; `plane` of the result.
  void run_channel(Index channel, Index plane, const std::uint8_t* padded) {
    const std::int32_t start = find_weights(channel);
    for (Index from = 0; from < columns_; from += positions_) {
      const Index count = std::min(positions_, columns_ - from);
      for (Index at = 0; at < count; at += layout_.line_outputs()) {
        const auto number = static_cast<std::size_t>((from + at) / layout_.line_outputs());
        kernels_.windows({.data = padded + lines_[number],
                          .offsets = offsets_.data(),
                          .weights = weights_.data(),
                          .taps = std::ssize(offsets_),
                          .count = layout_.line_outputs(),
                          .flip = row_flip(conv_.image_signed),
                          .start = start,
                          .sums = sums_.data() + at});
      }
      if (conv_.requantisation == nullptr) {
        std::copy_n(sums_.data(), count, conv_.sums + plane * columns_ + from);
      } else {
        Requantisation requantisation = conv_.requantisation->at(channel, 0);
        requantisation.out = conv_.requantisation->out + plane * columns_ + from;
        requantisation.run_row(sums_.data(), count);
      }
    }
  }

  /// Weights less their zero point; returns what the zero point of the flipped image adds.
  std::int32_t find_weights(Index channel) {
    const IntegerMatrix& m = conv_.weights;
    const std::int32_t zero =
        m.zero_points == nullptr ? 0 : m.zero_points[channel * m.zero_point_stride];
    std::uint32_t sum = 0;
    for (Index k = 0; k < depth_; ++k) {
      const std::uint8_t byte = m.data[channel * m.stride + k];
      const int weight = (m.is_signed ? static_cast<std::int8_t>(byte) : byte) - zero;
      weights_[static_cast<std::size_t>(k)] = static_cast<std::int16_t>(weight);
      sum += static_cast<std::uint32_t>(weight);
    }
    const std::int32_t image_zero = conv_.image_zero_point + (conv_.image_signed ? 128 : 0);
    return static_cast<std::int32_t>(0 - static_cast<std::uint32_t>(image_zero) * sum);
  }

  const IntegerConv& conv_;
  const ByteImage& layout_;
  const IntegerKernels& kernels_;
  std::vector<Index> offsets_;
  std::vector<Index> lines_;  // where the windows of each line begin
  std::vector<std::int16_t> weights_;
  std::vector<std::int32_t> sums_;
  Index image_bytes_ = 1;
  Index columns_ = 1;
  Index depth_ = 0;
  Index positions_ = 0;
};

}  // namespace

core::Result<core::Done> run_direct_conv(const IntegerConv& conv, const ByteImage& layout,
                                         const IntegerKernels& kernels, const Engine& engine) {
  const Index pairs = conv.geometry.batch * conv.geometry.groups;
  // A few tasks per thread share their tables.
  const Index tasks = std::min<Index>(pairs, engine.pool.threads() * Index{4});
  std::atomic<bool> out_of_memory = false;
  engine.pool.run(static_cast<std::size_t>(tasks), [&](std::size_t index, unsigned worker) {
    const auto task = static_cast<Index>(index);
    try {
      DirectGroup group(conv, layout, kernels);
      for (Index pair = pairs * task / tasks; pair < pairs * (task + 1) / tasks; ++pair) {
        group.run(pair, engine.scratch[worker]);
      }
    } catch (const std::bad_alloc&) {
      out_of_memory = true;
    }
  });
  if (!out_of_memory) return core::Done{};
  return core::refuse(core::RefusalCode::limit_exceeded, "", "not enough memory for padding");
}

}  // namespace isotrace::backends::cpu
