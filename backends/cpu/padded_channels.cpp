#include <isotrace/backends/cpu/padded_channels.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {
namespace {

constexpr Index taps_max = 1 << 12;
constexpr Index growth_max = 4;      // of the image by its padding
constexpr Index small_image = 4096;  // may grow as it likes up to here

/// Positions from the beginning of the first window to the end of the last.
Index extent_of(const reference::WindowAxis& axis) {
  return (axis.output - 1) * axis.stride + axis.extent();
}

}  // namespace

std::optional<PaddedChannels> PaddedChannels::make(std::span<const reference::WindowAxis> axes) {
  PaddedChannels layout;
  layout.axes_ = axes;
  for (const reference::WindowAxis& axis : axes) layout.image_size_ *= axis.input;
  const Index limit = std::max(small_image, growth_max * layout.image_size_);
  Index taps = 1;
  for (const reference::WindowAxis& axis : axes) {
    // Checked before they are multiplied: extents and kernels come from the model.
    if (axis.output < 1 || axis.kernel > taps_max / taps) return std::nullopt;
    if (extent_of(axis) > limit / layout.size_) return std::nullopt;
    layout.extents_.push_back(extent_of(axis));
    layout.size_ *= extent_of(axis);
    taps *= axis.kernel;
  }
  layout.taps_ = {0};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    std::vector<Index> finer;
    for (const Index tap : layout.taps_) {
      for (Index k = 0; k < axes[axis].kernel; ++k) {
        finer.push_back(tap * layout.extents_[axis] + k * axes[axis].dilation);
      }
    }
    layout.taps_ = std::move(finer);
  }
  return layout;
}

Index PaddedChannels::window(Index number) const {
  Index offset = 0;
  Index scale = 1;
  for (std::size_t axis = axes_.size(); axis-- > 0;) {
    offset += number % axes_[axis].output * axes_[axis].stride * scale;
    number /= axes_[axis].output;
    scale *= extents_[axis];
  }
  return offset;
}

void PaddedChannels::fill(const float* image, Index channels, float value, float* padded) const {
  const reference::WindowAxis& last = axes_.back();
  const Index lines = size_ / line();
  const Index count = std::clamp<Index>(line() - last.pad_begin, 0, last.input);
  for (Index channel = 0; channel < channels; ++channel) {
    for (Index number = 0; number < lines; ++number) {
      // The line of the image that comes here, if there is one.
      Index source = 0;
      Index rest = number;
      Index scale = 1;
      bool inside = count != 0;
      for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
        const Index at = rest % extents_[axis] - axes_[axis].pad_begin;
        inside = inside && at >= 0 && at < axes_[axis].input;
        source += at * scale;
        scale *= axes_[axis].input;
        rest /= extents_[axis];
      }
      if (inside) {
        std::fill_n(padded, last.pad_begin, value);
        std::copy_n(image + source * last.input, count, padded + last.pad_begin);
        std::fill(padded + last.pad_begin + count, padded + line(), value);
      } else {
        std::fill_n(padded, line(), value);
      }
      padded += line();
    }
    image += image_size_;
  }
}

}  // namespace isotrace::backends::cpu
