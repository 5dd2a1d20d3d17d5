#include <isotrace/backends/cpu/byte_image.hpp>

#include <emmintrin.h>

#include <algorithm>
#include <cstring>

namespace isotrace::backends::cpu {
namespace {

constexpr Index taps_max = 1 << 12;
constexpr Index growth_max = 4;      // of the image by its padding
constexpr Index small_image = 4096;  // may grow as it likes up to here
constexpr Index columns_max = 64;    // of a panel
constexpr Index copied = 16;         // bytes at a time; what is too many is overwritten or not read

/// Positions from the beginning of the first window to the end of the last.
Index extent_of(const reference::WindowAxis& axis) {
  return (axis.output - 1) * axis.stride + axis.extent();
}

/// Bytes in turns to `first` and `second`.
void split_pairs(const std::uint8_t* from, Index count, std::uint8_t* first, std::uint8_t* second) {
  const __m128i low = _mm_set1_epi16(0xFF);
  const auto store = [](std::uint8_t* to, __m128i a, __m128i b) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_packus_epi16(a, b));
  };
  const auto split = [&](Index at) {
    const __m128i a = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
    const __m128i b = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at + 16));
    store(first + at / 2, _mm_and_si128(a, low), _mm_and_si128(b, low));
    store(second + at / 2, _mm_srli_epi16(a, 8), _mm_srli_epi16(b, 8));
  };
  Index at = 0;
  for (; at + 32 <= count; at += 32) split(at);
  if (at != 0 && at + 1 < count) {  // the last 32, some of them once more
    at = count / 2 * 2;
    split(at - 32);
  }
  for (; at < count; ++at) (at % 2 == 0 ? first : second)[at / 2] = from[at];
}

}  // namespace

std::optional<ByteImage> ByteImage::make(std::span<const reference::WindowAxis> axes, Lines lines) {
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
    layout.inside_.push_back(std::clamp<Index>(extent_of(axis) - axis.pad_begin, 0, axis.input));
    positions *= extent_of(axis);
    taps *= axis.kernel;
  }
  layout.find_strides(lines);
  layout.taps_ = {0};
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    std::vector<Index> finer;
    for (const Index tap : layout.taps_) {
      for (Index k = 0; k < axes[axis].kernel; ++k) {
        finer.push_back(tap + layout.steps_[axis].place_of(k * axes[axis].dilation));
      }
    }
    layout.taps_ = std::move(finer);
  }
  return layout;
}

void ByteImage::find_strides(Lines lines) {
  const std::size_t rank = axes_.size();
  steps_.resize(rank);
  Index plane = 1;
  for (std::size_t axis = rank; axis-- > 0;) {
    // One window has no neighbours.
    const bool whole = lines == Lines::whole || axes_[axis].output == 1;
    steps_[axis].phases = whole ? 1 : axes_[axis].stride;
    steps_[axis].stride = plane;
    plane *= (extents_[axis] + steps_[axis].phases - 1) / steps_[axis].phases;
  }
  channel_bytes_ = plane;
  sources_.resize(rank);
  Index source = 1;
  for (std::size_t axis = rank; axis-- > 0;) {
    steps_[axis].phase_stride = channel_bytes_;
    channel_bytes_ *= steps_[axis].phases;
    sources_[axis] = source;
    source *= axes_[axis].input;
  }
}

Index ByteImage::window(Index number) const {
  Index offset = 0;
  for (std::size_t axis = axes_.size(); axis-- > 0;) {
    offset += steps_[axis].place_of(number % axes_[axis].output * axes_[axis].stride);
    number /= axes_[axis].output;
  }
  return offset;
}

std::vector<Index> ByteImage::offsets(Index channels) const {
  std::vector<Index> all;
  all.reserve(static_cast<std::size_t>(channels) * taps_.size());
  for (Index channel = 0; channel < channels; ++channel) {
    for (const Index tap : taps_) all.push_back(channel * channel_bytes_ + tap);
  }
  return all;
}

void ByteImage::fill_line(const std::uint8_t* source, std::uint8_t* line) const {
  const Index pad = axes_.back().pad_begin;
  const Index count = inside_.back();
  const Step& step = steps_.back();
  if (step.phases == 1) return copy_bytes(source, count, line + pad);
  if (step.phases == 2) {
    // An even padding puts the first byte into phase 0.
    std::uint8_t* first = line + step.place_of(pad);
    std::uint8_t* second = line + step.place_of(pad + 1);
    split_pairs(source, count, first, second);
    return;
  }
  for (Index at = 0; at < std::min(count, step.phases); ++at) {
    std::uint8_t* to = line + step.place_of(pad + at);
    for (Index i = at; i < count; i += step.phases) *to++ = source[i];
  }
}

void ByteImage::fill_from(std::size_t axis, const std::uint8_t* source, std::uint8_t* to) const {
  if (axis + 1 == axes_.size()) return fill_line(source, to);
  if (axis + 2 == axes_.size() && steps_.back().phases == 1) {  // short lines, without calls
    std::uint8_t* line = to + axes_.back().pad_begin;
    for (Index i = 0; i < inside_[axis]; ++i) {
      copy_bytes(source + i * sources_[axis], inside_.back(),
                 line + steps_[axis].place_of(axes_[axis].pad_begin + i));
    }
    return;
  }
  for (Index i = 0; i < inside_[axis]; ++i) {
    fill_from(axis + 1, source + i * sources_[axis],
              to + steps_[axis].place_of(axes_[axis].pad_begin + i));
  }
}

void ByteImage::fill(const std::uint8_t* image, Index channels, std::uint8_t value,
                     std::uint8_t* padded) const {
  std::fill_n(padded, bytes(channels), value);
  for (Index channel = 0; channel < channels; ++channel) {
    fill_from(0, image + channel * image_bytes_, padded + channel * channel_bytes_);
  }
}

void ByteImageColumns::pack(const IntegerKernels& kernels, Index first, Index count,
                            std::byte* panel, std::int32_t* sums) const {
  ISOTRACE_CHECK(kernels.tile_columns <= columns_max, kernels.tile_columns);
  // Output positions that differ on the last axis only have their windows side by side.
  Run runs[columns_max];
  std::size_t run_count = 0;
  const Index line = layout_.line_outputs();
  if (across_lines_) runs[run_count++] = {0, count, first_ + first};
  for (Index lane = across_lines_ ? count : 0; lane < count;) {
    const Index column = first_ + first + lane;
    const Index length = std::min(count - lane, line - column % line);
    runs[run_count++] = {lane, length, layout_.window(column)};
    lane += length;
  }
  if (run_count != 1) return pack_runs(kernels, std::span(runs, run_count), panel, sums);
  kernels.pack_lines({.data = padded_ + runs[0].window,
                      .offsets = offsets_.data(),
                      .depth = std::ssize(offsets_),
                      .flip = column_flip(is_signed_),
                      .packed = panel,
                      .sums = sums});
}

/// Through a buffer in which the runs follow each other. Lanes behind the last column are computed
/// and not stored.
void ByteImageColumns::pack_runs(const IntegerKernels& kernels, std::span<const Run> runs,
                                 std::byte* panel, std::int32_t* sums) const {
  constexpr Index lines = 64;  // of k at a time: they stay near until they are interleaved
  constexpr Index line = columns_max + copied;
  ISOTRACE_CHECK(lines % kernels.group_depth == 0, kernels.group_depth);
  std::uint8_t buffer[lines * line] = {};
  Index offsets[lines];
  for (Index k = 0; k < lines; ++k) offsets[k] = k * line;
  std::int32_t part[columns_max];
  std::fill_n(sums, kernels.tile_columns, 0);
  for (Index from = 0; from < std::ssize(offsets_); from += lines) {
    const Index here = std::min(lines, std::ssize(offsets_) - from);
    for (Index k = 0; k < here; ++k) {
      const std::uint8_t* source = padded_ + offsets_[static_cast<std::size_t>(from + k)];
      for (const Run& run : runs) {
        std::uint8_t* to = buffer + k * line + run.lane;
        for (Index i = 0; i < run.count; i += copied) {
          std::memcpy(to + i, source + run.window + i, copied);
        }
      }
    }
    kernels.pack_lines({.data = buffer,
                        .offsets = offsets,
                        .depth = here,
                        .flip = column_flip(is_signed_),
                        .packed = panel + from * kernels.tile_columns,
                        .sums = part});
    for (Index j = 0; j < kernels.tile_columns; ++j) sums[j] += part[j];
  }
}

}  // namespace isotrace::backends::cpu
