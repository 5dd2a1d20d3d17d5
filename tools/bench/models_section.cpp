// Whole models, here and in ONNX Runtime: the same file and operands, runs in turn, each side in a
// process of its own. Models of public architectures with made-up weights are written to a
// temporary folder, one at a time, unless files are given.
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <thread>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/bench/model_side.hpp>
#include <isotrace/tools/bench/onnx_runtime.hpp>
#include <isotrace/tools/bench/section.hpp>
#include <isotrace/tools/bench/temporary_folder.hpp>
#include <isotrace/tools/commands/discard_files.hpp>
#include <isotrace/tools/models/models.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Result;

/// Threads of the peer look for work for a while after their turn, and keep processors busy.
constexpr std::chrono::milliseconds peer_rests(50);

struct MadeModel {
  std::string_view name;
  std::function<onnx::ModelProto()> make;
};

const std::vector<MadeModel>& made_models() {
  static const std::vector<MadeModel> models = {
      {"resnet50", [] { return models::make_resnet({}); }},
      {"resnet50 folded", [] { return models::make_resnet({.fold = true}); }},
      {"mobilenet", [] { return models::make_mobilenet({}); }},
      {"bert", [] { return models::make_bert({}); }},
      {"gpt2", [] { return models::make_gpt2({}); }}};
  return models;
}

Result<core::Done> write_model(const MadeModel& model, const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  const bool written = model.make().SerializeToOstream(&file);
  file.close();
  if (written && file) return core::Done{};
  return core::refuse(core::RefusalCode::file_write_failed, path);
}

/// Milliseconds, the least of many runs: of all processors together, and by the clock.
struct Times {
  double computed = std::numeric_limits<double>::infinity();
  double clock = std::numeric_limits<double>::infinity();

  /// One run more; false if the answer is none.
  bool keep(const std::string& answer) {
    std::istringstream text(answer);
    double run_computed = 0;
    double run_clock = 0;
    if (!(text >> run_computed >> run_clock)) return false;
    computed = std::min(computed, 1e-6 * run_computed);
    clock = std::min(clock, 1e-6 * run_clock);
    return true;
  }
};

/// What one process answers; absent where it fails.
struct Side {
  LineProcess* process = nullptr;
  bool present = false;

  void run(const char* request, Times& times) {
    if (present) present = times.keep(process->ask(request));
  }
  Speed ask(const char* request) {
    if (!present) return std::nullopt;
    const std::string answer = process->ask(request);
    char* end = nullptr;
    const double value = std::strtod(answer.c_str(), &end);
    const bool whole = !answer.empty() && end == answer.c_str() + answer.size();
    return whole ? Speed(value) : std::nullopt;
  }
};

/// One row of each table.
struct ModelRows {
  BenchRow computed;
  BenchRow clock;
  BenchRow memory;
  Speed mean;       ///< of our first output
  Speed peer_mean;  ///< of ONNX Runtime's
};

Result<core::Digest> reference_root(const std::string& path) {
  ISOTRACE_TRY(const auto file, executor::ModelFile::open(path));
  const executor::ModelFolder folder = executor::ModelFolder::of_model(path);
  ISOTRACE_TRY(const core::Program program,
               executor::import_onnx(*file, {.folder = &folder, .weights = {}}));
  ISOTRACE_TRY(const auto inputs, make_operands(program));
  ISOTRACE_TRY(const auto backend, backends::make_backend("reference", {}));
  DiscardFiles nowhere;
  const executor::RecordOptions options{.path = "-", .embed_program = false, .tool = {}};
  ISOTRACE_TRY(const executor::Recording recording,
               executor::record(program, inputs, *backend, nowhere, options));
  return recording.root;
}

Result<ModelRows> bench_model(const std::string& name, const std::string& path,
                              const BenchOptions& options) {
  const auto process = LineProcess::start(model_side_command(path, options));
  const std::string ready = process == nullptr ? "" : process->ask("ready");
  if (ready != "ready") {
    return core::refuse(core::RefusalCode::file_read_failed, path, "our side says: " + ready);
  }
  const auto runtime = OnnxRuntime::find(options.onnx_runtime_path, options.threads);
  Side ours{process.get(), true};
  Side peer{runtime ? &runtime->process() : nullptr, runtime && runtime->load_file(path)};
  Times run;
  Times record;
  Times other;
  const int rounds_min = options.quick ? 2 : 5;
  // Before any run with a trace: what the peer does not keep would count as ours.
  for (int i = 0; i < rounds_min; ++i) ours.run("run", run);
  const Speed peak = ours.ask("peak");
  const auto start = std::chrono::steady_clock::now();
  const std::chrono::duration<double> enough(10 * options.seconds());
  for (int i = 0; i < rounds_min || std::chrono::steady_clock::now() - start < enough; ++i) {
    ours.run("run", run);
    peer.run("measure", other);
    if (peer.present) std::this_thread::sleep_for(peer_rests);
    ours.run("record", record);
  }
  ISOTRACE_TRY(const core::Digest root, reference_root(path));
  const bool identical = ours.present && process->ask("root") == root.hex();
  const auto of_peer = [&peer](double value) { return peer.present ? Speed(value) : std::nullopt; };
  const auto megabytes = [](Speed bytes) { return bytes ? Speed(*bytes / (1 << 20)) : bytes; };
  ModelRows rows;
  rows.mean = ours.ask("mean");
  rows.peer_mean = peer.ask("mean");
  rows.computed = {name, {run.computed, record.computed, of_peer(other.computed)}, identical};
  rows.clock = {name, {run.clock, record.clock, of_peer(other.clock)}, identical};
  rows.memory = {
      name, {megabytes(peak), megabytes(ours.ask("peak")), megabytes(peer.ask("peak"))}, identical};
  return rows;
}

BenchTable make_table(std::string section, std::string unit, std::vector<std::string> columns) {
  BenchTable table;
  table.section = std::move(section);
  table.unit = std::move(unit);
  table.columns = std::move(columns);
  table.less_is_better = true;
  return table;
}

std::string mean_note(const std::string& name, const ModelRows& rows) {
  std::ostringstream text;
  text << name << ": mean magnitude of the first output " << *rows.mean << ", of ORT's "
       << *rows.peer_mean;
  return text.str();
}

}  // namespace

Result<std::vector<BenchTable>> bench_models(const BenchOptions& options) {
  const std::vector<std::string> columns = {"ours", "ours, traced", "ORT"};
  BenchTable computed = make_table("models", "ms of all processors", columns);
  BenchTable clock = make_table("models, clock", "ms by the clock", columns);
  BenchTable memory = make_table("models, memory", "MiB at the peak", columns);
  const auto add = [&](const std::string& name, const std::string& path) -> Result<core::Done> {
    ISOTRACE_TRY(ModelRows rows, bench_model(name, path, options));
    if (rows.mean && rows.peer_mean) memory.notes.push_back(mean_note(name, rows));
    computed.rows.push_back(std::move(rows.computed));
    clock.rows.push_back(std::move(rows.clock));
    memory.rows.push_back(std::move(rows.memory));
    return core::Done{};
  };
  for (const std::string& path : options.models) {
    ISOTRACE_TRY_DONE(add(std::filesystem::path(path).stem().string(), path));
  }
  for (const MadeModel& model : made_models()) {
    if (!options.models.empty() || (options.quick && model.name != "mobilenet")) continue;
    ISOTRACE_TRY(const auto folder, TemporaryFolder::make());
    const std::string path = folder->path() + "/model.onnx";
    ISOTRACE_TRY_DONE(write_model(model, path));
    ISOTRACE_TRY_DONE(add(std::string(model.name), path));
  }
  const auto runtime = OnnxRuntime::find(options.onnx_runtime_path, options.threads);
  computed.notes.push_back("batch 1, sequences of 128; traced: with the trace root");
  computed.notes.push_back(runtime ? "ORT: ONNX Runtime " + runtime->version()
                                   : "ONNX Runtime absent");
  return std::vector{std::move(computed), std::move(clock), std::move(memory)};
}

}  // namespace isotrace::tools::bench
