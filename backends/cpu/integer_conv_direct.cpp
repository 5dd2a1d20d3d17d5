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
constexpr Index lines_stride_max = 2;

/// Taps in groups that kernels read together, and where in them each one is.
struct GroupedTaps {
  struct Place {
    std::size_t group;
    std::size_t tap;
  };
  std::vector<ByteTaps> groups;
  std::vector<Place> places;

  GroupedTaps() = default;
  GroupedTaps(std::span<const Index> offsets, Index stride) {
    const Index reach = byte_taps_reach - 3 * stride;
    std::size_t tap = 4;
    for (const Index offset : offsets) {
      const Index from = groups.empty() ? offset : groups.back().offset;
      if (tap == 4 || offset < from || offset - from >= reach) {
        groups.push_back({offset, {}, {}});
        tap = 0;
      }
      ByteTaps& group = groups.back();
      for (std::size_t i = 0; i < 4; ++i) {
        const Index byte = static_cast<Index>(i) * stride + offset - group.offset;
        group.shuffle[4 * i + tap] = static_cast<std::uint8_t>(byte);
      }
      places.push_back({groups.size() - 1, tap++});
    }
  }
};

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
    if (reads_whole_lines(conv.geometry.axes, kernels)) {
      taps_ = GroupedTaps(offsets_, conv.geometry.axes.back().stride);
    }
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
    // A weight that is no byte is the sum of some that are.
    byte_taps_.clear();
    while (!taps_.groups.empty() && take_bytes()) {
    }
    for (Index from = 0; from < columns_; from += positions_) {
      const Index count = std::min(positions_, columns_ - from);
      sum_lines(padded, from / layout_.line_outputs(), count / layout_.line_outputs(), start);
      if (conv_.requantisation == nullptr) {
        std::copy_n(sums_.data(), count, conv_.sums + plane * columns_ + from);
      } else {
        Requantisation requantisation = conv_.requantisation->at(channel, 0);
        requantisation.out = conv_.requantisation->out + plane * columns_ + from;
        requantisation.run_row(sums_.data(), count);
      }
    }
  }

  /// The sums of some lines.
  void sum_lines(const std::uint8_t* padded, Index first, Index count, std::int32_t start) {
    const std::uint8_t flip = row_flip(conv_.image_signed);
    const Index* lines = lines_.data() + first;
    if (!byte_taps_.empty()) {
      kernels_.lines({.data = padded,
                      .lines = lines,
                      .line_count = count,
                      .count = layout_.line_outputs(),
                      .stride = conv_.geometry.axes.back().stride,
                      .taps = byte_taps_.data(),
                      .tap_groups = std::ssize(byte_taps_),
                      .flip = flip,
                      .start = start,
                      .sums = sums_.data()});
      return;
    }
    for (Index line = 0; line < count; ++line) {
      kernels_.windows({.data = padded + lines[line],
                        .offsets = offsets_.data(),
                        .weights = weights_.data(),
                        .taps = std::ssize(offsets_),
                        .count = layout_.line_outputs(),
                        .flip = flip,
                        .start = start,
                        .sums = sums_.data() + line * layout_.line_outputs()});
    }
  }

  /// Adds all groups of taps with as much of the weights as bytes hold, which is taken from them.
  /// Returns whether any weight is left.
  bool take_bytes() {
    const std::size_t from = byte_taps_.size();
    byte_taps_.insert(byte_taps_.end(), taps_.groups.begin(), taps_.groups.end());
    bool left = false;
    for (std::size_t k = 0; k < taps_.places.size(); ++k) {
      const auto [group, tap] = taps_.places[k];
      const int part = std::clamp<int>(weights_[k], -127, 127);
      byte_taps_[from + group].weights[tap] = static_cast<std::int8_t>(part);
      weights_[k] = static_cast<std::int16_t>(weights_[k] - part);
      left = left || weights_[k] != 0;
    }
    return left;
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
  GroupedTaps taps_;                 // none where lines are in phases
  std::vector<ByteTaps> byte_taps_;  // with the weights of the channel at hand
  std::vector<std::int32_t> sums_;
  Index image_bytes_ = 1;
  Index columns_ = 1;
  Index depth_ = 0;
  Index positions_ = 0;
};

}  // namespace

bool reads_whole_lines(std::span<const reference::WindowAxis> axes, const IntegerKernels& kernels) {
  return kernels.lines != nullptr && axes.back().stride <= lines_stride_max;
}

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
