// What a program means to the checker: a chain of affine layers and activations (ReLU, the curves
// of curve_rule.hpp, and rounding to integers, round_rule.hpp) over one flat vector, in which all
// values of the program stand that are still needed. A layer computes its first results and hands
// the others on as they are. Trusted base. Each float operation stays a layer of its own, because
// each one rounds.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace isotrace::proofs {

/// Columns of dense rows are padded with zeros to a multiple of this.
inline constexpr std::size_t lane_count = 8;
inline std::size_t padded(std::size_t columns) {
  return (columns + lane_count - 1) / lane_count * lane_count;
}

/// Either dense (every weight stands, exactly) or sparse (compressed rows). A sparse weight may be
/// known only as an interval, where the real one is not a binary64 number (division by 3).
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<double> dense;  ///< rows x padded(columns); empty: sparse

  std::vector<std::size_t> row_start;  ///< rows + 1 places in `column`
  std::vector<std::uint32_t> column;
  std::vector<double> lower;
  std::vector<double> upper;  ///< lower <= real weight <= upper

  [[nodiscard]] bool is_dense() const { return !dense.empty(); }
  [[nodiscard]] const double* dense_row(std::size_t row) const {
    return dense.data() + row * padded(columns);
  }
};

/// z = W h + b, computed in binary32 with at most `roundings` roundings between any term and z.
struct AffineLayer {
  Matrix weights;
  std::vector<double> bias;   ///< padded(rows), exact
  std::size_t roundings = 0;  ///< 0: data movement or change of sign, exact in binary32
  std::size_t rounded = 0;    ///< leading rows that round; the others hand elements on
  /// The real results are integers; up to 2^24 of magnitude these do not round.
  bool whole = false;
  /// Every weight is +1 or -1 and no column has two: W^T lambda has no rounding either.
  bool transposes_exactly = false;
  /// How `isonum-1` computes each of the first `rounded` rows: the products in the order of their
  /// columns, in `segments` groups whose first columns stand here, row by row (executed_sums.hpp).
  /// Empty where it does otherwise.
  std::vector<std::uint32_t> segment_first;
  std::size_t segments = 0;
};

struct Layer {
  enum class Kind : std::uint8_t { affine, relu, sigmoid, tanh, round, exp, reciprocal, softplus };
  Kind kind = Kind::relu;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  AffineLayer affine;      ///< kind affine
  std::size_t active = 0;  ///< activations: leading elements; the others are handed on

  /// Lies between two lines that are found anew for each box.
  [[nodiscard]] bool is_curve() const { return kind != Kind::affine && kind != Kind::relu; }
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
  std::vector<WholeInputs> whole;  ///< the other inputs are binary32 numbers
  std::vector<Layer> layers;
  std::size_t relus = 0;   ///< active ReLU elements of all layers
  std::size_t curves = 0;  ///< and those of curves
  /// The program's outputs are a Softmax of these, which was left out: only their order counts.
  bool order_only = false;
  bool is_distribution = false;  ///< the outputs are one row of a Softmax

  [[nodiscard]] std::size_t outputs() const {
    return layers.empty() ? inputs : layers.back().outputs;
  }
};

}  // namespace isotrace::proofs
