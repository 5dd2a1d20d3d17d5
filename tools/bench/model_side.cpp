#include <isotrace/tools/bench/model_side.hpp>

#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/prepared_program.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/commands/discard_files.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Result;

long long nanoseconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return 1'000'000'000LL * time.tv_sec + time.tv_nsec;
}

/// The numbers of onnx_runtime.js: floats in [-0.5, 0.5), integers 0.
Result<core::Tensor> make_operand(const core::ProgramInput& input) {
  core::Shape shape = input.shape == core::any_rank ? core::Shape{} : input.shape;
  std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make(input.dtype, std::move(shape)));
  if (input.dtype == core::Dtype::i64) return tensor;
  if (input.dtype != core::Dtype::f32) {
    return core::refuse(core::RefusalCode::input_missing, "input " + input.name,
                        "only floats of 32 bits and integers of 64 are made up");
  }
  std::uint32_t state = 1;
  for (float& element : tensor.data<float>()) {
    state = state * 1664525 + 1013904223;
    element = static_cast<float>(state / 4294967296.0 - 0.5);
  }
  return tensor;
}

double mean_magnitude(const core::Tensor& tensor) {
  if (tensor.dtype() != core::Dtype::f32) return NAN;
  double sum = 0;
  for (const float x : tensor.data<float>()) sum += std::fabs(x);
  return sum / static_cast<double>(tensor.elements());
}

class ModelSide {
 public:
  static Result<std::unique_ptr<ModelSide>> make(const std::string& path, unsigned threads,
                                                 const std::string& isa) {
    ISOTRACE_TRY(const auto model, executor::ModelFile::open(path));
    const executor::ModelFolder folder = executor::ModelFolder::of_model(path);
    auto side = std::make_unique<ModelSide>();
    ISOTRACE_TRY(side->program_, executor::import_onnx(*model, {.folder = &folder, .weights = {}}));
    ISOTRACE_TRY(side->inputs_, make_operands(side->program_));
    ISOTRACE_TRY(side->backend_, backends::make_backend("cpu", {.threads = threads, .isa = isa}));
    side->prepared_.emplace(side->program_, *side->backend_);
    side->identity_ = core::identify_program(side->program_);
    side->hash_threads_ = executor::choose_hash_threads(threads);
    return side;
  }

  Result<std::string> answer(const std::string& request) {
    if (request == "run" || request == "record") {
      const long long computed = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
      const long long start = nanoseconds(CLOCK_MONOTONIC);
      ISOTRACE_TRY_DONE(request == "run" ? run() : record());
      const long long end = nanoseconds(CLOCK_MONOTONIC);
      return std::to_string(nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - computed) + " " +
             std::to_string(end - start);
    }
    if (request == "ready") return request;
    if (request == "root") return root_.hex();
    if (request == "mean") {
      return std::to_string(outputs_.empty() ? NAN : mean_magnitude(outputs_[0].value));
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return std::to_string(1024 * usage.ru_maxrss);
  }

 private:
  Result<core::Done> run() {
    ISOTRACE_TRY(outputs_, prepared_->execute(inputs_));
    return core::Done{};
  }

  Result<core::Done> record() {
    DiscardFiles nowhere;
    const executor::RecordOptions options{.path = "-",
                                          .embed_program = false,
                                          .tool = {},
                                          .hash_threads = hash_threads_,
                                          .identity = &identity_};
    ISOTRACE_TRY(executor::Recording recording, prepared_->record(inputs_, nowhere, options));
    outputs_ = std::move(recording.outputs);
    root_ = recording.root;
    return core::Done{};
  }

  core::Program program_;
  std::vector<executor::NamedTensor> inputs_;
  std::unique_ptr<backends::Backend> backend_;
  std::optional<executor::PreparedProgram> prepared_;
  core::ProgramIdentity identity_;
  unsigned hash_threads_ = 0;
  std::vector<executor::NamedTensor> outputs_;
  core::Digest root_;
};

Result<core::Done> serve(const std::string& path, unsigned threads, const std::string& isa) {
  ISOTRACE_TRY(const auto side, ModelSide::make(path, threads, isa));
  for (std::string line; std::getline(std::cin, line);) {
    ISOTRACE_TRY(const std::string answer, side->answer(line));
    std::cout << answer << std::endl;
  }
  return core::Done{};
}

}  // namespace

std::vector<std::string> model_side_command(const std::string& path, const BenchOptions& options) {
  std::error_code error;
  return {std::filesystem::read_symlink("/proc/self/exe", error).string(),
          std::string(model_side_word), path, std::to_string(options.threads), options.isa};
}

int serve_model(const std::vector<std::string>& words) {
  if (words.size() != 3) return 2;
  const auto threads = parse_count(words[1]);
  if (!threads) return 2;
  const auto served = serve(words[0], static_cast<unsigned>(*threads), words[2]);
  if (served) return 0;
  std::cout << "refused " << core::describe(served.error()) << std::endl;
  return 3;
}

Result<std::vector<executor::NamedTensor>> make_operands(const core::Program& program) {
  std::vector<executor::NamedTensor> operands;
  for (const core::ProgramInput& input : program.inputs) {
    ISOTRACE_TRY(core::Tensor operand, make_operand(input));
    operands.push_back({input.name, std::move(operand)});
  }
  return operands;
}

}  // namespace isotrace::tools::bench
