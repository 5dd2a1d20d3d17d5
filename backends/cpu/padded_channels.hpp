// Channels of an image with their padding around them, so that windows need not look for bounds:
// what pooling and convolution slide over. Any number of axes, at least one.
//
// Along an axis of stride s, positions that differ by a multiple of s lie side by side, and those
// that no tap reads are left out: so the windows of neighbouring outputs begin at neighbouring
// elements whatever the strides are.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <isotrace/backends/cpu/vector_kernels.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {

/// Where everything lies in a padded channel.
class PaddedChannels {
 public:
  /// Nothing if the padding would make far more of the image than it is, or with huge kernels.
  /// `axes` must outlive the object.
  static std::optional<PaddedChannels> make(std::span<const reference::WindowAxis> axes);

  [[nodiscard]] std::span<const reference::WindowAxis> axes() const { return axes_; }
  /// Elements of one padded channel, and of several with what kernels may read behind the last.
  [[nodiscard]] Index size() const { return size_; }
  [[nodiscard]] Index size_of(Index channels) const { return channels * size_ + window_slack; }
  /// Offsets of a window's taps from its first, row-major.
  [[nodiscard]] const std::vector<Index>& taps() const { return taps_; }
  /// Offset at which the window with this number (output positions, row-major) counts its taps.
  [[nodiscard]] Index window(Index number) const;
  /// Elements from one line (the last axis) to the next.
  [[nodiscard]] Index line() const { return extents_.back(); }

  /// Copies channels in; `value` is what stands around them.
  void fill(const float* image, Index channels, float value, const VectorKernels& vectors,
            float* padded) const;
  /// The same for one channel where another one stood: what is around it is there already.
  void refill(const float* image, const VectorKernels& vectors, float* padded) const;

 private:
  PaddedChannels() = default;
  void find_lines();

  std::span<const reference::WindowAxis> axes_;
  std::vector<Index> extents_;  // per axis: positions that stand in a padded channel
  Index size_ = 1;
  Index image_size_ = 1;
  std::vector<Index> taps_;
  std::vector<LinePlace> lines_;  // of the image, that stand in a padded channel
  std::vector<LineSpan> spans_;   // of each of them
};

}  // namespace isotrace::backends::cpu
