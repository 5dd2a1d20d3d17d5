#include <isotrace/executor/execute.hpp>

#include <algorithm>

#include <isotrace/core/program_pieces.hpp>
#include <isotrace/executor/prepared_program.hpp>
#include <isotrace/executor/step_records.hpp>
#include <isotrace/trace/foreign.hpp>

namespace isotrace::executor {

using core::Result;

namespace {

Result<std::vector<NamedTensor>> execute_run(Run& run, std::span<const NamedTensor> inputs,
                                             const StepObserver& observer) {
  ISOTRACE_TRY_DONE(run.bind(inputs));
  if (!observer) run.keep_remote();
  ISOTRACE_TRY_DONE(run.run_all(observer));
  return run.take_named_outputs();
}

}  // namespace

Result<std::vector<NamedTensor>> execute(const core::Program& program,
                                         std::span<const NamedTensor> inputs,
                                         backends::Backend& backend, const StepObserver& observer,
                                         const ExecuteLimits& limits) {
  Run run(program, backend, limits);
  return execute_run(run, inputs, observer);
}

Result<std::vector<NamedTensor>> PreparedProgram::execute(std::span<const NamedTensor> inputs,
                                                          const StepObserver& observer,
                                                          const ExecuteLimits& limits) {
  Run run(*plan_, limits);
  return execute_run(run, inputs, observer);
}

unsigned choose_hash_threads(unsigned computing) {
  const unsigned processors = count_processors();
  return processors > 1 ? std::min(processors, computing) : 0;
}

namespace {

/// Contents that replay needs beside the program.
Result<core::Done> store_inputs(trace::TraceWriter& writer, Run& run,
                                const std::vector<trace::NamedRecord>& records) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    ISOTRACE_TRY_DONE(writer.store(run.input(i)->view(), records[i].tensor.digest));
  }
  return core::Done{};
}

Result<core::Done> store_results(trace::TraceWriter& writer, std::span<const ValuePtr> results) {
  for (const ValuePtr& result : results) {
    ISOTRACE_TRY_DONE(result->fetch());
    ISOTRACE_TRY_DONE(writer.store(result->view(), result->record->digest));
  }
  return core::Done{};
}

bool differs(const trace::StepRecord& step, const trace::Trace& expected) {
  return step.index >= expected.steps.size() ||
         step_digest(step) != step_digest(expected.steps[step.index]);
}

/// Another engine's results are nobody's but its own, whoever stands behind it.
std::string semantics_of(const backends::BackendInfo& info) {
  if (!info.name.starts_with(trace::foreign_prefix)) return std::string(core::semantics_id);
  return info.name.substr(0, info.name.find(", else "));
}

/// Executes all steps and records them.
Result<core::Done> run_recorded(Run& run, std::size_t nodes, StepRecorder& recorder) {
  const StepObserver observer = [&](const StepView& step) { return recorder.add(step); };
  Result<core::Done> done = core::Done{};
  for (std::size_t i = 0; done && i < nodes; ++i) done = run.step(i, observer);
  ISOTRACE_TRY_DONE(recorder.finish());
  return done;
}

Result<Recording> record_run(Run& run, const core::Program& program,
                             std::span<const NamedTensor> inputs, core::Files& files,
                             const RecordOptions& options) {
  run.keep_remote();
  ISOTRACE_TRY_DONE(run.bind(inputs));
  const core::ProgramIdentity known =
      options.identity != nullptr ? *options.identity : core::identify_program(program);
  run.know_constants(known);
  const backends::BackendInfo info = run.spending().backend.info();
  const trace::TraceIdentity identity = {semantics_of(info), known.digest,
                                         record_inputs(program, run), options.seed};
  const core::ProgramPieces embedded =
      options.embed_program ? core::write_program_pieces(program, known) : core::ProgramPieces{};
  ISOTRACE_TRY(trace::TraceWriter writer,
               trace::TraceWriter::begin(files, options.path, identity,
                                         {info.name, info.device, options.tool}, embedded.pieces));
  if (options.embed_program || options.keep == Keep::all) {
    ISOTRACE_TRY_DONE(store_inputs(writer, run, identity.inputs));
  }
  bool parted = options.expected == nullptr;
  const auto keeps_results = [&](const trace::StepRecord& step) {
    const bool parts = !parted && differs(step, *options.expected);
    parted |= parts;
    return parts || options.keep == Keep::all;
  };
  StepRecorder recorder(
      run, options.hash_threads,
      [&](const trace::StepRecord& step, std::span<const ValuePtr> results) -> Result<core::Done> {
        ISOTRACE_TRY_DONE(writer.append(step));
        return keeps_results(step) ? store_results(writer, results) : core::Done{};
      });
  ISOTRACE_TRY_DONE(run_recorded(run, program.nodes.size(), recorder));
  Recording recording;
  recording.fallback_steps = run.spending().fallback_steps;
  ISOTRACE_TRY(recording.root,
               writer.finish(record_outputs(program, run), recording.fallback_steps));
  ISOTRACE_TRY(recording.outputs, run.take_named_outputs());
  recording.steps = run.steps();
  return recording;
}

}  // namespace

Result<Recording> record(const core::Program& program, std::span<const NamedTensor> inputs,
                         backends::Backend& backend, core::Files& files,
                         const RecordOptions& options) {
  Run run(program, backend, options.limits);
  return record_run(run, program, inputs, files, options);
}

Result<Recording> PreparedProgram::record(std::span<const NamedTensor> inputs, core::Files& files,
                                          const RecordOptions& options) {
  Run run(*plan_, options.limits);
  return record_run(run, plan_->program, inputs, files, options);
}

}  // namespace isotrace::executor
