// Small calls of every operation, drawn from Philox, on the values where implementations differ
// (NaN with payload, infinities, subnormals, -0, ties). The self-test runs them on a backend; the
// capability table is tested with them.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/core/philox.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::backends {

struct Sample {
  core::Node node;
  std::vector<std::optional<core::Tensor>> operands;

  /// Views of the operands; valid as long as the sample.
  [[nodiscard]] std::vector<std::optional<core::TensorView>> views() const;
  /// Element types of the operands that are there.
  [[nodiscard]] std::vector<core::Dtype> dtypes() const;
};

/// Calls of one operation on data of one element type; indices, shapes and conditions have the
/// types that the operation needs. Every operation but control flow has at least one. The same seed
/// gives the same samples.
std::vector<Sample> make_samples(core::Op op, core::Dtype dtype, std::uint64_t seed);

}  // namespace isotrace::backends
