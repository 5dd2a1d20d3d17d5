// Rates of the digests: BLAKE3 with each kernel that the processor has, against OpenSSL's SHA-256.
#include <benchmark/benchmark.h>

#include <isotrace/core/blake3.hpp>

namespace isotrace::core {
namespace {

void blake3_rate(benchmark::State& state, Blake3Kernel kernel) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), 0x5A);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(blake3(bytes, kernel));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void sha256_rate(benchmark::State& state) {
  const Bytes bytes(static_cast<std::size_t>(state.range(0)), 0x5A);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(sha256(bytes));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

void with_sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->Arg(64 << 10)->Arg(4 << 20)->Arg(64 << 20);
}

const bool registered = [] {
  for (const Blake3Kernel kernel : blake3_kernels()) {
    const std::string name = "blake3_" + std::string(blake3_kernel_name(kernel));
    with_sizes(benchmark::RegisterBenchmark(name.c_str(), blake3_rate, kernel));
  }
  with_sizes(benchmark::RegisterBenchmark("sha256", sha256_rate));
  return true;
}();

}  // namespace
}  // namespace isotrace::core
