#include <isotrace/backends/cpu/padded_channels.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {
namespace {

using reference::WindowAxis;

constexpr Index taps_max = 1 << 12;
constexpr Index growth_max = 4;      // of the image by its padding
constexpr Index small_image = 4096;  // may grow as it likes up to here

/// The remainders of tap positions by the stride, ascending: one part of the axis for each.
std::vector<Index> parts_of(const WindowAxis& axis) {
  std::vector<Index> parts;
  for (Index k = 0; k < axis.kernel; ++k) parts.push_back(k * axis.dilation % axis.stride);
  std::ranges::sort(parts);
  parts.erase(std::unique(parts.begin(), parts.end()), parts.end());
  return parts;
}

/// Positions of one part, from the first window's to the last one's.
Index part_length(const WindowAxis& axis) {
  return axis.output + (axis.extent() - 1) / axis.stride;
}

Index divide_up(Index value, Index by) {
  return value >= 0 ? (value + by - 1) / by : -(-value / by);
}

/// Which positions of the padded axis are positions of the image, part by part.
std::vector<LineSpan> spans_of(const WindowAxis& axis) {
  std::vector<LineSpan> spans;
  const Index length = part_length(axis);
  Index part_begin = 0;
  for (const Index part : parts_of(axis)) {
    // Position q of the part is position q * stride + first of the image.
    const Index first = part - axis.pad_begin;
    const Index begin = std::clamp<Index>(divide_up(-first, axis.stride), 0, length);
    const Index end = std::clamp<Index>(divide_up(axis.input - first, axis.stride), begin, length);
    if (begin < end) {
      spans.push_back({begin * axis.stride + first, part_begin + begin, end - begin});
    }
    part_begin += length;
  }
  return spans;
}

}  // namespace

std::optional<PaddedChannels> PaddedChannels::make(std::span<const WindowAxis> axes) {
  PaddedChannels layout;
  layout.axes_ = axes;
  for (const WindowAxis& axis : axes) layout.image_size_ *= axis.input;
  const Index limit = std::max(small_image, growth_max * layout.image_size_);
  Index taps = 1;
  layout.taps_ = {0};
  for (const WindowAxis& axis : axes) {
    // Checked before they are multiplied: extents and kernels come from the model.
    if (axis.output < 1 || axis.kernel > taps_max / taps) return std::nullopt;
    taps *= axis.kernel;
    const std::vector<Index> parts = parts_of(axis);
    const Index length = part_length(axis);
    if (length > limit / layout.size_ / std::ssize(parts)) return std::nullopt;
    const Index extent = length * std::ssize(parts);
    layout.extents_.push_back(extent);
    layout.size_ *= extent;
    std::vector<Index> finer;
    for (const Index tap : layout.taps_) {
      for (Index k = 0; k < axis.kernel; ++k) {
        const Index at = k * axis.dilation;
        const auto part = std::ranges::lower_bound(parts, at % axis.stride) - parts.begin();
        finer.push_back(tap * extent + part * length + at / axis.stride);
      }
    }
    layout.taps_ = std::move(finer);
  }
  layout.find_lines();
  return layout;
}

void PaddedChannels::find_lines() {
  lines_ = {{0, 0}};
  for (std::size_t axis = 0; axis + 1 < axes_.size(); ++axis) {
    std::vector<LinePlace> finer;
    for (const LinePlace& line : lines_) {
      for (const LineSpan& span : spans_of(axes_[axis])) {
        for (Index i = 0; i < span.count; ++i) {
          finer.push_back({line.from * axes_[axis].input + span.from + i * axes_[axis].stride,
                           line.to * extents_[axis] + span.to + i});
        }
      }
    }
    lines_ = std::move(finer);
  }
  for (LinePlace& line : lines_) {
    line.from *= axes_.back().input;
    line.to *= extents_.back();
  }
  // In the order of the image, as prefetchers like it.
  std::ranges::sort(lines_, {}, &LinePlace::from);
  spans_ = spans_of(axes_.back());
}

Index PaddedChannels::window(Index number) const {
  Index offset = 0;
  Index scale = 1;
  for (std::size_t axis = axes_.size(); axis-- > 0;) {
    offset += number % axes_[axis].output * scale;
    number /= axes_[axis].output;
    scale *= extents_[axis];
  }
  return offset;
}

void PaddedChannels::fill(const float* image, Index channels, float value,
                          const VectorKernels& vectors, float* padded) const {
  for (Index channel = 0; channel < channels; ++channel) {
    std::fill_n(padded + channel * size_, size_, value);
    refill(image + channel * image_size_, vectors, padded + channel * size_);
  }
}

void PaddedChannels::refill(const float* image, const VectorKernels& vectors, float* padded) const {
  vectors.copy_lines({.from = image,
                      .to = padded,
                      .lines = lines_.data(),
                      .line_count = std::ssize(lines_),
                      .spans = spans_.data(),
                      .span_count = std::ssize(spans_),
                      .step = axes_.back().stride});
}

}  // namespace isotrace::backends::cpu
