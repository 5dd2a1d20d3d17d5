// The one file of the checker that computes while the processor rounds to nearest.
#include "executed_sums.hpp"

#include <algorithm>
#include <cmath>

#include <isotrace/core/float_environment.hpp>

namespace isotrace::proofs {
namespace {

/// The binary32 numbers next to the ends of each range, inside it.
struct Floats {
  std::vector<float> least;
  std::vector<float> most;
  bool empty = false;  ///< some range has none

  explicit Floats(const Bounds& bounds) {
    for (std::size_t i = 0; i < bounds.lower.size(); ++i) {
      auto low = static_cast<float>(bounds.lower[i]);
      auto high = static_cast<float>(bounds.upper[i]);
      if (low < bounds.lower[i]) low = std::nextafter(low, HUGE_VALF);
      if (high > bounds.upper[i]) high = std::nextafter(high, -HUGE_VALF);
      least.push_back(low);
      most.push_back(high);
      empty = empty || low > high;
    }
  }
};

/// A weight that stands in a row.
struct Term {
  std::uint32_t column;
  float weight;
};

void read_row(const Matrix& matrix, std::size_t row, std::vector<Term>& terms) {
  terms.clear();
  if (matrix.is_dense()) {
    const double* weights = matrix.dense_row(row);
    for (std::uint32_t j = 0; j < matrix.columns; ++j) {
      if (weights[j] != 0) terms.push_back({j, static_cast<float>(weights[j])});
    }
    return;
  }
  for (std::size_t at = matrix.row_start[row]; at < matrix.row_start[row + 1]; ++at) {
    terms.push_back({matrix.column[at], static_cast<float>(matrix.lower[at])});
  }
}

/// The row's result where positive weights meet `with` and negative ones `against`.
float execute(const std::vector<Term>& terms, const std::uint32_t* first, std::size_t segments,
              float bias, const std::vector<float>& with, const std::vector<float>& against) {
  float sum = 0;
  std::size_t next = 0;
  for (std::size_t s = 0; s < segments; ++s) {
    float part = 0;
    for (; next < terms.size() && (s + 1 == segments || terms[next].column < first[s + 1]);
         ++next) {
      const Term& term = terms[next];
      part = std::fma(term.weight, (term.weight > 0 ? with : against)[term.column], part);
    }
    sum += part;
  }
  return sum + bias;
}

}  // namespace

void execute_sums(const AffineLayer& layer, const Bounds& input, Bounds& output) {
  const core::FloatEnvironment nearest;
  const Floats floats(input);
  if (floats.empty) return;
  std::vector<Term> terms;
  for (std::size_t row = 0; row < layer.rounded; ++row) {
    read_row(layer.weights, row, terms);
    const std::uint32_t* first = layer.segment_first.data() + row * layer.segments;
    const auto bias = static_cast<float>(layer.bias[row]);
    const float least = execute(terms, first, layer.segments, bias, floats.least, floats.most);
    const float most = execute(terms, first, layer.segments, bias, floats.most, floats.least);
    output.lower[row] = std::max(output.lower[row], static_cast<double>(least));
    output.upper[row] = std::min(output.upper[row], static_cast<double>(most));
  }
}

}  // namespace isotrace::proofs
