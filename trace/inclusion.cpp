#include <isotrace/trace/inclusion.hpp>

#include <isotrace/core/merkle.hpp>

namespace isotrace::trace {

core::Result<StepProof> make_step_proof(const Trace& trace, std::uint64_t step) {
  // Between the steps of a machine's trace stand checkpoints: they are not what is asked for here.
  if (trace.identity.machine || step >= trace.steps.size()) {
    return core::refuse(core::RefusalCode::trace_step_unknown, "step " + std::to_string(step),
                        "the trace has " + std::to_string(trace.steps.size()) + " steps");
  }
  const auto leaves = trace_leaves(trace);
  return StepProof{step, leaves.size(), core::merkle_inclusion_proof(leaves, step + 1)};
}

core::Verdict check_step_proof(const StepRecord& step, const StepProof& proof,
                               const core::Digest& root) {
  if (step.index != proof.step) return core::Verdict::reject("the proof is for another step");
  // The first leaf is the identity and the last one the outputs; between them stand the steps.
  if (proof.leaves < 3 || proof.step > proof.leaves - 3) {
    return core::Verdict::reject("the tree has no such step");
  }
  const core::Digest leaf = core::merkle_leaf(step_digest(step).view());
  if (!core::verify_merkle_inclusion(leaf, proof.step + 1, proof.leaves, proof.path, root)) {
    return core::Verdict::reject("the path does not lead to the root");
  }
  return core::Verdict::accept();
}

}  // namespace isotrace::trace
