#include "lowering.hpp"

#include <algorithm>
#include <cmath>

namespace isotrace::proofs {

using core::Result;
using core::Shape;

Result<std::span<const float>> finite_floats(const NodeAtHand& at, std::size_t operand) {
  const core::Tensor* tensor = at.constant(operand);
  if (tensor == nullptr || tensor->dtype() != core::Dtype::f32) {
    return at.unsupported("operand " + std::to_string(operand) + " is not an f32 constant");
  }
  const auto values = tensor->data<float>();
  if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
    return at.unsupported("operand " + std::to_string(operand) + " is not finite");
  }
  return values;
}

Result<Shape> integers_of(const NodeAtHand& at, std::size_t operand) {
  const core::Tensor* tensor = at.constant(operand);
  if (tensor == nullptr || tensor->dtype() != core::Dtype::i64 || tensor->rank() > 1) {
    return at.unsupported("operand " + std::to_string(operand) + " is not a constant list of i64");
  }
  const auto values = tensor->data<std::int64_t>();
  return Shape(values.begin(), values.end());
}

Result<core::Done> bring_to_front(const NodeAtHand& at, NetworkBuilder& network) {
  const std::vector<std::uint32_t>& positions = at.value().positions;
  const auto is_inside = [&](std::uint32_t kept) { return kept < positions.size(); };
  const bool is_kept = std::any_of(network.kept().begin(), network.kept().end(), is_inside);
  if (!is_kept && positions == count_up(positions.size())) return core::Done{};
  ISOTRACE_TRY_DONE(network.reserve(at.place, positions.size(), positions.size()));
  network.add_movement(positions);
  return core::Done{};
}

Result<core::Done> add_scaling(const NodeAtHand& at, const std::vector<Interval>& scales,
                               std::vector<double> bias, std::size_t roundings,
                               NetworkBuilder& network) {
  ISOTRACE_TRY_DONE(network.reserve(at.place, scales.size(), scales.size()));
  MatrixBuilder matrix = network.rows();
  for (std::size_t i = 0; i < scales.size(); ++i) {
    matrix.add(i, scales[i].lower, scales[i].upper);
    matrix.end_row();
  }
  network.add_affine(std::move(matrix), std::move(bias), roundings);
  return core::Done{};
}

Result<core::Done> add_bounds(const NodeAtHand& at, double sign, const std::vector<double>& bounds,
                              NetworkBuilder& network) {
  const std::size_t count = bounds.size();
  const std::vector<Interval> signs(count, {sign, sign});
  std::vector<double> shift;
  std::vector<double> back;
  for (const double bound : bounds) {
    shift.push_back(-bound);
    back.push_back(sign * bound);
  }
  ISOTRACE_TRY_DONE(add_scaling(at, signs, std::move(shift), 0, network));
  ISOTRACE_TRY_DONE(network.reserve(at.place, count, 0));
  network.add_relu(count);
  return add_scaling(at, signs, std::move(back), 0, network);
}

std::optional<Shape> broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    // Axes are matched from the last one.
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) return std::nullopt;
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

std::vector<std::uint32_t> broadcast_source(const Shape& from, const Shape& to) {
  std::size_t count = 1;
  for (std::int64_t dim : to) count *= static_cast<std::size_t>(dim);
  std::vector<std::uint32_t> source(count, 0);
  std::size_t from_stride = 1;
  std::size_t to_stride = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const auto from_dim = static_cast<std::size_t>(from[from.size() - 1 - i]);
    const auto to_dim = static_cast<std::size_t>(to[to.size() - 1 - i]);
    for (std::size_t element = 0; from_dim != 1 && element < count; ++element) {
      source[element] += static_cast<std::uint32_t>(element / to_stride % to_dim * from_stride);
    }
    from_stride *= from_dim;
    to_stride *= to_dim;
  }
  return source;
}

Result<std::size_t> checked_count(const NodeAtHand& at, const Shape& shape) {
  auto count = core::element_count(shape);
  if (!count) return core::refuse_within(at.place, std::move(count).error());
  if (*count == 0) return at.unsupported("no elements");
  if (*count > width_max) {
    return core::refuse(core::RefusalCode::limit_exceeded, at.place,
                        std::to_string(*count) + " elements");
  }
  return count;
}

std::size_t segment_length(const NodeAtHand& at) {
  return static_cast<std::size_t>(std::max<std::int64_t>(1, at.node.integer("k_segment")));
}

}  // namespace isotrace::proofs
