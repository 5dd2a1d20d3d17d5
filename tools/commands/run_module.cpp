#include <isotrace/tools/commands/run_module.hpp>

#include <chrono>
#include <filesystem>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/discard_files.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>
#include <isotrace/tools/commands/wasi_host.hpp>
#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/record/effect_digest.hpp>
#include <isotrace/wasm/record/effect_log.hpp>
#include <isotrace/wasm/record/logged_host.hpp>

namespace isotrace::tools {
namespace {

using wasm::Trap;

/// Where it trapped; nothing unless it did. A program that ended itself has not failed.
std::optional<Json> trap_json(wasm::ModuleRun& machine, const wasm::Execution& end) {
  if (end.status != wasm::Status::trapped || end.trap == Trap::exit) return std::nullopt;
  Json trap = {{"reason", wasm::trap_text(end.trap)}, {"function", nullptr}, {"pc", nullptr}};
  if (!end.frames.empty()) {
    const wasm::Frame& frame = end.frames.back();
    const auto names = wasm::find_function_names(machine.module());
    trap["function"] = names[machine.store().functions[frame.function].index];
    trap["pc"] = frame.pc;
  }
  return trap;
}

/// What the program gave to proc_exit, if it ended itself so.
std::optional<std::uint32_t> find_exit_code(const wasm::Execution& end, const WasiHost& host) {
  return end.trap == Trap::exit ? host.exit_code() : std::nullopt;
}

struct Outcome {
  wasm::Recording run;
  const wasm::FunctionType& type;
  std::optional<Json> trap;
  std::optional<std::uint32_t> exit_code;
  std::optional<wasm::EffectLog::Summary> effects;
  std::optional<wasm::EffectStream::Summary> digest;  ///< of effects
  std::optional<double> seconds;
};

void print_json(const Context& context, const Outcome& outcome) {
  const wasm::Recording& run = outcome.run;
  Json object = {{"root", run.complete ? Json(run.root.hex()) : Json(nullptr)},
                 {"steps", run.end.steps},
                 {"results", Json::array()},
                 {"trap", outcome.trap.value_or(Json(nullptr))}};
  if (run.end.status == wasm::Status::finished) {
    object["results"] = results_json(outcome.type, run.end.slots);
  }
  if (outcome.exit_code) object["exit"] = *outcome.exit_code;
  if (!run.complete) object["verdict"] = "undecided";
  if (outcome.effects) {
    object["effects"] = logged_json(*outcome.effects);
  }
  if (outcome.digest) object["effectsDigest"] = digest_json(*outcome.digest);
  if (outcome.seconds) object["seconds"] = *outcome.seconds;
  context.print(object);
}

void print_text(const Context& context, const Outcome& outcome) {
  const wasm::Recording& run = outcome.run;
  if (run.complete) context.out << "root " << run.root.hex() << "\n";
  context.out << "steps " << run.end.steps << "\n";
  if (!run.complete) context.out << "undecided: halted by --max-steps\n";
  if (run.end.status == wasm::Status::finished) {
    context.out << results_text(outcome.type, run.end.slots);
  }
  if (outcome.trap) {
    const Json& trap = *outcome.trap;
    context.out << "trap: " << trap["reason"].get<std::string>();
    if (trap["pc"].is_number()) {
      context.out << " in " << terminal_text(trap["function"].get<std::string>()) << " at byte "
                  << trap["pc"];
    }
    if (run.end.frames.empty() && run.end.steps == 0) context.out << " before the first step";
    context.out << "\n";
  }
  if (outcome.exit_code) context.out << "exit " << *outcome.exit_code << "\n";
  if (outcome.effects) context.out << logged_text(*outcome.effects);
  if (outcome.digest) context.out << digest_text(*outcome.digest);
  if (outcome.seconds) context.out << "seconds " << *outcome.seconds << "\n";
}

int print_outcome(const Context& context, const Outcome& outcome) {
  if (context.json) {
    print_json(context, outcome);
  } else {
    print_text(context, outcome);
  }
  if (!outcome.run.complete) return exit_undecided;
  return outcome.trap || outcome.exit_code.value_or(0) != 0 ? exit_no : exit_yes;
}

core::Result<wasm::RecordOptions> load_options(const Arguments& arguments, std::string path) {
  wasm::RecordOptions options;
  options.path = std::move(path);
  options.provenance = {arguments.has("--backend") ? arguments.value("--backend") : "cpu", "",
                        std::string(tool_name)};
  ISOTRACE_TRY(options.steps_max, load_count(arguments, "--max-steps", UINT64_MAX));
  return options;
}

/// --effects FILE, while the run goes on.
class RunEffects {
 public:
  RunEffects(wasm::EffectLog log, const wasm::Module& module)
      : log_(std::move(log)), code_(module) {
    sink_.take = [this](wasm::EffectBytes& steps) {
      log_.append(steps);
      steps.clear();
    };
  }
  RunEffects(const RunEffects&) = delete;
  RunEffects& operator=(const RunEffects&) = delete;

  wasm::EngineFactory engine() { return wasm::logging_engine(sink_, code_); }
  core::Result<wasm::EffectLog::Summary> finish() {
    sink_.take(sink_.steps);
    return log_.finish();
  }

 private:
  wasm::EffectLog log_;
  wasm::CodeTable code_;
  wasm::EffectSink sink_;
};

/// --effects-digest.
class RunDigest {
 public:
  RunDigest(const wasm::RunRequest& request, wasm::NotingEngine kind)
      : program_(request.program), code_(*request.module), kind_(kind) {}
  RunDigest(const RunDigest&) = delete;
  RunDigest& operator=(const RunDigest&) = delete;

  wasm::EngineFactory engine() { return wasm::noting_engine(kind_, stream_, code_); }
  wasm::EffectStream::Summary finish() { return stream_.finish(program_); }

 private:
  core::Digest program_;
  wasm::CodeTable code_;
  wasm::NotingEngine kind_;
  wasm::EffectStream stream_;
};

/// What a run has beside its machine; any of these may be absent.
struct Companions {
  const WasiHost& host;
  const wasm::LoggedHost* log = nullptr;
  RunEffects* effects = nullptr;
  RunDigest* digest = nullptr;
};

/// Why the host refused a call: no record of a tensor step, or none of the call.
core::Refusal refusal_of(const Companions& companions) {
  if (companions.host.refusal()) return *companions.host.refusal();
  ISOTRACE_CHECK(companions.log != nullptr && companions.log->difference());
  return {core::RefusalCode::trace_digest_mismatch, "trace", *companions.log->difference()};
}

/// Prints what became of a run, and how long it took if that is asked for.
template <class Execute>
int execute(const Context& context, wasm::ModuleRun& machine, const Execute& run_to_end,
            const Companions& companions) {
  const auto start = std::chrono::steady_clock::now();
  ISOTRACE_OR_REPORT(context, const std::optional<wasm::Recording> run, run_to_end());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (!run) return report(context, refusal_of(companions));
  std::optional<wasm::EffectLog::Summary> logged;
  if (companions.effects != nullptr) {
    ISOTRACE_OR_REPORT(context, logged, companions.effects->finish());
  }
  std::optional<wasm::EffectStream::Summary> digest;
  if (companions.digest != nullptr) digest = companions.digest->finish();
  return print_outcome(
      context, {*run, machine.store().type_of(machine.invoked()), trap_json(machine, run->end),
                find_exit_code(run->end, companions.host), logged, digest,
                context.timings ? std::optional(seconds.count()) : std::nullopt});
}

/// What a recording says itself, and what no module takes.
std::string resume_problem(const Arguments& arguments) {
  if (arguments.operands().size() > 1) return "run: unexpected operand: " + arguments.operand(1);
  return find_foreign_option(
      arguments, "run",
      {"--input", "--random", "--weights", "--keep", "--expected", "--ensure", "--no-embed",
       "--output", "--out", "--print", "--print-all", "--invoke", "--edition", "--arg", "--env",
       "--virtual", "--seed", "--effects", "--effects-digest"},
      "--resume");
}

/// A second name for a recording while it is taken up: what is written replaces it, and a full disk
/// must not cost the hours that it holds. After a crash FILE.kept is still there.
class KeptRecording {
 public:
  explicit KeptRecording(std::string path) : path_(std::move(path)), kept_(path_ + ".kept") {
    std::error_code error;
    std::filesystem::create_hard_link(path_, kept_, error);
    made_ = !error;
  }
  ~KeptRecording() {
    std::error_code error;
    if (!made_) return;
    if (wanted_ && !std::filesystem::exists(path_, error)) {
      std::filesystem::rename(kept_, path_, error);
    } else {
      std::filesystem::remove(kept_, error);
    }
  }
  KeptRecording(const KeptRecording&) = delete;
  KeptRecording& operator=(const KeptRecording&) = delete;
  /// The run came to an end that its trace states, or its recording was left for the next time.
  void release() { wanted_ = false; }

 private:
  std::string path_;
  std::string kept_;
  bool made_ = false;
  bool wanted_ = true;
};

wasm::Link link_to(WasiHost& host) {
  return
      [&host](wasm::Store& store, const wasm::Module& module) { return host.link(store, module); };
}

}  // namespace

int run_module(const Context& context, const Arguments& arguments,
               const executor::ModelBytes& module) {
  std::string problem =
      find_foreign_option(arguments, "run",
                          {"--input", "--random", "--weights", "--keep", "--expected", "--ensure",
                           "--output", "--out", "--print", "--print-all"},
                          "WebAssembly modules");
  if (problem.empty()) problem = wasi_problem(arguments);
  if (problem.empty() && arguments.has("--effects") && arguments.has("--effects-digest")) {
    problem = "run: one of --effects and --effects-digest";
  }
  if (!problem.empty()) return report_usage(context, problem);
  ISOTRACE_OR_REPORT(context, core::Bytes bytes, read_module(module));
  ISOTRACE_OR_REPORT(context, wasm::RunRequest request, load_request(arguments, std::move(bytes)));
  const std::vector<trace::Setting> settings = wasi_settings(arguments);
  if (!request.module->imports.empty()) request.settings = settings;
  std::optional<RunEffects> effects;
  if (arguments.has("--effects")) {
    ISOTRACE_OR_REPORT(
        context, wasm::EffectLog log,
        wasm::EffectLog::begin(context.files, arguments.value("--effects"), request.program));
    effects.emplace(std::move(log), *request.module);
  }
  std::optional<RunDigest> digest;
  if (arguments.has("--effects-digest")) digest.emplace(request, noting_kind(arguments));
  const wasm::EngineFactory engine = effects  ? effects->engine()
                                     : digest ? digest->engine()
                                              : load_engine(arguments);
  wasm::TensorStepSink tensor_steps;
  ISOTRACE_OR_REPORT(context, const auto host,
                     WasiHost::make(context, arguments, settings, &tensor_steps));
  ISOTRACE_OR_REPORT(context, const auto machine,
                     wasm::ModuleRun::make(request, link_to(*host), engine));
  // The root is the identity of a run and always computed; without --trace the file goes nowhere.
  DiscardFiles nowhere;
  const bool traced = arguments.has("--trace");
  core::Files& files = traced ? context.files : nowhere;
  ISOTRACE_OR_REPORT(context, wasm::RecordOptions options,
                     load_options(arguments, traced ? arguments.value("--trace") : "-"));
  options.tensor_steps = &tensor_steps;
  options.embed_module = traced && !arguments.has("--no-embed");
  if (!traced) options.snapshot_interval = UINT64_MAX;
  return execute(context, *machine,
                 [&] { return wasm::record_run(*machine, request, files, options); },
                 {*host, nullptr, effects ? &*effects : nullptr, digest ? &*digest : nullptr});
}

int resume_recording(const Context& context, const Arguments& arguments) {
  if (const std::string problem = resume_problem(arguments); !problem.empty()) {
    return report_usage(context, problem);
  }
  const std::string& unfinished = arguments.operand(0);
  constexpr std::string_view suffix = ".incomplete";
  std::string path = arguments.value("--trace");
  if (path.empty() && unfinished.ends_with(suffix)) {
    path = unfinished.substr(0, unfinished.size() - suffix.size());
  }
  if (path.empty()) return report_usage(context, "run: --resume needs --trace FILE");
  ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                     context.read(unfinished, core::limits::trace_bytes_max));
  ISOTRACE_OR_REPORT(context, const wasm::Interrupted interrupted, wasm::find_interruption(bytes));
  const auto& calls = interrupted.trace.machine.host_calls;
  wasm::LoggedHost host(interrupted.later_calls, calls.size());
  const std::vector<trace::Setting>& settings = interrupted.request.settings;
  const PastCalls past{interrupted.request.module.get(), {calls, interrupted.later_calls}};
  for (const auto& made : past.calls) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       check_resumable(*past.module, made));
  }
  ISOTRACE_OR_REPORT(context, const auto live,
                     WasiHost::make(context, arguments, settings, nullptr, past));
  ISOTRACE_OR_REPORT(context, const auto machine,
                     wasm::ModuleRun::make(interrupted.request, host.link(link_to(*live)),
                                           load_engine(arguments)));
  ISOTRACE_OR_REPORT(context, const wasm::RecordOptions options, load_options(arguments, path));
  KeptRecording kept(unfinished);
  return execute(context, *machine,
                 [&] {
                   auto run = wasm::resume_run(*machine, interrupted, context.files, options);
                   if (run && *run) kept.release();
                   return run;
                 },
                 {*live, &host});
}

}  // namespace isotrace::tools
