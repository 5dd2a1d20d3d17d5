// A program as a chain of affine layers and ReLUs over its flattened input, for provers that know
// nothing else. Weights and biases are exact; each layer says how many roundings its float
// evaluation may put on a path (any order of summation, with or without fused multiply-add), so
// that it obeys the error bound stated in coq/core/Network.v.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/core/program.hpp>

namespace isotrace::proofs {

struct AffineTerm {
  std::uint32_t operand;
  double weight;
};

struct AffineRow {
  std::vector<AffineTerm> terms;  ///< ascending by operand, at most one per operand
  double bias = 0;
};

struct AffineLayer {
  std::vector<AffineRow> rows;
  std::uint32_t roundings = 0;  ///< 0: exact
  bool relu = false;            ///< ReLU follows
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
