#include <isotrace/wasm/witness/check_step.hpp>

#include <isotrace/wasm/witness/step.hpp>

namespace isotrace::wasm {

core::Result<StepReport> check_step(const Witness& witness) {
  Step step(witness);
  step.run();
  if (const auto& hidden = step.hidden()) {
    return core::refuse(core::RefusalCode::witness_incomplete,
                        "string " + std::to_string(hidden->string),
                        "chunk " + std::to_string(hidden->first));
  }
  StepReport report{.verdict = core::Verdict::accept(),
                    .program = witness.before.program,
                    .before = trace::state_root(witness.before),
                    .after = witness.after,
                    .steps = witness.before.steps};
  if (!step.fault().empty()) {
    report.verdict = core::Verdict::reject(step.fault());
  } else if (trace::state_root(step.after()) != witness.after) {
    report.verdict = core::Verdict::reject("another state follows");
  } else {
    report.opcode = find_opcode(step.record().opcode);
  }
  return report;
}

}  // namespace isotrace::wasm
