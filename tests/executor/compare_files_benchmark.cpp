// Cost of comparing two trace files of a million steps from the first byte read to the answer, with
// files in the page cache, and of reading one with every check.
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>

#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <isotrace/core/file.hpp>
#include <isotrace/executor/compare_files.hpp>

#include "tests/trace/sample.hpp"

namespace isotrace::executor {
namespace {

constexpr std::size_t million = 1000000;

/// A file in the folder for temporary ones, which goes with the program.
class BlocksOnDisk final : public BlockSource {
 public:
  explicit BlocksOnDisk(const core::Bytes& bytes) : size_(bytes.size()) {
    core::PosixFiles files;
    path_ = std::filesystem::temp_directory_path() /
            ("isotrace_benchmark_" + std::to_string(::getpid()) + "_" + std::to_string(size_));
    if (files.write(path_, bytes)) descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    ::unlink(path_.c_str());
  }
  BlocksOnDisk(const BlocksOnDisk&) = delete;
  BlocksOnDisk& operator=(const BlocksOnDisk&) = delete;
  ~BlocksOnDisk() override { ::close(descriptor_); }

  [[nodiscard]] std::uint64_t size() const override { return size_; }
  [[nodiscard]] bool read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      const auto got = ::pread(descriptor_, out.data(), out.size(), static_cast<off_t>(offset));
      if (got <= 0) return false;
      offset += static_cast<std::uint64_t>(got);
      out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
  }

 private:
  std::uint64_t size_;
  std::string path_;
  int descriptor_ = -1;
};

/// The file of a million steps whose results at one step are others; made once.
const BlocksOnDisk& million_steps(const std::string& backend, std::optional<std::size_t> fault) {
  static std::map<std::pair<std::string, std::optional<std::size_t>>, BlocksOnDisk> files;
  const auto found = files.find({backend, fault});
  if (found != files.end()) return found->second;
  auto recording = trace::samples::chain_recording(million);
  recording.provenance.backend = backend;
  if (fault) recording.steps[*fault].outputs[0].digest.bytes[0] ^= 1;
  return files.try_emplace({backend, fault}, trace::samples::write_recording(recording))
      .first->second;
}

/// Argument: threads.
void compare_equal_files(benchmark::State& state) {
  const auto& a = million_steps("reference", std::nullopt);
  const auto& b = million_steps("cpu", std::nullopt);
  for ([[maybe_unused]] auto _ : state) {
    const auto found = compare_files(a, b, static_cast<unsigned>(state.range(0)));
    if (!found || found->divergence) state.SkipWithError("not identical");
  }
}
BENCHMARK(compare_equal_files)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();

/// Arguments: threads, the step that differs.
void find_a_step_in_files(benchmark::State& state) {
  const auto step = static_cast<std::size_t>(state.range(1));
  const auto& a = million_steps("reference", std::nullopt);
  const auto& b = million_steps("cpu", step);
  for ([[maybe_unused]] auto _ : state) {
    const auto found = compare_files(a, b, static_cast<unsigned>(state.range(0)));
    if (!found || !found->divergence || found->divergence->step != step) {
      state.SkipWithError("not found");
    }
  }
}
BENCHMARK(find_a_step_in_files)
    ->ArgsProduct({{1, 2}, {333333, million - 1}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime();

/// What stands against it: reading one of them with every check.
void parse_a_million_steps(benchmark::State& state) {
  const auto& file = million_steps("reference", std::nullopt);
  core::Bytes bytes(file.size());
  if (!file.read(0, bytes)) state.SkipWithError("not read");
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(trace::parse_trace(bytes));
}
BENCHMARK(parse_a_million_steps)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime();

}  // namespace
}  // namespace isotrace::executor
