// Channels of bytes with their padding around them, laid out so that neighbouring windows read
// neighbouring bytes whatever the stride: the positions p, p + stride, p + 2 stride, ... of each
// axis are together, and so a channel is a few planes, one for each choice of a p per axis. Or
// lines stand as they are.
#pragma once

#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <isotrace/backends/cpu/integer_product.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {

class ByteImage {
 public:
  /// Nothing if the padding would make far more of the image than it is, or with huge kernels.
  /// `axes` (at least one) must outlive the object.
  enum class Lines : std::uint8_t { in_planes, whole };
  static std::optional<ByteImage> make(std::span<const reference::WindowAxis> axes,
                                       Lines lines = Lines::in_planes);

  /// Bytes of one channel; of several, with what may be read behind the last.
  [[nodiscard]] Index channel_bytes() const { return channel_bytes_; }
  [[nodiscard]] Index bytes(Index channels) const { return channels * channel_bytes_ + slack; }
  /// Output positions along the last axis: their windows lie side by side, or in whole lines
  /// `stride` bytes apart.
  [[nodiscard]] Index line_outputs() const { return axes_.back().output; }
  /// Where the taps of a window over several channels lie, from its first, row-major.
  [[nodiscard]] std::vector<Index> offsets(Index channels) const;
  /// Where the window with this number (output positions, row-major) begins. In planes these are
  /// places in one plane, of which there are so many up to the last; those between the lines of
  /// windows are windows, too, though nobody's.
  [[nodiscard]] Index window(Index number) const;
  [[nodiscard]] Index places(Index windows) const { return window(windows - 1) + 1; }

  /// Copies channels in; `value` is what stands around them.
  void fill(const std::uint8_t* image, Index channels, std::uint8_t value,
            std::uint8_t* padded) const;

 private:
  static constexpr Index slack = 64;

  /// How positions along an axis become places.
  struct Step {
    Index phases = 1;
    Index phase_stride = 0;  ///< bytes from one phase to the next
    Index stride = 1;        ///< bytes from a position to the next of its phase

    [[nodiscard]] Index place_of(Index position) const {
      if (phases == 1) return position * stride;  // lines are many, and division is slow
      return position % phases * phase_stride + position / phases * stride;
    }
  };

  ByteImage() = default;
  void find_strides(Lines lines);
  void fill_from(std::size_t axis, const std::uint8_t* source, std::uint8_t* to) const;
  void fill_line(const std::uint8_t* source, std::uint8_t* line) const;

  std::span<const reference::WindowAxis> axes_;
  std::vector<Index> extents_;  // per axis: positions that windows touch
  std::vector<Index> inside_;   // those of them that the image has
  std::vector<Step> steps_;     // per axis
  std::vector<Index> sources_;  // per axis: bytes of the image from one position to the next
  Index channel_bytes_ = 0;
  Index image_bytes_ = 1;
  std::vector<Index> taps_;
};

/// For short runs, which a call would make slow: in pieces that overlap.
inline void copy_bytes(const std::uint8_t* from, Index count, std::uint8_t* to) {
  const auto copy = [&]<std::size_t size>(Index at, std::integral_constant<std::size_t, size>) {
    std::memcpy(to + at, from + at, size);
  };
  constexpr std::integral_constant<std::size_t, 16> sixteen;
  constexpr std::integral_constant<std::size_t, 8> eight;
  constexpr std::integral_constant<std::size_t, 4> four;
  if (count >= 16) {
    for (Index at = 0; at + 16 < count; at += 16) copy(at, sixteen);
    copy(count - 16, sixteen);
  } else if (count >= 8) {
    copy(0, eight);
    copy(count - 8, eight);
  } else if (count >= 4) {
    copy(0, four);
    copy(count - 4, four);
  } else {
    for (Index at = 0; at < count; ++at) to[at] = from[at];
  }
}

/// The columns of a convolution: row k is a tap (channel, then kernel position), column j an output
/// position.
class ByteImageColumns final : public IntegerColumns {
 public:
  /// `padded` are the channels of one group in the given layout; both outlive this object. Columns
  /// are numbered from output position `first` on, or from the place `first` on all places.
  enum class Numbers : std::uint8_t { outputs, places };
  ByteImageColumns(const std::uint8_t* padded, const ByteImage& layout, Index channels,
                   bool is_signed, Index first, Numbers numbers)
      : padded_(padded),
        layout_(layout),
        offsets_(layout.offsets(channels)),
        is_signed_(is_signed),
        first_(first),
        across_lines_(numbers == Numbers::places) {}

  void pack(const IntegerKernels& kernels, Index first, Index count, std::byte* panel,
            std::int32_t* sums) const override;

 private:
  struct Run {
    Index lane;
    Index count;
    Index window;
  };
  void pack_runs(const IntegerKernels& kernels, std::span<const Run> runs, std::byte* panel,
                 std::int32_t* sums) const;

  const std::uint8_t* padded_;
  const ByteImage& layout_;
  std::vector<Index> offsets_;  // of each k
  bool is_signed_;
  Index first_;
  bool across_lines_;
};

}  // namespace isotrace::backends::cpu
