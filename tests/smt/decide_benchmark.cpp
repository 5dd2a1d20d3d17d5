// What a query costs beside solving: until the child of an engine is locked in.
#include <benchmark/benchmark.h>

#include <isotrace/smt/decide.hpp>

namespace isotrace::smt {
namespace {

void start_of_an_engine(benchmark::State& state, Engine engine) {
  DecideOptions options;
  options.engines = {engine};
  for (auto _ : state) {
    bits::TermPool pool;
    const bits::Term x = pool.variable("x", bits::vector_sort(8));
    const auto decision = decide(pool, pool.equal(x, pool.constant(143, 8)), options);
    if (!decision || decision->runs.empty()) {
      state.SkipWithError("not decided");
      break;
    }
    state.SetIterationTime(decision->runs[0].start_milliseconds / 1e3);
  }
}
BENCHMARK_CAPTURE(start_of_an_engine, gates, Engine::gates)->UseManualTime();
BENCHMARK_CAPTURE(start_of_an_engine, z3, Engine::z3)->UseManualTime();
BENCHMARK_CAPTURE(start_of_an_engine, cvc5, Engine::cvc5)->UseManualTime();

}  // namespace
}  // namespace isotrace::smt
