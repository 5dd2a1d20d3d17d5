// What the lowering rules share: the node at hand, its operands, and the network built so far.
// Trusted base. One rule family per file; each rule either adds layers or refuses.
#pragma once

#include <optional>

#include <isotrace/core/program.hpp>

#include "network_builder.hpp"

namespace isotrace::proofs {

/// One node: which operand is the chain's value, and the constants that the others are.
struct NodeAtHand {
  const core::Node& node;
  std::string place;         ///< "node 3 (Gemm)"
  const core::Shape& shape;  ///< of the chain's value
  std::size_t chain_operand = 0;
  std::vector<const core::Tensor*> constants;  ///< by operand; nullptr: chain or left out

  /// The constant at an operand; nullptr if there is none.
  [[nodiscard]] const core::Tensor* constant(std::size_t operand) const {
    return operand < constants.size() ? constants[operand] : nullptr;
  }
  [[nodiscard]] tl::unexpected<core::Refusal> unsupported(std::string detail) const {
    return core::refuse(core::RefusalCode::prove_unsupported, place, std::move(detail));
  }
};

/// Each rule gives the shape of the result.
core::Result<core::Shape> lower_elementwise(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_matmul(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_gemm(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_conv(const NodeAtHand& at, NetworkBuilder& network);

/// A rearrangement: result[i] = value[source[i]].
struct Movement {
  core::Shape shape;
  std::vector<std::uint32_t> source;  ///< empty: the order stays as it is
};
bool is_movement(core::Op op);
/// Of a value of shape at.shape, which may be the chain's or a constant's.
core::Result<Movement> movement_of(const NodeAtHand& at);

/// The elements of a binary32 constant; refuses other types and values that are not finite.
core::Result<std::span<const float>> finite_floats(const NodeAtHand& at, std::size_t operand);
/// For each element of `to` (row-major), the element of `from` that multidirectional broadcasting
/// gives it. `to` must be a shape that `from` broadcasts to.
std::vector<std::uint32_t> broadcast_source(const core::Shape& from, const core::Shape& to);
/// The shape that two shapes broadcast to; nothing if they do not fit.
std::optional<core::Shape> broadcast_shape(const core::Shape& a, const core::Shape& b);
/// Elements of a shape whose dimensions are valid; refuses empty and too large ones.
core::Result<std::size_t> checked_count(const NodeAtHand& at, const core::Shape& shape);

}  // namespace isotrace::proofs
