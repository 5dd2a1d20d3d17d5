// Instructions per second of both engines on the kernels of $ISOTRACE_DATA/wasm-kernels, with the
// arguments of its params.txt: items_per_second.
#include <fstream>
#include <iostream>

#include <benchmark/benchmark.h>

#include <isotrace/core/file.hpp>
#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/record/engines.hpp>
#include <isotrace/wasm/validate.hpp>

#include "tests/support/data.hpp"

namespace isotrace::wasm::tests {
namespace {

void run_kernel(benchmark::State& state, const std::string& path, Slot argument,
                std::unique_ptr<Engine> (*make)(Store& store)) {
  std::uint64_t steps = 0;
  for (auto _ : state) {
    state.PauseTiming();
    Store store;
    auto module = load_module(isotrace::tests::read_file(path), Edition::v2);
    const auto made = instantiate(store, std::make_shared<const Module>(*std::move(module)), {});
    const std::unique_ptr<Engine> engine = make(store);
    const Address function = exports_of(store, made->instance).at("run").address;
    state.ResumeTiming();
    const auto begun = engine->begin(function, std::span(&argument, 1));
    if (!begun || !engine->run_to_suspend_point(UINT64_MAX) ||
        engine->state().status != Status::finished) {
      state.SkipWithError("no result");
    }
    steps += engine->steps();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(steps));
}

void add_kernels(const std::string& folder) {
  std::ifstream parameters(folder + "/params.txt");
  for (std::string name, argument; parameters >> name >> argument;) {
    const std::string path = folder + "/" + name + ".wasm";
    const Slot number = std::stoull(argument);
    benchmark::RegisterBenchmark(("fast/" + name).c_str(), run_kernel, path, number,
                                 make_fastest_engine)
        ->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("reference/" + name).c_str(), run_kernel, path, number,
                                 make_reference_engine)
        ->Unit(benchmark::kMillisecond)
        ->Iterations(1);
  }
}

}  // namespace
}  // namespace isotrace::wasm::tests

int main(int argc, char** argv) {
  const auto folder = isotrace::tests::find_data("wasm-kernels");
  if (!folder) {
    std::cerr << "ISOTRACE_DATA/wasm-kernels is absent\n";
    return 1;
  }
  isotrace::wasm::tests::add_kernels(*folder);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
