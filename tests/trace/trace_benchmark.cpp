// Cost of recording and reading: per step without contents, and per byte of stored contents.
#include <benchmark/benchmark.h>

#include <isotrace/trace/compare.hpp>
#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::testing {
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
}  // namespace isotrace::trace::testing
