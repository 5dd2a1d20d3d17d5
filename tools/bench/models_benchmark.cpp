// Whole models, here and in ONNX Runtime: the same file, operands and threads, runs interleaved,
// each side in a process of its own so that each peak of memory is its own. usage: models_benchmark
// [--threads N] [--rounds N] [--peer NODE_MODULES] MODEL.onnx...
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>
#include <optional>
#include <sstream>

#include <CLI/CLI.hpp>

#include <isotrace/core/file.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/commands/discard_files.hpp>

namespace {

using namespace isotrace;

struct Times {
  double wall_ms = INFINITY;
  double cpu_ms = INFINITY;

  void keep_best(const Times& other) {
    wall_ms = std::min(wall_ms, other.wall_ms);
    cpu_ms = std::min(cpu_ms, other.cpu_ms);
  }
};

// ---- One side: answers a line per command.

double cpu_ms() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return 1e3 * static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_nsec);
}

template <class Run>
Times measure(Run run) {
  const double cpu = cpu_ms();
  const auto start = std::chrono::steady_clock::now();
  run();
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - start;
  return {wall.count(), cpu_ms() - cpu};
}

/// Element i of a float is (7919 i mod 1000) / 1000, of an integer i mod 2 (onnxruntime_peer.mjs).
core::Tensor operand_of(const core::ProgramInput& input) {
  core::Shape shape = input.shape;
  std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  core::Tensor tensor(input.dtype, shape);
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    if (input.dtype == core::Dtype::i64) {
      tensor.data<std::int64_t>()[i] = static_cast<std::int64_t>(i % 2);
    } else {
      tensor.data<float>()[i] = static_cast<float>(7919 * i % 1000) / 1000;
    }
  }
  return tensor;
}

template <class T>
T value_or_exit(core::Result<T> result) {
  if (result) return *std::move(result);
  std::cerr << "models_benchmark: " << core::describe(result.error()) << "\n";
  std::_Exit(1);
}

double mean_magnitude(const core::Tensor& tensor) {
  double sum = 0;
  for (const float x : tensor.data<float>()) sum += std::fabs(x);
  return sum / static_cast<double>(tensor.elements());
}

int serve(const std::string& path, unsigned threads) {
  core::PosixFiles files;
  const auto program = [&] {
    const auto bytes = value_or_exit(files.read(path, core::limits::model_bytes_max));
    return value_or_exit(executor::import_onnx(bytes));
  }();
  std::vector<executor::NamedTensor> inputs;
  for (const auto& input : program.inputs) inputs.push_back({input.name, operand_of(input)});
  const auto backend =
      value_or_exit(backends::make_backend("cpu", {.threads = threads, .isa = {}}));
  const backends::ConstantsHold hold(*backend, program.constants);
  tools::DiscardFiles nowhere;
  const core::ProgramIdentity identity = core::identify_program(program);
  const executor::RecordOptions options{.path = "-",
                                        .embed_program = false,
                                        .tool = {},
                                        .hash_threads = executor::spare_hash_threads(threads),
                                        .identity = &identity};
  std::vector<executor::NamedTensor> outputs;
  std::cout << "ready" << std::endl;
  for (std::string line; std::getline(std::cin, line) && line != "end";) {
    const Times times = measure([&] {
      outputs =
          line == "record"
              ? value_or_exit(executor::record(program, inputs, *backend, nowhere, options)).outputs
              : value_or_exit(executor::execute(program, inputs, *backend));
    });
    std::cout << times.wall_ms << " " << times.cpu_ms << std::endl;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::cout << usage.ru_maxrss << " " << mean_magnitude(outputs.front().value) << std::endl;
  return 0;
}

// ---- The other: asks both sides in turn.

/// A process that answers a line per command; commands are not sent before it is ready.
class Side {
 public:
  explicit Side(const std::vector<std::string>& command) {
    int to[2];
    int from[2];
    if (pipe(to) != 0 || pipe(from) != 0) fail("pipe");
    child_ = fork();
    if (child_ < 0) fail("fork");
    if (child_ == 0) {
      dup2(to[0], 0);
      dup2(from[1], 1);
      for (const int end : {to[0], to[1], from[0], from[1]}) close(end);
      std::vector<char*> arguments;
      for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
      arguments.push_back(nullptr);
      execvp(arguments[0], arguments.data());
      std::_Exit(127);
    }
    close(to[0]);
    close(from[1]);
    commands_ = fdopen(to[1], "w");
    answers_ = fdopen(from[0], "r");
    read_line();
  }
  ~Side() {
    std::fclose(commands_);
    std::fclose(answers_);
    waitpid(child_, nullptr, 0);
  }
  Side(const Side&) = delete;
  Side& operator=(const Side&) = delete;

  /// The two numbers of the answer.
  std::pair<double, double> ask(const char* command) {
    std::fprintf(commands_, "%s\n", command);
    std::fflush(commands_);
    std::istringstream answer(read_line());
    std::pair<double, double> numbers;
    if (!(answer >> numbers.first >> numbers.second)) fail(command);
    return numbers;
  }
  Times run(const char* command) {
    const auto [wall, cpu] = ask(command);
    return {wall, cpu};
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    std::cerr << "models_benchmark: " << what << " failed\n";
    std::_Exit(1);
  }
  std::string read_line() {
    std::string line;
    int c = 0;
    while ((c = std::fgetc(answers_)) != EOF && c != '\n') line += static_cast<char>(c);
    if (c == EOF) fail("a side");
    return line;
  }

  pid_t child_;
  std::FILE* commands_;
  std::FILE* answers_;
};

void compare(const std::string& path, const std::string& threads, int rounds,
             const std::string& modules) {
  const std::string self = std::filesystem::canonical("/proc/self/exe");
  Side ours({self, "--serve", "--threads", threads, path});
  std::optional<Side> peer;
  if (!modules.empty()) {
    peer.emplace(std::vector<std::string>{"node", ISOTRACE_PEER_SCRIPT, modules, path, threads});
  }
  Times execute;
  Times record;
  Times other;
  for (int round = 0; round < rounds; ++round) {
    execute.keep_best(ours.run("run"));
    if (peer) other.keep_best(peer->run("run"));
    record.keep_best(ours.run("record"));
  }
  const auto [peak, mean] = ours.ask("end");
  std::printf("%-14s %s  run %7.1f ms (cpu %7.1f)  traced %7.1f ms (cpu %7.1f)  %5.0f MB",
              std::filesystem::path(path).stem().c_str(), threads.c_str(), execute.wall_ms,
              execute.cpu_ms, record.wall_ms, record.cpu_ms, peak / 1024);
  if (peer) {
    const auto [peer_peak, peer_mean] = peer->ask("end");
    std::printf(
        "  | onnxruntime %7.1f ms (cpu %7.1f)  %5.0f MB | %.2fx speed %.2fx memory, means %.6g "
        "%.6g",
        other.wall_ms, other.cpu_ms, peer_peak / 1024, other.cpu_ms / execute.cpu_ms,
        peak / peer_peak, mean, peer_mean);
  }
  std::printf("\n");
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Whole models, here and in ONNX Runtime.");
  std::string threads = "1";
  int rounds = 10;
  std::string modules;
  bool serves = false;
  std::vector<std::string> models;
  app.add_option("--threads", threads);
  app.add_option("--rounds", rounds)->check(CLI::Range(1, 1000));
  app.add_option("--peer", modules, "node_modules with onnxruntime-node");
  app.add_flag("--serve", serves)->group("");
  app.add_option("MODELS", models)->required();
  CLI11_PARSE(app, argc, argv);
  if (serves) return serve(models.front(), static_cast<unsigned>(std::stoul(threads)));
  for (const std::string& model : models) compare(model, threads, rounds, modules);
  return 0;
}
