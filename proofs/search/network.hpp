// The network as the search sees it: a chain of affine layers, each optionally followed by a ReLU
// or a curve on some neurons, with the float error of every layer as a count of roundings. Neurons
// that later operations need are handed on from layer to layer. Untrusted: the checker lowers the
// program again with its own code.
#pragma once

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

/// y = W x + b, then the activation where activated_on. A diagonal layer scales element by element.
struct Layer {
  enum class Kind { dense, diagonal };

  Kind kind = Kind::dense;
  std::size_t in = 0;
  std::size_t out = 0;
  std::vector<double> weights;     ///< dense: [out][padded(in)]; diagonal: [padded(out)]
  std::vector<double> transposed;  ///< dense: [in][padded(out)], for forward passes
  std::vector<double> absolute;    ///< dense: |weights|, same layout
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
};

/// Inputs that are integers of one type.
struct WholeInputs {
  std::size_t first = 0;
  std::size_t count = 0;
  double least = 0;
  double most = 0;
};

struct Network {
  std::size_t inputs = 0;
  std::vector<WholeInputs> whole;             ///< the other inputs are binary32 numbers
  bool real = false;                          ///< level R: nothing rounds
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
