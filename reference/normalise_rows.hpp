// The step that normalisations over rows share: the mean is taken off and the variance found.
#pragma once

#include <isotrace/reference/reduce.hpp>
#include <isotrace/reference/scalar.hpp>

namespace isotrace::reference {

/// A row without its mean.
template <class Number>
struct CentredRow {
  std::vector<Number> d;
  Number mean;
  Number variance;
};

/// mean = R(x) / n, d = x - mean, variance = R with lane = fma(d, d, lane), / n.
template <class T>
CentredRow<Wide<T>> centre_row(std::span<const std::size_t> offsets, std::span<const T> x) {
  using Number = Wide<T>;
  const auto n = static_cast<Number>(offsets.size());
  CentredRow<Number> row;
  row.d.reserve(offsets.size());
  for (const std::size_t offset : offsets) row.d.push_back(widen(x[offset]));
  row.mean = reduce_sum<Number>(row.d) / n;
  for (Number& value : row.d) value -= row.mean;
  const auto squared = [&d = row.d](Number lane, std::size_t i) {
    return std::fma(d[i], d[i], lane);
  };
  row.variance = reduce_with<Number>(row.d.size(), squared) / n;
  return row;
}

/// 1 / sqrt(variance + epsilon).
template <class Number>
Number inverse_deviation(Number variance, Number epsilon) {
  return Number{1} / std::sqrt(variance + epsilon);
}

}  // namespace isotrace::reference
