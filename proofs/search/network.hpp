// The network as the search sees it: a chain of affine layers, each optionally followed by a ReLU
// or a curve on some neurons, with the float error of every layer as a count of roundings. Neurons
// that later operations need are handed on from layer to layer. Untrusted: the checker lowers the
// program again with its own code.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <isotrace/proofs/search/curves.hpp>

namespace isotrace::proofs::search {

/// Row lengths are padded to whole vectors of doubles; the padding is zero.
inline constexpr std::size_t lane_count = 8;
inline std::size_t padded(std::size_t size) {
  return (size + lane_count - 1) / lane_count * lane_count;
}

/// The weights of a wide layer in which few stand (a convolution, a pool), row by row.
struct SparseRows {
  std::vector<std::size_t> row_start;  ///< [out + 1]
  std::vector<std::uint32_t> columns;  ///< ascending in each row
  std::vector<double> weights;
};

/// y = W x + b, then the activation where activated_on. A diagonal layer scales element by element.
struct Layer {
  enum class Kind { dense, sparse, diagonal };

  Kind kind = Kind::dense;
  std::size_t in = 0;
  std::size_t out = 0;
  std::vector<double> weights;     ///< dense: [out][padded(in)]; diagonal: [padded(out)]
  std::vector<double> transposed;  ///< dense: [in][padded(out)], for forward passes
  std::vector<double> absolute;    ///< dense: |weights|, same layout
  SparseRows sparse;               ///< sparse
  std::vector<double> bias;        ///< [padded(out)]
  /// Roundings on the longest path from an operand to the result; 0: the layer is exact.
  std::size_t roundings = 0;
  bool whole = false;                   ///< results are integers: up to 2^24 they do not round
  std::vector<std::uint8_t> handed_on;  ///< [out]: 1 where the layer only hands a neuron on
  /// Level E: the sums are those of `isonum-1`, in the order of the neurons before, in segments
  /// whose first neurons stand here result by result; then the bias. Empty: not known, or not
  /// needed.
  std::vector<std::uint32_t> segments;
  bool activated = false;
  Activation activation = Activation::relu;
  std::vector<std::uint8_t> activated_on;  ///< activated: [padded(out)], 1 where it applies
  std::vector<std::uint32_t> relu_order;   ///< relu: neurons in the order of the program's elements

  [[nodiscard]] const double* row(std::size_t output) const {
    return weights.data() + output * padded(in);
  }

  /// visit(input, weight) for the weights of a result, in ascending order; zeros may be among them.
  template <class Visit>
  void for_each_weight(std::size_t output, const Visit& visit) const {
    switch (kind) {
      case Kind::diagonal: visit(output, weights[output]); break;
      case Kind::dense:
        for (std::size_t i = 0; i < in; ++i) visit(i, row(output)[i]);
        break;
      case Kind::sparse:
        for (std::size_t q = sparse.row_start[output]; q < sparse.row_start[output + 1]; ++q) {
          visit(std::size_t{sparse.columns[q]}, sparse.weights[q]);
        }
        break;
    }
  }
};

/// Inputs that are integers of one type.
struct WholeInputs {
  std::size_t first = 0;
  std::size_t count = 0;
  double least = 0;
  double most = 0;
};

/// y = W x + b, each sum in ascending order; four rows at a time, which wait for each other less.
template <class Number>
void multiply(const SparseRows& rows, const Number* weights, const Number* bias, const Number* x,
              Number* y, std::size_t out) {
  for (std::size_t first = 0; first < out; first += 4) {
    const std::size_t count = out - first < 4 ? out - first : 4;
    const std::size_t* start = rows.row_start.data() + first;
    std::size_t common = start[1] - start[0];
    Number sums[4] = {};
    for (std::size_t n = 1; n < count; ++n) common = std::min(common, start[n + 1] - start[n]);
    if (count < 4) common = 0;
    for (std::size_t q = 0; q < common; ++q) {
      for (std::size_t n = 0; n < 4; ++n) {
        sums[n] += x[rows.columns[start[n] + q]] * weights[start[n] + q];
      }
    }
    for (std::size_t n = 0; n < count; ++n) {
      for (std::size_t q = start[n] + common; q < start[n + 1]; ++q) {
        sums[n] += x[rows.columns[q]] * weights[q];
      }
      y[first + n] = sums[n] + bias[first + n];
    }
  }
}

struct Network {
  std::size_t inputs = 0;
  std::vector<WholeInputs> whole;             ///< the other inputs are binary32 numbers
  bool real = false;                          ///< level R: nothing rounds
  bool is_distribution = false;               ///< the outputs are one row of a Softmax
  bool order_only = false;                    ///< a Softmax behind the outputs was left out
  std::vector<Layer> layers;                  ///< at least one; layer 0 reads the inputs
  std::vector<std::uint32_t> output_neurons;  ///< Y_j is this neuron of the last layer

  [[nodiscard]] std::size_t outputs() const { return layers.back().out; }
  /// Neurons of the widest layer, inputs included, padded.
  [[nodiscard]] std::size_t widest() const;
  /// The type of an input that is an integer, or null.
  [[nodiscard]] const WholeInputs* find_whole(std::size_t input) const;
};

/// |float result - real result| <= error_scale * (sum |w| H + |b|) + error_floor for any summation
/// order, with or without fma (Higham, Accuracy and Stability, lemma 3.1: gamma_n = n u / (1 - n
/// u); one smallest subnormal per operation for underflow).
struct LayerError {
  double scale = 0;
  double floor = 0;
};
LayerError layer_error(const Layer& layer);

}  // namespace isotrace::proofs::search
