// The accumulation of every contraction (docs/numerics.md, "matmul"): per output element, segments
// of k_segment products; inside one, t = fma(a, b, t) from +0 with k ascending; then c = t for the
// first segment and c = c + t for the others. Here for a block of output elements side by side,
// which does not change any of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {

template <class Number>
class SegmentedSums {
 public:
  /// `count` output elements; k_segment is at least 1.
  SegmentedSums(std::size_t count, std::int64_t k_segment)
      : k_segment_(k_segment), segment_(count), totals_(count) {}

  /// Adds weight * values[i] to element first + i, as the product of the current k.
  void add_products(std::size_t first, Number weight, std::span<const Number> values) {
    Number* t = segment_.data() + first;
    for (std::size_t i = 0; i < values.size(); ++i) t[i] = multiply_add(weight, values[i], t[i]);
  }

  /// Goes to the next k; to be called after the products of each k.
  void next_k() {
    if (++in_segment_ == k_segment_) close_segment();
  }

  /// The sums; +0 if there was no k.
  std::span<const Number> finish() {
    if (in_segment_ != 0) close_segment();
    return totals_;
  }

 private:
  void close_segment() {
    for (std::size_t i = 0; i < totals_.size(); ++i) {
      totals_[i] = first_ ? segment_[i] : add(totals_[i], segment_[i]);
    }
    std::fill(segment_.begin(), segment_.end(), Number{0});
    first_ = false;
    in_segment_ = 0;
  }

  std::int64_t k_segment_;
  std::int64_t in_segment_ = 0;
  bool first_ = true;
  std::vector<Number> segment_;
  std::vector<Number> totals_;
};

}  // namespace isotrace::reference
