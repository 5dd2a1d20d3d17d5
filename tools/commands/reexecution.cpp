#include <isotrace/tools/commands/reexecution.hpp>

#include <algorithm>
#include <bit>

#include <isotrace/executor/replay.hpp>
#include <isotrace/wasm/record/replay.hpp>

namespace isotrace::tools {
namespace {

using core::Verdict;
using proofs::Proof;

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](float x, float y) {
    return std::bit_cast<std::uint32_t>(x) == std::bit_cast<std::uint32_t>(y);
  });
}

}  // namespace

core::Result<Verdict> rerun_counterexample(const Proof& proof) {
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  const proofs::Counterexample& example = proof.counterexample;
  if (program.inputs.size() != 1 || program.outputs.size() != 1) {
    return Verdict::leave_undecided("the program has several inputs or outputs");
  }
  core::Shape shape = program.inputs[0].shape;
  std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  ISOTRACE_TRY(core::Tensor input, core::Tensor::make(core::Dtype::f32, shape));
  if (input.elements() != example.inputs.size())
    return Verdict::reject("wrong number of input values");
  std::copy(example.inputs.begin(), example.inputs.end(), input.data<float>().begin());
  const std::vector<executor::NamedTensor> inputs = {{program.inputs[0].name, std::move(input)}};
  ISOTRACE_TRY(const auto backend, backends::make_backend("reference", {}));
  ISOTRACE_TRY(const auto outputs, executor::execute(program, inputs, *backend));
  if (outputs[0].value.dtype() != core::Dtype::f32 ||
      !same_bits(outputs[0].value.data<float>(), example.outputs)) {
    return Verdict::reject("the reference gives other outputs for this input");
  }
  return Verdict::accept();
}

namespace {

Verdict replay_module(const trace::Trace& trace) {
  const auto request = wasm::request_of(trace);
  if (!request) return Verdict::leave_undecided(core::describe(request.error()));
  const auto result = wasm::replay_run(trace, *request, wasm::make_reference_engine, {});
  if (!result) return Verdict::leave_undecided(core::describe(result.error()));
  return result->verdict;
}

}  // namespace

Verdict replay_on_reference(const trace::Trace& trace) {
  if (trace.identity.machine) return replay_module(trace);
  const auto run = executor::embedded_run(trace);
  if (!run) return Verdict::leave_undecided(core::describe(run.error()));
  const auto backend = backends::make_backend("reference", {});
  if (!backend) return Verdict::leave_undecided(core::describe(backend.error()));
  const auto result = executor::replay(trace, run->program, run->inputs, **backend, {});
  if (!result) return Verdict::leave_undecided(core::describe(result.error()));
  return result->verdict;
}

}  // namespace isotrace::tools
