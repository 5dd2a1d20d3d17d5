// Operands that are hard on rounding, and bounds of single operations.
#pragma once

#include <isotrace/executor/bounds/bounds.hpp>
#include <isotrace/executor/bounds/judge.hpp>

#include "tests/reference/support.hpp"

namespace isotrace::tests {

using core::Node;
using core::Op;
using core::Shape;
using core::Tensor;
using executor::Agreement;
using executor::Band;
using executor::BoundOptions;
using executor::ResultBound;
using executor::TensorJudgement;
using reference::make_node;
using Floats = std::vector<float>;
using Operands = std::vector<Tensor>;

/// How operands are drawn.
enum class Draw {
  plain,       ///< both signs, magnitudes around 1
  cancelling,  ///< neighbours almost cancel
  wide,        ///< exponents from -30 to 30
  subnormal,   ///< every other number is subnormal
};
inline constexpr Draw all_draws[] = {Draw::plain, Draw::cancelling, Draw::wide, Draw::subnormal};

Floats draw(Draw kind, std::size_t count, core::PhiloxStream& random);
Tensor tensor_of(const Shape& shape, const Floats& values);

/// Canonical results of a node and their bounds.
struct Bounded {
  std::vector<Tensor> canonical;
  std::vector<ResultBound> bounds;

  /// Another engine's first result against them.
  [[nodiscard]] TensorJudgement judge(const Floats& foreign) const;
  [[nodiscard]] TensorJudgement judge(const Tensor& foreign) const;
};
Bounded bound_of(const Node& node, const Operands& operands, const BoundOptions& options = {});
/// Why there is no bound.
core::RefusalCode refusal_of(const Node& node, const Operands& operands);

/// Every element is equal or within its bound.
void expect_within(const TensorJudgement& judged, const std::string& what);

}  // namespace isotrace::tests
