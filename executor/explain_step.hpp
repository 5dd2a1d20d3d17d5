// What happened at the step at which two runs part: what each of them executed, on which operands,
// which tensors differ and by how much, and what the step gives on the reference. So one sees who
// is wrong.
#pragma once

#include <isotrace/executor/distances.hpp>
#include <isotrace/executor/replay.hpp>
#include <isotrace/trace/compare.hpp>

namespace isotrace::executor {

/// One of two runs that are compared; the records of steps are those of the divergence. Contents
/// that its trace does not store are computed again.
struct ComparedRun {
  const trace::Trace& trace;
  const EmbeddedRun* run = nullptr;      ///< nullptr: not embedded and not given
  backends::Backend* backend = nullptr;  ///< that made the trace; nullptr: absent here
};

/// A tensor that differs.
struct TensorDifference {
  std::string place;  ///< "input 1", "output 0"; or the name of a program's input
  trace::TensorRecord a;
  trace::TensorRecord b;
  std::optional<core::Tensor> a_value;  ///< absent: not stored, and not found again
  std::optional<core::Tensor> b_value;
  /// Present where both values are, and have one type and shape.
  std::optional<trace::ElementDifference> first;
  std::optional<Distances> distances;
};
/// With what two values of one type and shape tell.
TensorDifference make_difference(std::string place, std::optional<core::Tensor> a,
                                 std::optional<core::Tensor> b);

struct StepExplanation {
  std::optional<core::Node> a_node;  ///< absent where the program is unknown
  std::optional<core::Node> b_node;
  std::string a_name;  ///< display name of the step
  std::string b_name;
  std::vector<std::optional<core::Tensor>> operands;  ///< of a; empty if not all of them are known
  /// The results of a's step on a's operands, by the reference; empty if these are unknown.
  std::vector<core::Tensor> canonical;
  std::optional<bool> a_canonical;  ///< whether these are a's results
  std::optional<bool> b_canonical;  ///< the same for b, if it executed the same step
  std::vector<TensorDifference> differences;
};

/// Of a divergence that find_divergence found between the two traces. A recomputed tensor counts
/// only if it has the recorded digest: a value that the run did not have must never be shown as
/// its value. Beyond that nothing is refused: what cannot be had is absent.
StepExplanation explain_step(const ComparedRun& a, const ComparedRun& b,
                             const trace::Divergence& divergence, backends::Backend& reference);

}  // namespace isotrace::executor
