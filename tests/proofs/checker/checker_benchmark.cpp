// Cost of a tree node on a network of the size of ACAS Xu (5 inputs, 6 x 50 hidden, 5 outputs).
#include <benchmark/benchmark.h>

#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/node_bounds.hpp>
#include <isotrace/proofs/checker/rounding.hpp>

#include "tests/proofs/checker/nets.hpp"

namespace {

using namespace isotrace;

void bound_node(benchmark::State& state) {
  core::PhiloxStream random(5);
  const auto program = tests::dense_net(random, {5, 50, 50, 50, 50, 50, 50, 5});
  const proofs::DownwardRounding downward;
  const auto network = proofs::lower_program(program);
  const proofs::NodeBounder bounder(*network, proofs::Level::any_order);
  proofs::Bounds box(5);
  const double radius = 1.0 / static_cast<double>(state.range(0));
  for (std::size_t i = 0; i < 5; ++i) box.lower[i] = 0.1, box.upper[i] = 0.1 + radius;
  std::size_t unstable = 0;
  for (auto _ : state) {
    const auto node = bounder.bound(box, nullptr);
    unstable = 0;
    for (const auto& bounds : *node->inputs) unstable += proofs::count_unstable(bounds, 50);
  }
  state.counters["unstable"] = static_cast<double>(unstable);
}
BENCHMARK(bound_node)->Arg(1)->Arg(4)->Arg(16)->Arg(64);

}  // namespace
