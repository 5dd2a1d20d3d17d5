// Loops over a shape whose operands have strides of their own (broadcasting, slices,
// transpositions), brought to as few axes as possible: the last axis is what kernels run along,
// the others are counted. Work is cut into pieces that a thread pool can take.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include <isotrace/backends/cpu/gemm_kernels.hpp>
#include <isotrace/backends/cpu/thread_pool.hpp>

namespace isotrace::backends::cpu {

/// Elements that are worth a task of their own.
inline constexpr Index piece_elements = 1 << 15;

template <std::size_t Operands>
class StridedLoop {
 public:
  using Strides = std::array<Index, Operands>;

  /// strides[operand][axis], in elements. `weight`: how many elements each of the loop stands for.
  StridedLoop(std::span<const std::int64_t> shape,
              const std::array<std::vector<std::int64_t>, Operands>& strides, Index weight = 1)
      : piece_(std::max<Index>(1, piece_elements / weight)) {
    for (std::size_t axis = 0; axis < shape.size(); ++axis) {
      if (shape[axis] == 1) continue;
      Strides of_axis;
      for (std::size_t i = 0; i < Operands; ++i) of_axis[i] = strides[i][axis];
      add_axis(shape[axis], of_axis);
    }
    if (sizes_.empty()) add_axis(1, {});
    for (std::size_t axis = 0; axis + 1 < sizes_.size(); ++axis) outer_ *= sizes_[axis];
  }

  /// Elements along the last axis, and how far apart they are for each operand.
  [[nodiscard]] Index inner() const { return sizes_.back(); }
  [[nodiscard]] const Strides& inner_strides() const { return strides_.back(); }
  /// All axes that are left, the last one included.
  [[nodiscard]] const std::vector<Index>& sizes() const { return sizes_; }
  [[nodiscard]] const std::vector<Strides>& strides() const { return strides_; }

  /// visit(position, offsets, count) for runs along the last axis that together are everything:
  /// `position` in the row-major order of the shape, `offsets` of the operands. No run is empty.
  template <class Visit>
  void run(ThreadPool& pool, Visit visit) const {
    if (outer_ == 0 || inner() == 0) return;
    const Index total = outer_ * inner();
    // Whole rows if they are short, parts of rows if they are long.
    const Index rows = std::max<Index>(1, piece_ / inner());
    const Index part = std::min(inner(), piece_);
    if (total <= 2 * piece_) {
      run_rows(0, outer_, 0, inner(), visit);
    } else if (rows > 1) {
      pool.run(static_cast<std::size_t>((outer_ + rows - 1) / rows), [&](std::size_t i, unsigned) {
        const Index from = static_cast<Index>(i) * rows;
        run_rows(from, std::min(rows, outer_ - from), 0, inner(), visit);
      });
    } else {
      const Index parts = (inner() + part - 1) / part;
      pool.run(static_cast<std::size_t>(outer_ * parts), [&](std::size_t i, unsigned) {
        const Index from = static_cast<Index>(i) % parts * part;
        run_rows(static_cast<Index>(i) / parts, 1, from, std::min(part, inner() - from), visit);
      });
    }
  }

 private:
  /// Joins the axis with the one before it if every operand walks them as one.
  void add_axis(Index size, const Strides& strides) {
    if (!sizes_.empty()) {
      bool joined = true;
      for (std::size_t i = 0; i < Operands; ++i) {
        joined = joined && strides_.back()[i] == strides[i] * size;
      }
      if (joined) {
        sizes_.back() *= size;
        strides_.back() = strides;
        return;
      }
    }
    sizes_.push_back(size);
    strides_.push_back(strides);
  }

  template <class Visit>
  void run_rows(Index row, Index rows, Index from, Index count, Visit& visit) const {
    std::vector<Index> position(sizes_.size() - 1);
    Strides offsets;
    for (std::size_t i = 0; i < Operands; ++i) offsets[i] = from * inner_strides()[i];
    Index rest = row;
    for (std::size_t axis = position.size(); axis-- > 0;) {
      position[axis] = rest % sizes_[axis];
      rest /= sizes_[axis];
      for (std::size_t i = 0; i < Operands; ++i) offsets[i] += position[axis] * strides_[axis][i];
    }
    for (Index end = row + rows; row < end; ++row) {
      visit(row * inner() + from, offsets, count);
      for (std::size_t axis = position.size(); axis-- > 0;) {
        for (std::size_t i = 0; i < Operands; ++i) offsets[i] += strides_[axis][i];
        if (++position[axis] < sizes_[axis]) break;
        for (std::size_t i = 0; i < Operands; ++i) {
          offsets[i] -= strides_[axis][i] * sizes_[axis];
        }
        position[axis] = 0;
      }
    }
  }

  std::vector<Index> sizes_;
  std::vector<Strides> strides_;
  Index outer_ = 1;
  Index piece_;
};

/// f(from, count) over [0, count) in pieces of about `size`: as many as go round, and all of about
/// the same size.
template <class F>
void run_pieces(ThreadPool& pool, Index count, Index size, F f) {
  if (count <= 0) return;
  const auto threads = static_cast<Index>(pool.threads());
  const Index least = (count + size - 1) / size;
  const Index pieces = least == 1 ? 1 : (least + threads - 1) / threads * threads;
  const Index unit = size >= 4096 ? 1024 : 1;  // long pieces begin where lines of the cache do
  const Index step = ((count + pieces - 1) / pieces + unit - 1) / unit * unit;
  pool.run(static_cast<std::size_t>((count + step - 1) / step), [&](std::size_t i, unsigned) {
    const Index from = static_cast<Index>(i) * step;
    f(from, std::min(step, count - from));
  });
}

}  // namespace isotrace::backends::cpu
