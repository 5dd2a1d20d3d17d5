// The discrete Fourier transform of one row, in the order that its definition fixes (docs/spec/
// signal.md): a contraction of the row with a matrix of correctly rounded cosines and sines.
#pragma once

#include <isotrace/reference/math/turn.hpp>
#include <isotrace/reference/segmented_sum.hpp>

namespace isotrace::reference {

template <class Number>
class Fourier {
 public:
  /// `length` input positions, the first `bins` frequencies.
  Fourier(std::size_t length, std::size_t bins, bool inverse, std::int64_t k_segment)
      : bins_(bins), inverse_(inverse), k_segment_(k_segment) {
    for (std::size_t i = 0; i < length; ++i) {
      const Turn angle = turn(static_cast<std::int64_t>(i), static_cast<std::int64_t>(length));
      const auto sine = round_turn<Number>(angle.sine);
      cosines_.push_back(round_turn<Number>(angle.cosine));
      sines_.push_back(inverse ? -sine : sine);
    }
  }

  /// Real parts of all bins, then imaginary parts. The row has `length` real numbers, or as many
  /// pairs of real and imaginary part.
  std::vector<Number> transform(std::span<const Number> row, bool is_complex) const {
    const std::size_t length = cosines_.size();
    SegmentedSums<Number> sums(2 * bins_, k_segment_);
    std::vector<Number> factors(2 * bins_);
    const std::size_t parts = is_complex ? 2 : 1;
    for (std::size_t i = 0; i < length * parts; ++i) {
      const bool imaginary = is_complex && i % 2 == 1;
      for (std::size_t bin = 0, at = 0; bin < bins_; ++bin, at = (at + i / parts) % length) {
        factors[bin] = imaginary ? sines_[at] : cosines_[at];
        factors[bins_ + bin] = imaginary ? cosines_[at] : -sines_[at];
      }
      sums.add_products(0, row[i], factors);
      sums.next_k();
    }
    std::vector<Number> result(sums.finish().begin(), sums.finish().end());
    if (inverse_) {
      for (Number& value : result) value = value / static_cast<Number>(length);
    }
    return result;
  }

 private:
  std::size_t bins_;
  bool inverse_;
  std::int64_t k_segment_;
  std::vector<Number> cosines_;
  std::vector<Number> sines_;
};

}  // namespace isotrace::reference
