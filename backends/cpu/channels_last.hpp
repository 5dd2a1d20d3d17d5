// An image of bytes with its padding around it and the channels of a position side by side: every
// tap of a window is then a run of bytes, and windows along a line lie evenly apart.
#pragma once

#include <span>
#include <vector>

#include <isotrace/backends/cpu/integer_kernels.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {

class ChannelsLast {
 public:
  /// One or two axes, whose extents with padding ByteImage::make has found to be no more than a
  /// few times those of the image.
  ChannelsLast(std::span<const reference::WindowAxis> axes, Index channels);

  /// Bytes that the layout takes.
  [[nodiscard]] Index bytes() const { return lines_ * line_bytes_; }
  /// Bytes of k that a tap has: the channels, and what makes groups of four of them.
  [[nodiscard]] Index depth() const { return depth_; }
  [[nodiscard]] Index taps() const { return vertical_.kernel * horizontal_.kernel; }
  [[nodiscard]] Index tap_offset(Index tap) const;

  /// Lines of output positions, and how many positions each has.
  [[nodiscard]] Index output_lines() const { return vertical_.output; }
  [[nodiscard]] Index line_outputs() const { return horizontal_.output; }
  /// Where the window of an output position begins; the next of its line is `window_stride` on.
  [[nodiscard]] Index window(Index line, Index position) const {
    return line * vertical_.stride * line_bytes_ + position * window_stride();
  }
  [[nodiscard]] Index window_stride() const { return horizontal_.stride * depth_; }

  [[nodiscard]] Index lines() const { return lines_; }
  [[nodiscard]] Index line_bytes() const { return line_bytes_; }
  /// The lines that windows of an output line read: so many from its own first on.
  [[nodiscard]] Index first_line(Index line) const { return line * vertical_.stride; }
  [[nodiscard]] Index window_lines() const { return vertical_.extent(); }
  /// Copies lines [from, to) of the layout, each byte flipped: `image` is the channels one after
  /// the other, and `value`, flipped as well, what stands around them.
  void fill(const std::uint8_t* image, std::uint8_t value, std::uint8_t flip, Index from, Index to,
            std::uint8_t* padded) const;

 private:
  void choose_lines();
  [[nodiscard]] bool is_read(Index line) const;

  reference::WindowAxis vertical_;
  reference::WindowAxis horizontal_;
  Index channels_;
  Index depth_;
  Index lines_;
  Index positions_;  // of a line, with padding
  Index line_bytes_;
};

}  // namespace isotrace::backends::cpu
