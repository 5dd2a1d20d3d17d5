// Every operation that the prover reads, against the reference executor: what the search's network
// computes, and whether any run ever leaves the bounds of the checker.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/node_bounds.hpp>
#include <isotrace/proofs/checker/rounding.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "graphs.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using tests::graph_inputs;

std::vector<float> run(const core::Program& program, const std::vector<float>& x) {
  const core::FloatEnvironment environment;
  const auto backend = backends::make_backend("reference", {});
  auto outputs = search::run_on_floats(program, x, **backend);
  EXPECT_TRUE(outputs) << (outputs ? "" : core::describe(outputs.error()));
  return outputs ? *std::move(outputs) : std::vector<float>();
}

TEST(Graphs, the_search_computes_what_the_reference_computes) {
  PhiloxStream random(11);
  for (std::size_t kind = 0; kind < tests::graph_kinds; ++kind) {
    const core::Program program = tests::random_graph(random, kind, 1);
    const core::FloatEnvironment environment;
    const auto network = search::lower_program(program, Level::any_order);
    ASSERT_TRUE(network) << "kind " << kind << ": " << core::describe(network.error());
    for (int round = 0; round < 10; ++round) {
      const auto x = tests::uniforms(random, graph_inputs);
      const auto expected = run(program, x);
      const auto found = tests::run_network(*network, x);
      ASSERT_EQ(found.size(), expected.size()) << "kind " << kind;
      for (std::size_t i = 0; i < found.size(); ++i) {
        ASSERT_NEAR(found[i], double{expected[i]}, 1e-5) << "kind " << kind << ", output " << i;
      }
    }
  }
}

struct Range {
  std::vector<float> low, high;
};

/// Bounds of all outputs; nothing where values may come near overflow.
std::optional<Bounds> checker_bounds(const core::Program& program, const Range& range) {
  const DownwardRounding downward;
  const auto network = lower_program(program);
  EXPECT_TRUE(network) << (network ? "" : core::describe(network.error()));
  if (!network) return std::nullopt;
  Bounds box(graph_inputs);
  std::copy(range.low.begin(), range.low.end(), box.lower.begin());
  std::copy(range.high.begin(), range.high.end(), box.upper.begin());
  auto node = NodeBounder(*network, Level::any_order).bound(std::move(box), nullptr);
  if (!node) return std::nullopt;
  return node->layers.back().values;
}

/// Corners of the box, points inside, and points that are pushed uphill or downhill by trying.
class Adversary {
 public:
  Adversary(const core::Program& program, const Range& range, const Bounds& bounds)
      : program_(program), range_(range), bounds_(bounds) {}

  void attack(PhiloxStream& random) {
    std::vector<float> best = point(random, 0);
    double worst = -HUGE_VAL;
    for (int step = 0; step < 30; ++step) {
      std::vector<float> x = step < 10 ? point(random, static_cast<unsigned>(step % 3)) : best;
      if (step >= 10) x[random.next_below(graph_inputs)] = point(random, 0)[0];
      for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = std::clamp(x[i], range_.low[i], range_.high[i]);
      const double nearest = judge(x);
      if (nearest > worst) {
        worst = nearest;
        best = x;
      }
    }
  }

 private:
  std::vector<float> point(PhiloxStream& random, unsigned kind) const {
    std::vector<float> x(graph_inputs);
    for (std::size_t i = 0; i < x.size(); ++i) {
      const float inside = range_.low[i] + (range_.high[i] - range_.low[i]) * random.next_f32();
      const bool up = (random.next_u32() & 1U) != 0;
      x[i] = kind == 0 ? inside : up ? range_.high[i] : range_.low[i];
    }
    return x;
  }

  /// How near an output comes to its bound, as a share of the bounds' width.
  double judge(const std::vector<float>& x) {
    const auto outputs = run(program_, x);
    double nearest = -HUGE_VAL;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const double y = double{outputs[i]};
      EXPECT_GE(y, bounds_.lower[i]);
      EXPECT_LE(y, bounds_.upper[i]);
      const double width = bounds_.upper[i] - bounds_.lower[i];
      nearest =
          std::max(nearest, width > 0 ? std::fabs(y - bounds_.lower[i] - width / 2) / width : 0);
    }
    return nearest;
  }

  const core::Program& program_;
  const Range& range_;
  const Bounds& bounds_;
};

/// A box around a random centre.
Range random_range(PhiloxStream& random, float scale, float radius) {
  Range range;
  for (const float centre : tests::uniforms(random, graph_inputs)) {
    range.low.push_back(centre * scale);
    range.high.push_back(centre * scale + radius * scale * random.next_f32());
  }
  return range;
}

void attack_all_kinds(std::uint64_t seed, float weights, float inputs, float radius) {
  PhiloxStream random(seed);
  for (std::size_t kind = 0; kind < tests::graph_kinds; ++kind) {
    for (int net = 0; net < 4; ++net) {
      const core::Program program = tests::random_graph(random, kind, weights);
      const Range range = random_range(random, inputs, radius);
      const auto bounds = checker_bounds(program, range);
      ASSERT_TRUE(bounds) << "kind " << kind;
      Adversary(program, range, *bounds).attack(random);
      ASSERT_FALSE(testing::Test::HasFailure()) << "kind " << kind << ", net " << net;
    }
  }
}

TEST(Graphs, runs_stay_inside_the_bounds_of_the_checker) { attack_all_kinds(21, 1, 1, 1); }

TEST(Graphs, thin_boxes_where_rounding_is_all_there_is) { attack_all_kinds(22, 3, 1, 1e-7F); }

TEST(Graphs, single_points) { attack_all_kinds(23, 1, 5, 0); }

TEST(Graphs, large_weights_that_cancel) { attack_all_kinds(24, 3e7F, 1, 1e-3F); }

TEST(Graphs, subnormal_weights_and_inputs) {
  attack_all_kinds(25, 1e-39F, 1, 1);
  attack_all_kinds(26, 1, 1e-39F, 1);
  attack_all_kinds(27, 1e-20F, 1e-20F, 1);
}

TEST(Graphs, sums_that_cancel_to_the_last_bit) {
  PhiloxStream random(28);
  for (int net = 0; net < 40; ++net) {
    tests::Graph graph({1, 12});
    // Each weight stands beside its negation, so that the exact result is near zero.
    std::vector<float> weights = tests::uniforms(random, 12);
    for (std::size_t i = 0; i < 12; i += 2) {
      weights[i] *= 1e6F;
      weights[i + 1] = -std::nextafter(weights[i], 0.0F);
    }
    const int sum = graph.node(core::Op::matmul, {0, graph.floats({12, 1}, weights)},
                               {{"k_segment", std::int64_t{256}}});
    const core::Program program =
        graph.build({graph.node(core::Op::mul, {sum, graph.floats({1}, {3e5F})})});
    Range range;
    range.low.assign(12, 1);
    range.high.assign(12, 1 + std::ldexp(1.0F, -static_cast<int>(random.next_below(24))));
    const auto bounds = checker_bounds(program, range);
    ASSERT_TRUE(bounds);
    Adversary(program, range, *bounds).attack(random);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

TEST(Graphs, every_kind_is_proved_and_refuted_from_end_to_end) {
  PhiloxStream random(31);
  for (std::size_t kind = 0; kind < tests::graph_kinds; ++kind) {
    const core::Program program = tests::random_graph(random, kind, 1);
    const auto middle = run(program, std::vector<float>(graph_inputs, 0.5F));
    double greatest = -HUGE_VAL;
    for (int i = 0; i < 200; ++i) {
      auto x = tests::uniforms(random, graph_inputs);
      for (float& v : x) v = 0.5F + 0.02F * v;
      greatest = std::max(greatest, double{run(program, x)[0]});
    }
    const auto ask = [&](double limit) {
      const std::string text =
          tests::box_property(graph_inputs, middle.size(), "0.48", "0.52",
                              "(assert (not (< Y_0 " + std::to_string(limit) + ")))\n");
      auto outcome = prove(program, text, {});
      EXPECT_TRUE(outcome) << "kind " << kind << ": " << core::describe(outcome.error());
      return outcome ? outcome->kind : ProveOutcome::Kind::undecided;
    };
    EXPECT_EQ(ask(greatest + 0.3), ProveOutcome::Kind::proved) << "kind " << kind;
    EXPECT_EQ(ask(greatest - 1e-3), ProveOutcome::Kind::violated) << "kind " << kind;
  }
}

TEST(Graphs, inputs_and_outputs_may_be_compared) {
  tests::Graph graph({1, 2});
  const int y = graph.node(core::Op::relu,
                           {graph.node(core::Op::sub, {0, graph.floats({2}, {0.25F, 0.25F})})});
  const core::Program program = graph.build({y});
  const std::string holds = tests::box_property(2, 2, "0.5", "1", "(assert (not (<= Y_0 X_0)))\n");
  const auto proved = prove(program, holds, {});
  ASSERT_TRUE(proved);
  EXPECT_EQ(proved->kind, ProveOutcome::Kind::proved) << proved->detail;
  const std::string fails = tests::box_property(
      2, 2, "0", "1", "(assert (<= X_0 X_1)) (assert (< (+ Y_0 (/ 1 8)) X_0))\n");
  const auto violated = prove(program, fails, {});
  ASSERT_TRUE(violated);
  ASSERT_EQ(violated->kind, ProveOutcome::Kind::violated) << violated->detail;
  EXPECT_LE(violated->proof.counterexample.inputs[0], violated->proof.counterexample.inputs[1]);
}

}  // namespace
}  // namespace isotrace::proofs
