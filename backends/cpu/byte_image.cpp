#include <isotrace/backends/cpu/byte_image.hpp>

#include <algorithm>
#include <cstring>

namespace isotrace::backends::cpu {
namespace {

constexpr Index taps_max = 1 << 12;
constexpr Index growth_max = 4;      // of the image by its padding
constexpr Index small_image = 4096;  // may grow as it likes up to here
constexpr Index copied = 16;         // bytes at a time; what is too many is overwritten or not read

/// Positions from the beginning of the first window to the end of the last.
Index extent_of(const reference::WindowAxis& axis) {
  return (axis.output - 1) * axis.stride + axis.extent();
}

}  // namespace

std::optional<ByteImage> ByteImage::make(std::span<const reference::WindowAxis> axes) {
  ByteImage layout;
  layout.axes_ = axes;
  for (const reference::WindowAxis& axis : axes) layout.image_bytes_ *= axis.input;
  const Index limit = std::max(small_image, growth_max * layout.image_bytes_);
  Index positions = 1;
  Index taps = 1;
  for (const reference::WindowAxis& axis : axes) {
    // Checked before they are multiplied: extents and kernels come from the model.
    if (axis.output < 1 || axis.kernel > taps_max / taps) return std::nullopt;
    if (axis.stride > limit / positions || extent_of(axis) > limit / positions) return std::nullopt;
    layout.extents_.push_back(extent_of(axis));
    positions *= extent_of(axis);
    taps *= axis.kernel;
  }
  const Index phases = axes.back().stride;
  layout.phase_bytes_ = (layout.extents_.back() + phases - 1) / phases;
  layout.line_bytes_ = layout.phase_bytes_ * phases;
  layout.channel_bytes_ = layout.line_bytes_;
  layout.strides_.resize(axes.size() - 1);
  for (std::size_t axis = axes.size() - 1; axis-- > 0;) {
    layout.strides_[axis] = layout.channel_bytes_;
    layout.channel_bytes_ *= layout.extents_[axis];
  }
  layout.taps_ = {0};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    std::vector<Index> finer;
    for (const Index tap : layout.taps_) {
      for (Index k = 0; k < axes[axis].kernel; ++k) {
        const Index at = k * axes[axis].dilation;
        finer.push_back(tap + (axis + 1 < axes.size()
                                   ? at * layout.strides_[axis]
                                   : at % phases * layout.phase_bytes_ + at / phases));
      }
    }
    layout.taps_ = std::move(finer);
  }
  return layout;
}

Index ByteImage::window(Index number) const {
  Index offset = number % axes_.back().output;
  number /= axes_.back().output;
  for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
    offset += number % axes_[axis].output * axes_[axis].stride * strides_[axis];
    number /= axes_[axis].output;
  }
  return offset;
}

void ByteImage::fill_line(const std::uint8_t* source, std::uint8_t* line) const {
  const reference::WindowAxis& last = axes_.back();
  const Index count = std::clamp<Index>(extents_.back() - last.pad_begin, 0, last.input);
  if (last.stride == 1) {
    std::copy_n(source, count, line + last.pad_begin);
    return;
  }
  for (Index phase = 0; phase < last.stride; ++phase) {
    // The first position of this phase that the image has.
    const Index behind = (last.pad_begin - phase + last.stride - 1) / last.stride;
    const Index first = phase < last.pad_begin ? behind * last.stride + phase : phase;
    std::uint8_t* to = line + phase * phase_bytes_ + first / last.stride;
    for (Index at = first - last.pad_begin; at < count; at += last.stride) *to++ = source[at];
  }
}

void ByteImage::fill(const std::uint8_t* image, Index channels, std::uint8_t value,
                     std::uint8_t* padded) const {
  const Index lines = channel_bytes_ / line_bytes_;
  for (Index channel = 0; channel < channels; ++channel, image += image_bytes_) {
    for (Index number = 0; number < lines; ++number, padded += line_bytes_) {
      std::fill_n(padded, line_bytes_, value);
      // The line of the image that comes here, if there is one.
      Index source = 0;
      Index rest = number;
      Index scale = 1;
      bool inside = axes_.back().input != 0;
      for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
        const Index at = rest % extents_[axis] - axes_[axis].pad_begin;
        inside = inside && at >= 0 && at < axes_[axis].input;
        source += at * scale;
        scale *= axes_[axis].input;
        rest /= extents_[axis];
      }
      if (inside) fill_line(image + source * axes_.back().input, padded);
    }
  }
  std::fill_n(padded, slack, value);
}

/// Output positions that differ on the last axis only have their windows side by side.
std::vector<ByteImageColumns::Run> ByteImageColumns::find_runs(Index first, Index count) const {
  std::vector<Run> runs;
  const Index line = layout_.line_outputs();
  for (Index lane = 0; lane < count;) {
    const Index column = first_ + first + lane;
    const Index length = std::min(count - lane, line - column % line);
    runs.push_back({lane, length, layout_.window(column)});
    lane += length;
  }
  return runs;
}

void ByteImageColumns::pack(const IntegerKernels& kernels, Index first, Index count,
                            std::byte* panel, std::int32_t* sums) const {
  constexpr Index lines = 64;  // of k at a time: they stay near until they are interleaved
  constexpr Index line = 64 + copied;
  std::uint8_t buffer[lines * line] = {};
  ISOTRACE_CHECK(kernels.tile_columns <= 64 && lines % kernels.group_depth == 0, count);
  const std::vector<Run> runs = find_runs(first, count);
  const auto& taps = layout_.taps();
  const Index depth = channels_ * std::ssize(taps);
  std::vector<std::int32_t> part(static_cast<std::size_t>(kernels.tile_columns));
  std::fill_n(sums, kernels.tile_columns, 0);
  const std::uint8_t* channel = padded_;
  std::size_t tap = 0;
  for (Index from = 0; from < depth; from += lines) {
    const Index here = std::min(lines, depth - from);
    for (Index k = 0; k < here; ++k) {
      for (const Run& run : runs) {
        const std::uint8_t* source = channel + run.window + taps[tap];
        std::uint8_t* to = buffer + k * line + run.lane;
        for (Index i = 0; i < run.count; i += copied) std::memcpy(to + i, source + i, copied);
      }
      if (++tap == taps.size()) {
        tap = 0;
        channel += layout_.channel_bytes();
      }
    }
    // Lanes behind the last column are computed and not stored.
    kernels.pack_b({.source = buffer,
                    .lane_stride = 1,
                    .depth_stride = line,
                    .count = kernels.tile_columns,
                    .depth = here,
                    .flip = column_flip(is_signed_),
                    .packed = panel + from * kernels.tile_columns,
                    .sums = part.data()});
    for (std::size_t j = 0; j < part.size(); ++j) sums[j] += part[j];
  }
}

}  // namespace isotrace::backends::cpu
