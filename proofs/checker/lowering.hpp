// What the lowering rules share: the node at hand, its operands, and the network built so far.
// Trusted base. One rule family per file; each rule either adds layers or refuses.
#pragma once

#include <optional>

#include <isotrace/core/program.hpp>

#include "network_builder.hpp"

namespace isotrace::proofs {

/// A value that depends on the input: where its elements (row-major) stand in the newest layer.
struct Value {
  core::Shape shape;
  std::vector<std::uint32_t> positions;
  core::Dtype dtype = core::Dtype::f32;
};

/// A value, a constant, or neither: left out.
struct Operand {
  const Value* value = nullptr;
  const core::Tensor* constant = nullptr;

  [[nodiscard]] const core::Shape& shape() const {
    return value != nullptr ? value->shape : constant->shape();
  }
};

/// One node. Rules that speak of "the" value mean its first operand that is one.
struct NodeAtHand {
  const core::Node& node;
  std::string place;  ///< "node 3 (Gemm)"
  std::vector<Operand> operands;
  std::size_t first_value = 0;  ///< operand number
  std::size_t values = 0;       ///< operands that are values

  [[nodiscard]] const Value& value() const { return *operands[first_value].value; }
  /// The constant at an operand; nullptr if there is none.
  [[nodiscard]] const core::Tensor* constant(std::size_t operand) const {
    return operand < operands.size() ? operands[operand].constant : nullptr;
  }
  [[nodiscard]] tl::unexpected<core::Refusal> unsupported(std::string detail) const {
    return core::refuse(core::RefusalCode::prove_unsupported, place, std::move(detail));
  }
};

/// Each rule gives the shape of the result, whose elements are the first ones of the newest layer.
core::Result<core::Shape> lower_elementwise(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_piecewise(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_matmul(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_gemm(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_conv(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_pool(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_batch_normalization(const NodeAtHand& at, NetworkBuilder& network);
core::Result<core::Shape> lower_exponential(const NodeAtHand& at, NetworkBuilder& network);
/// Softmax or LogSoftmax of one row: its results are in the order of its operands.
bool is_ordered_softmax(const NodeAtHand& at);

/// The operations of docs/spec/quantise.md, and Round and Cast, which tell the type of the result.
bool is_quantised(const NodeAtHand& at);
core::Result<Value> lower_quantised(const NodeAtHand& at, NetworkBuilder& network);
/// DequantizeLinear of constants.
core::Result<core::Tensor> dequantised(const NodeAtHand& at);
/// Least and greatest value of a small integer type; nothing for others.
std::optional<std::pair<double, double>> range_of(core::Dtype dtype);

/// A rearrangement: result[i] is element source[i] of the operands that are moved, one after the
/// other; `filled` stands for an element of zero bits.
struct Movement {
  static constexpr std::uint32_t filled = 0xFFFFFFFF;
  core::Shape shape;
  std::vector<std::uint32_t> source;
};
bool is_movement(core::Op op);
/// The operands whose elements a movement moves, by number; the others are constant parameters.
std::vector<std::size_t> moved_operands(const NodeAtHand& at);
/// One per result of the node.
core::Result<std::vector<Movement>> movements_of(const NodeAtHand& at);

/// Makes the value's elements the first ones of the newest layer, in order and not kept.
core::Result<core::Done> bring_to_front(const NodeAtHand& at, NetworkBuilder& network);
/// The greatest of each group of elements of the newest layer: exact in binary32, and expressed as
/// max(a, b) = b + relu(a - b), which holds for all reals.
core::Result<core::Done> add_maxima(const NodeAtHand& at,
                                    std::vector<std::vector<std::uint32_t>> groups,
                                    NetworkBuilder& network);
/// result[i] = scale[i] * element[i] + bias[i] of the first elements; scales as intervals.
struct Interval {
  double lower;
  double upper;
};
core::Result<core::Done> add_scaling(const NodeAtHand& at, const std::vector<Interval>& scales,
                                     std::vector<double> bias, std::size_t roundings,
                                     NetworkBuilder& network);

/// relu(sign x - bound) + bound, the greater one of sign x and its bound, for each of the first
/// elements; times sign, so that -1 stands for smaller ones.
core::Result<core::Done> add_bounds(const NodeAtHand& at, double sign,
                                    const std::vector<double>& bounds, NetworkBuilder& network);

/// How many products of a contraction one segment adds up.
std::size_t segment_length(const NodeAtHand& at);

/// The elements of a binary32 constant; refuses other types and values that are not finite.
core::Result<std::span<const float>> finite_floats(const NodeAtHand& at, std::size_t operand);
/// A constant list of i64 (or a scalar); refuses other operands.
core::Result<core::Shape> integers_of(const NodeAtHand& at, std::size_t operand);
/// The axes listed by operand 1, as 0 <= axis < rank, each once.
core::Result<std::vector<bool>> marked_axes(const NodeAtHand& at, std::size_t rank);
/// For each element of `to` (row-major), the element of `from` that multidirectional broadcasting
/// gives it. `to` must be a shape that `from` broadcasts to.
std::vector<std::uint32_t> broadcast_source(const core::Shape& from, const core::Shape& to);
/// The shape that two shapes broadcast to; nothing if they do not fit.
std::optional<core::Shape> broadcast_shape(const core::Shape& a, const core::Shape& b);
/// Elements of a shape whose dimensions are valid; refuses empty and too large ones.
core::Result<std::size_t> checked_count(const NodeAtHand& at, const core::Shape& shape);

}  // namespace isotrace::proofs
