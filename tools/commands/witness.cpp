// `isotrace witness`: goes to a step of a WebAssembly program, a module or a recorded run, and
// writes the witness of it, which `isotrace-verify step` judges without the module.
#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/wasm/make_witness.hpp>
#include <isotrace/wasm/record/position.hpp>
#include <isotrace/wasm/witness/check_step.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;
using core::Result;

/// What is executed, and what its hosts answered.
struct Source {
  wasm::RunRequest request;
  trace::Trace trace;
};

/// A module is a run of which nothing is recorded yet.
Result<Source> module_source(const Arguments& arguments, core::Bytes module) {
  ISOTRACE_TRY(wasm::RunRequest request, load_request(arguments, std::move(module)));
  if (!request.module->imports.empty()) {
    const wasm::Import& import = request.module->imports[0];
    return core::refuse(RefusalCode::wasm_unlinkable, import.module + "." + import.name,
                        "record the run, and give its trace");
  }
  return Source{std::move(request), {}};
}

Result<Source> trace_source(const Context& context, const Arguments& arguments,
                            core::ByteView bytes) {
  ISOTRACE_TRY(trace::Trace trace, trace::parse_trace(bytes));
  ISOTRACE_TRY(wasm::RunRequest request, load_recorded(context, arguments, trace));
  return Source{std::move(request), std::move(trace)};
}

/// In front of the opcode that is the step.
Result<std::unique_ptr<wasm::Position>> find_step(const Source& source, std::uint64_t step) {
  auto found = wasm::Position::find(source.trace, source.request, wasm::make_fastest_engine, step);
  const bool ended = found ? (*found)->state().status != wasm::Status::running
                           : found.error().code == RefusalCode::trace_step_unknown;
  if (!ended) return found;
  return core::refuse(RefusalCode::wasm_step_unknown, "step " + std::to_string(step),
                      found ? "the run has as many steps" : found.error().detail);
}

/// The call of the host that comes next, if any is recorded.
const trace::HostCallRecord* next_call(const Source& source, wasm::Position& position) {
  const auto& calls = source.trace.machine.host_calls;
  const std::uint64_t made = position.run().store().host_log.calls;
  return made < calls.size() ? &calls[made] : nullptr;
}

/// The engine has the last word: the root that the witness claims is that of its next state.
Result<core::Done> expect_engine_agrees(wasm::Position& position, const wasm::Witness& witness) {
  position.stepper().step();
  if (const auto& difference = position.difference()) {
    return core::refuse(RefusalCode::trace_digest_mismatch, "trace", *difference);
  }
  const trace::StateRecord after =
      wasm::state_record(position.run().store(), position.state(), witness.before.program);
  ISOTRACE_CHECK(trace::state_root(after) == witness.after, witness.before.steps);
  return core::Done{};
}

int write_answer(const Context& context, const wasm::StepReport& judged, wasm::Frame frame,
                 std::size_t bytes) {
  if (context.json) {
    context.print({{"steps", judged.steps},
                   {"opcode", judged.opcode->text},
                   {"function", frame.function},
                   {"pc", frame.pc},
                   {"programDigest", judged.program.hex()},
                   {"before", judged.before.hex()},
                   {"after", judged.after.hex()},
                   {"bytes", bytes}});
    return exit_yes;
  }
  context.out << "step " << judged.steps << ": " << judged.opcode->text << " at byte " << frame.pc
              << " in function " << frame.function << ", " << bytes << " bytes\nprogram "
              << judged.program.hex() << "\nbefore  " << judged.before.hex() << "\nafter   "
              << judged.after.hex() << "\n";
  return exit_yes;
}

/// Options of the other kind of program; empty if there is none.
std::string find_problem(const Arguments& arguments, bool is_trace) {
  if (!is_trace) {
    return find_foreign_option(arguments, "witness", {"--program"}, "WebAssembly modules");
  }
  if (arguments.operands().size() > 1) {
    return "witness: unexpected operand: " + arguments.operand(1);
  }
  return find_foreign_option(arguments, "witness", {"--invoke", "--edition"}, "traces");
}

}  // namespace

int witness_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const std::uint64_t step, load_count(arguments, "--step", 0));
  ISOTRACE_OR_REPORT(context, core::Bytes bytes,
                     context.read(arguments.operand(0), core::limits::trace_bytes_max));
  const bool is_trace = trace::looks_like_trace(bytes);
  if (const std::string problem = find_problem(arguments, is_trace); !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, const Source source,
                     is_trace ? trace_source(context, arguments, bytes)
                              : module_source(arguments, std::move(bytes)));
  ISOTRACE_OR_REPORT(context, const auto position, find_step(source, step));
  ISOTRACE_OR_REPORT(context, const wasm::WitnessMaker maker,
                     wasm::WitnessMaker::make(position->run().store()));
  const wasm::Frame frame = position->state().frames.back();
  ISOTRACE_OR_REPORT(context, const wasm::Witness witness,
                     maker.make_witness(position->state(), next_call(source, *position)));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done agreed,
                     expect_engine_agrees(*position, witness));
  ISOTRACE_OR_REPORT(context, const wasm::StepReport judged, wasm::check_step(witness));
  const core::Bytes written = wasm::write_witness(witness);
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), written));
  return write_answer(context, judged, frame, written.size());
}

}  // namespace isotrace::tools
