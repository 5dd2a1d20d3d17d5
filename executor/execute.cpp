#include <isotrace/executor/execute.hpp>

#include <isotrace/executor/step_records.hpp>

namespace isotrace::executor {

using core::Result;

Result<std::vector<NamedTensor>> execute(const core::Program& program,
                                         std::span<const NamedTensor> inputs,
                                         backends::Backend& backend, const StepObserver& observer,
                                         const ExecuteLimits& limits) {
  Run run(program, backend, limits);
  ISOTRACE_TRY_DONE(run.bind(inputs));
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    ISOTRACE_TRY_DONE(run.step(i, observer));
  }
  return run.copy_outputs();
}

namespace {

/// Contents that replay needs beside the program.
Result<core::Done> store_inputs(trace::TraceWriter& writer, Run& run,
                                const std::vector<trace::NamedRecord>& records) {
  for (std::size_t i = 0; i < records.size(); ++i) {
    ISOTRACE_TRY_DONE(writer.store(run.input(i).view, records[i].tensor.digest));
  }
  return core::Done{};
}

Result<core::Done> store_results(trace::TraceWriter& writer, const StepView& step,
                                 const trace::StepRecord& record) {
  for (std::size_t i = 0; i < step.results.size(); ++i) {
    ISOTRACE_TRY_DONE(writer.store(step.results[i], record.outputs[i].digest));
  }
  return core::Done{};
}

}  // namespace

Result<Recording> record(const core::Program& program, std::span<const NamedTensor> inputs,
                         backends::Backend& backend, core::Files& files,
                         const RecordOptions& options) {
  Run run(program, backend, options.limits);
  ISOTRACE_TRY_DONE(run.bind(inputs));
  const core::ProgramIdentity known =
      options.identity != nullptr ? *options.identity : core::identify_program(program);
  run.know_constants(known);
  const trace::TraceIdentity identity = {std::string(core::semantics_id), known.digest,
                                         record_inputs(program, run), options.seed};
  const backends::BackendInfo info = backend.info();
  const core::Bytes embedded = options.embed_program ? core::write_program(program) : core::Bytes{};
  ISOTRACE_TRY(trace::TraceWriter writer,
               trace::TraceWriter::begin(files, options.path, identity,
                                         {info.name, info.device, options.tool}, embedded));
  if (options.embed_program || options.keep == Keep::all) {
    ISOTRACE_TRY_DONE(store_inputs(writer, run, identity.inputs));
  }
  const StepObserver observer = [&](const StepView& step) -> Result<core::Done> {
    const trace::StepRecord record = record_step(step);
    ISOTRACE_TRY_DONE(writer.append(record));
    if (options.keep == Keep::all) ISOTRACE_TRY_DONE(store_results(writer, step, record));
    return core::Done{};
  };
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    ISOTRACE_TRY_DONE(run.step(i, observer));
  }
  Recording recording;
  ISOTRACE_TRY(recording.outputs, run.copy_outputs());
  ISOTRACE_TRY(recording.root, writer.finish(record_outputs(program, run)));
  recording.steps = run.steps();
  return recording;
}

}  // namespace isotrace::executor
