// Writes one step out of a program into a folder, so that it can be run alone, here or elsewhere.
#pragma once

#include <isotrace/executor/explain_step.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// What is written where it is known: the step as a model, step.onnx; its operands x0.npy, x1.npy,
/// ...; the results by the reference y0.npy, ...; both values of each tensor that differs, of the
/// first one as a.npy and b.npy; README.txt. Element types that .npy lacks are written as .pb.
/// Returns a command line that runs the model on the operands; empty where the step has no form as
/// a model. Refuses what writing refuses.
core::Result<std::string> extract_step(const Context& context, const std::string& folder,
                                       const executor::StepExplanation& explanation);

}  // namespace isotrace::tools
