#include <isotrace/tools/commands/replay_module.hpp>

#include <chrono>
#include <thread>

#include <isotrace/executor/replay_tensors.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/wasm/record/effect_digest.hpp>
#include <isotrace/wasm/record/recorded_effects.hpp>
#include <isotrace/wasm/record/replay.hpp>

namespace isotrace::tools {
namespace {

core::Result<wasm::ReplayOptions> load_options(const Arguments& arguments) {
  wasm::ReplayOptions options;
  ISOTRACE_TRY(options.from, load_count(arguments, "--from", 0));
  ISOTRACE_TRY(options.to, load_count(arguments, "--to", UINT64_MAX));
  options.threads = std::max(std::thread::hardware_concurrency(), 1U);
  if (arguments.has("--jobs")) {
    ISOTRACE_TRY(options.threads, load_jobs(arguments));
  }
  return options;
}

Json divergence_json(const std::optional<wasm::StateDivergence>& divergence) {
  if (!divergence) return nullptr;
  return {{"checkpoint", divergence->checkpoint},
          {"step", divergence->steps},
          {"parts", divergence->parts}};
}

core::Result<core::Verdict> judge_tensors(const Arguments& arguments, const trace::Trace& trace,
                                          const wasm::RunRequest& request) {
  ISOTRACE_TRY(const auto backend,
               load_backend(arguments, arguments.has("--backend") ? "" : "cpu"));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  return executor::replay_tensors(trace, request, load_engine(arguments), *backend, limits);
}

/// --effects FILE: of the steps of the window.
core::Result<wasm::EffectLog::Summary> write_effects(const Context& context,
                                                     const Arguments& arguments,
                                                     const trace::Trace& trace,
                                                     const wasm::RunRequest& request,
                                                     const wasm::ReplayOptions& options) {
  ISOTRACE_TRY(wasm::EffectLog log,
               wasm::EffectLog::begin(context.files, arguments.value("--effects"), request.program,
                                      options.from));
  ISOTRACE_TRY_DONE(wasm::log_recorded_effects(trace, request, load_engine(arguments),
                                               {options.from, options.to, options.threads}, log));
  return log.finish();
}

struct Outcome {
  const trace::Trace& trace;
  wasm::RunVerdict run;
  std::optional<wasm::EffectLog::Summary> effects;
  std::optional<wasm::EffectStream::Summary> digest;  ///< of effects
  std::optional<double> seconds;
};

void print_json(const Context& context, const Outcome& outcome) {
  const wasm::RunVerdict& run = outcome.run;
  Json object = {{"verdict", core::verdict_name(run.verdict.kind)},
                 {"root", outcome.trace.root.hex()},
                 {"steps", run.steps},
                 {"divergence", divergence_json(run.divergence)}};
  if (!run.verdict.reason.empty()) object["reason"] = run.verdict.reason;
  if (outcome.effects) object["effects"] = logged_json(*outcome.effects);
  if (outcome.digest) object["effectsDigest"] = digest_json(*outcome.digest);
  if (outcome.seconds) object["seconds"] = *outcome.seconds;
  context.print(object);
}

void print_text(const Context& context, const Outcome& outcome) {
  const wasm::RunVerdict& run = outcome.run;
  context.out << core::verdict_name(run.verdict.kind) << ": " << run.steps << " steps, root "
              << outcome.trace.root.hex() << "\n";
  if (!run.verdict.reason.empty()) context.out << "  " << run.verdict.reason << "\n";
  if (outcome.effects) context.out << logged_text(*outcome.effects);
  if (outcome.digest) context.out << digest_text(*outcome.digest);
  if (outcome.seconds) context.out << "seconds " << *outcome.seconds << "\n";
}

}  // namespace

int replay_module(const Context& context, const Arguments& arguments, const trace::Trace& trace) {
  if (const std::string problem = find_foreign_option(arguments, "replay", {"--input", "--weights"},
                                                      "traces of WebAssembly runs");
      !problem.empty()) {
    return report_usage(context, problem);
  }
  const bool whole = !arguments.has("--from") && !arguments.has("--to");
  if (!whole && arguments.has("--effects-digest")) {
    return report_usage(context, "replay: --effects-digest is of all steps, without --from, --to");
  }
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest request,
                     load_recorded(context, arguments, trace));
  ISOTRACE_OR_REPORT(context, const wasm::ReplayOptions options, load_options(arguments));
  const auto start = std::chrono::steady_clock::now();
  ISOTRACE_OR_REPORT(context, wasm::RunVerdict result,
                     wasm::replay_run(trace, request, load_engine(arguments), options));
  // Models inside the program need all that it did before.
  if (whole && result.verdict.accepted()) {
    ISOTRACE_OR_REPORT(context, result.verdict, judge_tensors(arguments, trace, request));
  }
  std::optional<wasm::EffectLog::Summary> effects;
  if (arguments.has("--effects") && result.verdict.accepted()) {
    ISOTRACE_OR_REPORT(context, effects,
                       write_effects(context, arguments, trace, request, options));
  }
  std::optional<wasm::EffectStream::Summary> digest;
  if (arguments.has("--effects-digest") && result.verdict.accepted()) {
    ISOTRACE_OR_REPORT(context, digest,
                       wasm::digest_recorded_effects(trace, request, noting_kind(arguments)));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  const Outcome outcome{trace, std::move(result), effects, digest,
                        context.timings ? std::optional(seconds.count()) : std::nullopt};
  if (context.json) {
    print_json(context, outcome);
  } else {
    print_text(context, outcome);
  }
  return exit_code_of(outcome.run.verdict.kind);
}

}  // namespace isotrace::tools
