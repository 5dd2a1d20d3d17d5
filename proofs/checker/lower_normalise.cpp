// BatchNormalization: d = x - mean, p = d * r, y = p * scale + bias, where r is the binary32 value
// of 1 / sqrt(variance + epsilon).
#include <cmath>

#include "lowering.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;
using core::Shape;

/// Holds r as binary32 computes it (three roundings, less than 2.6 u together; u = 2^-24) and the
/// real number: both differ from the binary64 quotient by less than 4 u of it.
Result<Interval> reciprocal_root(const NodeAtHand& at, float variance, float epsilon) {
  const double sum = static_cast<double>(variance) + static_cast<double>(epsilon);
  if (!(sum > 0x1p-100 && sum < 0x1p100)) return at.unsupported("variance");
  const double quotient = 1 / std::sqrt(sum);
  return Interval{quotient * (1 - 0x1p-22), -(-quotient * (1 + 0x1p-22))};
}

}  // namespace

Result<Shape> lower_batch_normalization(const NodeAtHand& at, NetworkBuilder& network) {
  const Shape& shape = at.value().shape;
  if (at.first_value != 0 || at.values != 1 || shape.size() < 2) return at.unsupported("operands");
  std::span<const float> parameters[4];  // scale, bias, mean, variance
  for (std::size_t i = 0; i < 4; ++i) {
    ISOTRACE_TRY(parameters[i], finite_floats(at, i + 1));
    if (parameters[i].size() != static_cast<std::size_t>(shape[1])) return at.unsupported("sizes");
  }
  const std::size_t count = at.value().positions.size();
  const std::size_t channels = parameters[0].size();
  const std::size_t area = count / static_cast<std::size_t>(shape[0]) / channels;
  std::vector<double> negated_means;
  std::vector<double> biases;
  std::vector<Interval> roots;
  std::vector<Interval> scales;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t channel = i / area % channels;
    const double scale = static_cast<double>(parameters[0][channel]);
    scales.push_back({scale, scale});
    biases.push_back(static_cast<double>(parameters[1][channel]));
    negated_means.push_back(-static_cast<double>(parameters[2][channel]));
    ISOTRACE_TRY(const Interval root,
                 reciprocal_root(at, parameters[3][channel], at.node.real("epsilon")));
    roots.push_back(root);
  }
  ISOTRACE_TRY_DONE(bring_to_front(at, network));
  ISOTRACE_TRY_DONE(
      add_scaling(at, std::vector<Interval>(count, {1, 1}), std::move(negated_means), 1, network));
  ISOTRACE_TRY_DONE(add_scaling(at, roots, {}, 1, network));
  ISOTRACE_TRY_DONE(add_scaling(at, scales, std::move(biases), 2, network));
  return shape;
}

}  // namespace isotrace::proofs
