// A program as a chain of affine layers and ReLUs over its flattened input, for provers that know
// nothing else. Weights and biases are exact; each layer says how many roundings its float
// evaluation may put on a path (any order of summation, with or without fused multiply-add), so
// that it obeys the error bound stated in coq/core/Network.v; and which operations `isonum-1`
// executes for it, so that coq/float can state what is executed.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::proofs {

struct AffineTerm {
  std::uint32_t operand;
  double weight;
};

inline constexpr std::uint32_t padding_operand = 0xFFFFFFFF;

struct AffineRow {
  std::vector<AffineTerm> terms;  ///< ascending by operand, at most one per operand
  double bias = 0;
  /// Products in the order of execution, those with padding (operand padding_operand) included;
  /// empty: `terms` are it.
  std::vector<AffineTerm> taps = {};
};

/// What `isonum-1` does for a row, where the row is executed on floats.
enum class RowExecution : std::uint8_t {
  contraction,  ///< sum of products in segments, then perhaps a bias
  sum,          ///< x + c or c - x
  product,      ///< x * c
  quotient,     ///< x / d
  copy,         ///< x or -x
};

struct AffineLayer {
  std::vector<AffineRow> rows;
  std::uint32_t roundings = 0;  ///< 0: exact
  bool relu = false;            ///< ReLU follows
  /// The rows of the ReLU's elements in the program's order; empty: in their own order.
  std::vector<std::uint32_t> relu_rows = {};
  RowExecution execution = RowExecution::copy;
  std::uint64_t k_segment = 256;      ///< contraction
  bool biased = false;                ///< contraction: the biases are added
  std::vector<double> divisors = {};  ///< quotient: one per row
};

struct AffineChain {
  std::size_t inputs = 0;
  std::vector<AffineLayer> layers;  ///< at least one

  [[nodiscard]] std::size_t outputs() const { return layers.back().rows.size(); }
};

/// `exact`: real arithmetic, no roundings. One input and one output, f32; dimensions that the
/// program leaves open are 1. Understands MatMul, Gemm, Conv, Add, Sub, Mul, Div, Neg with
/// constants, Relu, Identity, Reshape, Flatten, Squeeze, Unsqueeze, Transpose. Refuses
/// prove_unsupported for anything else, for a value used twice, for constants that are not finite,
/// and for exact division by what is not a power of two.
core::Result<AffineChain> make_affine_chain(const core::Program& program, bool exact);

}  // namespace isotrace::proofs
