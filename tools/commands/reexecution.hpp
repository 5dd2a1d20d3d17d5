// Executing again what a trace or a counterexample claims: the part of checking that the trusted
// base leaves to the executor.
#pragma once

#include <isotrace/core/verdict.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::tools {

/// Runs the counterexample on the reference: accepted if the claimed outputs come out bit for bit.
core::Result<core::Verdict> rerun_counterexample(const proofs::Proof& proof);

/// Replays the trace's embedded program on the reference; undecided if it cannot be executed.
core::Verdict replay_on_reference(const trace::Trace& trace);

/// The same for these steps alone; only models.
core::Verdict replay_steps_on_reference(const trace::Trace& trace,
                                        const std::vector<std::uint64_t>& steps);

}  // namespace isotrace::tools
