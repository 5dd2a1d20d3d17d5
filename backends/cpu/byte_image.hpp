// Channels of bytes with their padding around them, laid out so that neighbouring windows read
// neighbouring bytes whatever the stride: each line (the last axis) stands as `stride` phases, the
// positions p, p + stride, p + 2 stride, ... one after the other.
#pragma once

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
  static std::optional<ByteImage> make(std::span<const reference::WindowAxis> axes);

  /// Bytes of one channel; of several, with what may be read behind the last.
  [[nodiscard]] Index channel_bytes() const { return channel_bytes_; }
  [[nodiscard]] Index bytes(Index channels) const { return channels * channel_bytes_ + slack; }
  /// Output positions along the last axis: their windows lie side by side.
  [[nodiscard]] Index line_outputs() const { return axes_.back().output; }
  /// Where the taps of a window over several channels lie, from its first, row-major.
  [[nodiscard]] std::vector<Index> offsets(Index channels) const;
  /// Where the window with this number (output positions, row-major) begins.
  [[nodiscard]] Index window(Index number) const;

  /// Copies channels in; `value` is what stands around them.
  void fill(const std::uint8_t* image, Index channels, std::uint8_t value,
            std::uint8_t* padded) const;

 private:
  static constexpr Index slack = 64;

  ByteImage() = default;
  void fill_from(std::size_t axis, const std::uint8_t* source, std::uint8_t* to) const;
  void fill_line(const std::uint8_t* source, std::uint8_t* line) const;

  std::span<const reference::WindowAxis> axes_;
  std::vector<Index> extents_;  // per axis: positions that windows touch
  std::vector<Index> inside_;   // those of them that the image has
  std::vector<Index> strides_;  // per axis but the last: bytes from one position to the next
  std::vector<Index> sources_;  // the same in the image
  Index phase_bytes_ = 0;
  Index line_bytes_ = 0;
  Index channel_bytes_ = 0;
  Index image_bytes_ = 1;
  std::vector<Index> taps_;
};

/// The columns of a convolution: row k is a tap (channel, then kernel position), column j an output
/// position.
class ByteImageColumns final : public IntegerColumns {
 public:
  /// `padded` are the channels of one group in the given layout; both outlive this object. Columns
  /// are numbered from output position `first` on.
  ByteImageColumns(const std::uint8_t* padded, const ByteImage& layout, Index channels,
                   bool is_signed, Index first)
      : padded_(padded),
        layout_(layout),
        offsets_(layout.offsets(channels)),
        is_signed_(is_signed),
        first_(first) {}

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
};

}  // namespace isotrace::backends::cpu
