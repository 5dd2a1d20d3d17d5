// Cost of recording and reading: per step without contents, and per byte of stored contents.
#include <map>
#include <optional>

#include <benchmark/benchmark.h>

#include <isotrace/trace/compare.hpp>
#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

constexpr std::size_t steps = 10000;

void write_steps(benchmark::State& state) {
  const Recording recording = chain_recording(steps);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(write_recording(recording));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(steps));
}
BENCHMARK(write_steps);

void parse_steps(benchmark::State& state) {
  const core::Bytes file = write_recording(chain_recording(steps));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(parse_trace(file));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(steps));
}
BENCHMARK(parse_steps);

void find_last_step(benchmark::State& state) {
  const Trace a = make_trace(chain_recording(steps));
  Recording other = chain_recording(steps);
  other.steps.back().outputs[0].digest.bytes[0] ^= 1;
  const Trace b = make_trace(other);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(find_divergence(a, b));
}
BENCHMARK(find_last_step);

constexpr std::size_t million = 1000000;

/// A trace of a million steps as it is after reading, whose results at one step are others; made
/// once, however often a benchmark is started.
const Trace& million_steps(std::optional<std::size_t> differing) {
  static std::map<std::optional<std::size_t>, Trace> traces;
  const auto found = traces.find(differing);
  if (found != traces.end()) return found->second;
  Recording recording = chain_recording(million);
  if (differing) recording.steps[*differing].outputs[0].digest.bytes[0] ^= 1;
  return traces.emplace(differing, make_trace(recording)).first->second;
}

void compare_a_million_equal_steps(benchmark::State& state) {
  const Trace& a = million_steps(std::nullopt);
  const Trace b = a;
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(find_divergence(a, b));
}
BENCHMARK(compare_a_million_equal_steps)->Unit(benchmark::kMillisecond);

/// Argument: the step that differs.
void find_one_of_a_million_steps(benchmark::State& state) {
  const auto step = static_cast<std::size_t>(state.range(0));
  const Trace& a = million_steps(std::nullopt);
  const Trace& b = million_steps(step);
  for ([[maybe_unused]] auto _ : state) {
    const auto found = find_divergence(a, b);
    if (!found || found->step != step) state.SkipWithError("not found");
  }
}
BENCHMARK(find_one_of_a_million_steps)
    ->Arg(333333)
    ->Arg(million - 1)
    ->Unit(benchmark::kMillisecond);

/// Reading both files whole, with every check, and comparing: what the command does.
void read_and_compare_a_million_steps(benchmark::State& state) {
  static const core::Bytes file = write_recording(chain_recording(million));
  for ([[maybe_unused]] auto _ : state) {
    const auto a = parse_trace(file);
    const auto b = parse_trace(file);
    benchmark::DoNotOptimize(find_divergence(*a, *b));
  }
  state.SetBytesProcessed(state.iterations() * 2 * static_cast<std::int64_t>(file.size()));
}
BENCHMARK(read_and_compare_a_million_steps)->Unit(benchmark::kMillisecond)->Iterations(1);

/// Two tensors of 256 MiB each, which differ in one element near the end: bytes of both are
/// counted.
struct Tensors {
  Tensors() : a(core::Dtype::f32, {64 << 20}), b(a) { b.data<float>()[(64 << 20) - 3] = 1; }
  core::Tensor a;
  core::Tensor b;
};

void compare_stored_tensors(benchmark::State& state) {
  const Tensors tensors;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(find_element_difference(tensors.a, tensors.b));
  }
  state.SetBytesProcessed(state.iterations() * (std::int64_t{512} << 20));
}
BENCHMARK(compare_stored_tensors)->Unit(benchmark::kMillisecond);

/// Every element differs: none is passed over.
void compare_tensors_that_differ_everywhere(benchmark::State& state) {
  Tensors tensors;
  for (float& value : tensors.b.data<float>()) value = 1;
  for ([[maybe_unused]] auto _ : state) {
    benchmark::DoNotOptimize(find_element_difference(tensors.a, tensors.b));
  }
  state.SetBytesProcessed(state.iterations() * (std::int64_t{512} << 20));
}
BENCHMARK(compare_tensors_that_differ_everywhere)->Unit(benchmark::kMillisecond);

/// What one core can read at most: the two tensors added up word by word, in two streams.
void read_stored_tensors(benchmark::State& state) {
  const Tensors tensors;
  const auto words = [](const core::Tensor& tensor) {
    return std::span(reinterpret_cast<const std::uint64_t*>(tensor.bytes().data()),
                     tensor.bytes().size() / 8);
  };
  const auto a = words(tensors.a);
  const auto b = words(tensors.b);
  for ([[maybe_unused]] auto _ : state) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] ^ b[i];
    benchmark::DoNotOptimize(sum);
  }
  state.SetBytesProcessed(state.iterations() * (std::int64_t{512} << 20));
}
BENCHMARK(read_stored_tensors)->Unit(benchmark::kMillisecond);

Recording with_content(std::int64_t bytes) {
  Recording recording = chain_recording(1);
  recording.contents.emplace_back(core::Dtype::u8, core::Shape{bytes});
  return recording;
}

void write_content(benchmark::State& state) {
  const Recording recording = with_content(state.range(0));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(write_recording(recording));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(write_content)->Arg(64 << 20);

void parse_content(benchmark::State& state) {
  const core::Bytes file = write_recording(with_content(state.range(0)));
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(parse_trace(file));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(parse_content)->Arg(64 << 20);

}  // namespace
}  // namespace isotrace::trace::samples
