#include <isotrace/backends/cpu/image_columns.hpp>

#include <algorithm>

namespace isotrace::backends::cpu {

ImageColumns::ImageColumns(const float* image, std::span<const reference::WindowAxis> axes)
    : image_(image), axes_(axes), channel_size_(1), tap_count_(1) {
  for (const reference::WindowAxis& axis : axes_) {
    channel_size_ *= axis.input;
    tap_count_ *= axis.kernel;
  }
  std::vector<Index> position(axes_.size(), 0);
  for (Index tap = 0; tap < tap_count_; ++tap) {
    for (std::size_t axis = 0; axis < axes_.size(); ++axis) {
      taps_.push_back(position[axis] * axes_[axis].dilation);
    }
    for (std::size_t axis = axes_.size(); axis-- > 0;) {
      if (++position[axis] < axes_[axis].kernel) break;
      position[axis] = 0;
    }
  }
}

std::vector<ImageColumns::Run> ImageColumns::find_runs(Index column_from, Index count) const {
  std::vector<Run> runs;
  const Index line = axes_.back().output;
  for (Index lane = 0; lane < count;) {
    const Index column = column_from + lane;
    Run run{lane, std::min(count - lane, line - column % line), column % line, {}};
    run.outer.resize(axes_.size() - 1);
    Index rest = column / line;
    for (std::size_t axis = axes_.size() - 1; axis-- > 0;) {
      const reference::WindowAxis& window = axes_[axis];
      run.outer[axis] = rest % window.output * window.stride - window.pad_begin;
      rest /= window.output;
    }
    lane += run.count;
    runs.push_back(std::move(run));
  }
  return runs;
}

/// The line of the image that a tap reads for this run, or nullptr if it lies in the padding.
const float* ImageColumns::find_line(const Run& run, const Index* tap, Index channel) const {
  Index offset = 0;
  for (std::size_t axis = 0; axis + 1 < axes_.size(); ++axis) {
    const Index at = run.outer[axis] + tap[axis];
    if (at < 0 || at >= axes_[axis].input) return nullptr;
    offset = offset * axes_[axis].input + at;
  }
  return image_ + channel * channel_size_ + offset * axes_.back().input;
}

void ImageColumns::pack_run(const Run& run, const float* line, Index tap, float* row) const {
  const Index stride = axes_.back().stride;
  const Index first = run.last * stride - axes_.back().pad_begin + tap;
  // Lanes [from, to) read inside the line: 0 <= first + lane * stride < size.
  const Index size = axes_.back().input;
  const Index from = std::min(run.count, first >= 0 ? 0 : (-first + stride - 1) / stride);
  const Index to =
      std::max(from, first >= size ? 0 : std::min(run.count, (size - first + stride - 1) / stride));
  std::fill(row, row + from, 0.0F);
  if (stride == 1) {
    std::copy(line + first + from, line + first + to, row + from);
  } else {
    for (Index lane = from; lane < to; ++lane) row[lane] = line[first + lane * stride];
  }
  std::fill(row + to, row + run.count, 0.0F);
}

void ImageColumns::pack(const Kernels&, Index depth_from, Index depth, Index column_from,
                        Index count, Index width, float* packed) const {
  for (Index j = 0; j < count; j += width) {
    pack_panel(depth_from, depth, column_from + j, std::min(width, count - j), width,
               packed + j * depth);
  }
}

void ImageColumns::pack_panel(Index depth_from, Index depth, Index column_from, Index count,
                              Index width, float* packed) const {
  const std::vector<Run> runs = find_runs(column_from, count);
  Index channel = depth_from / tap_count_;
  Index tap = depth_from % tap_count_;
  for (Index k = 0; k < depth; ++k) {
    const Index* offsets = taps_.data() + static_cast<std::size_t>(tap) * axes_.size();
    float* row = packed + k * width;
    for (const Run& run : runs) {
      const float* line = find_line(run, offsets, channel);
      if (line == nullptr) {
        std::fill(row + run.lane, row + run.lane + run.count, 0.0F);
      } else {
        pack_run(run, line, offsets[axes_.size() - 1], row + run.lane);
      }
    }
    std::fill(row + count, row + width, 0.0F);
    if (++tap == tap_count_) {
      tap = 0;
      ++channel;
    }
  }
}

}  // namespace isotrace::backends::cpu
