#include <isotrace/backends/cpu/channels_last.hpp>

#include <algorithm>

#include <isotrace/backends/cpu/byte_transposition.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr reference::WindowAxis one_position{
    .input = 1, .kernel = 1, .stride = 1, .dilation = 1, .pad_begin = 0, .pad_end = 0, .output = 1};

constexpr Index line_positions_max = 512;

Index divide_up(Index value, Index by) { return (value + by - 1) / by; }

/// Whether output position j reads exactly input position j.
bool copies(const reference::WindowAxis& axis) {
  return axis.kernel == 1 && axis.stride == 1 && axis.pad_begin == 0 && axis.pad_end == 0;
}

/// Positions from the beginning of the first window to the end of the last.
Index extent_of(const reference::WindowAxis& axis) {
  return (axis.output - 1) * axis.stride + axis.extent();
}

}  // namespace

ChannelsLast::ChannelsLast(std::span<const reference::WindowAxis> axes, Index channels)
    : vertical_(axes.size() == 1 ? one_position : axes.front()),
      horizontal_(axes.back()),
      channels_(channels),
      depth_(divide_up(channels, 4) * 4) {
  if (copies(vertical_) && copies(horizontal_)) choose_lines();
  lines_ = extent_of(vertical_);
  positions_ = extent_of(horizontal_);
  line_bytes_ = positions_ * depth_;
}

/// Where windows are positions, these may be in lines of any length: few long ones, of which some
/// fit the caches.
void ChannelsLast::choose_lines() {
  const Index positions = vertical_.input * horizontal_.input;
  Index lines = divide_up(positions, line_positions_max);
  const Index most = 2 * lines;
  while (lines < most && positions % lines != 0) ++lines;
  if (positions % lines != 0) lines = 1;
  vertical_.input = vertical_.output = lines;
  horizontal_.input = horizontal_.output = positions / lines;
}

Index ChannelsLast::tap_offset(Index tap) const {
  const Index down = tap / horizontal_.kernel * vertical_.dilation;
  const Index along = tap % horizontal_.kernel * horizontal_.dilation;
  return down * line_bytes_ + along * depth_;
}

/// Whether any window does.
bool ChannelsLast::is_read(Index line) const {
  for (Index k = 0; k < vertical_.kernel; ++k) {
    const Index from = line - k * vertical_.dilation;
    if (from >= 0 && from % vertical_.stride == 0) return true;
  }
  return false;
}

void ChannelsLast::fill(const std::uint8_t* image, std::uint8_t value, std::uint8_t flip,
                        Index from, Index to, std::uint8_t* padded) const {
  const auto around = static_cast<std::uint8_t>(value ^ flip);
  const Index plane = vertical_.input * horizontal_.input;
  const Index left = std::min(horizontal_.pad_begin, positions_);
  const Index inside = std::clamp<Index>(positions_ - left, 0, horizontal_.input);
  for (Index line = from; line < to; ++line) {
    if (!is_read(line)) continue;
    std::uint8_t* out = padded + line * line_bytes_;
    const Index source = line - vertical_.pad_begin;
    if (source < 0 || source >= vertical_.input) {
      std::fill_n(out, line_bytes_, around);
      continue;
    }
    std::fill_n(out, left * depth_, around);
    const Index right = left + inside;
    std::fill_n(out + right * depth_, (positions_ - right) * depth_, around);
    ByteTransposition{.from = image + source * horizontal_.input,
                      .from_stride = plane,
                      .end = image + channels_ * plane,
                      .out = out + left * depth_,
                      .out_stride = depth_,
                      .rows = channels_,
                      .columns = inside,
                      .out_rows = depth_,
                      .flip = flip}
        .run();
  }
}

}  // namespace isotrace::backends::cpu
