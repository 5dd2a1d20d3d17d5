// Claims that a run is known to break, as sharp as a binary32 number allows: nothing may prove one,
// neither the prover nor a proof that somebody makes up. ISOTRACE_MUTANTS sets how many are tried.
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include <isotrace/backends/backend.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/prove.hpp>
#include <tests/support/mutate.hpp>

#include "graphs.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using tests::exact;
using tests::graph_inputs;

/// Numbers at which arithmetic goes wrong where it can, and plain ones.
float strange(PhiloxStream& random, float near) {
  const auto power = static_cast<int>(random.next_below(60)) - 30;
  const float sign = random.next_below(2) == 0 ? 1.0F : -1.0F;
  switch (random.next_below(9)) {
    case 0: return sign * 0.0F;
    case 1: return sign * static_cast<float>(1 + random.next_below(9)) * 0x1p-149F;
    case 2: return sign * std::ldexp(1.0F, power);
    case 3: return sign * std::nextafter(std::ldexp(1.0F, power), 0.0F);
    case 4: return -std::nextafter(near, HUGE_VALF);
    case 5: return -near;
    case 6: return sign * 1e6F * random.next_f32();
    default: return sign * random.next_f32();
  }
}

/// A graph of a random kind; the constants of some are strange.
core::Program random_program(PhiloxStream& random) {
  core::Program program = tests::random_graph(random, random.next_below(tests::graph_kinds), 1);
  const bool is_strange = random.next_below(2) == 0;
  // Other scales of Resize would be other shapes.
  std::set<core::ValueId> scales;
  for (const core::Node& node : program.nodes) {
    if (node.op == core::Op::resize) scales.insert(node.inputs.begin() + 1, node.inputs.end());
  }
  auto id = static_cast<core::ValueId>(program.inputs.size());
  for (core::Tensor& constant : program.constants) {
    const bool is_scale = scales.count(id++) > 0;
    if (!is_strange || is_scale || constant.dtype() != core::Dtype::f32) continue;
    float near = 1;
    for (float& value : constant.data<float>()) {
      if (random.next_below(3) == 0) value = strange(random, near);
      near = value;
    }
  }
  return program;
}

/// Boxes of one point, of a few floats, of zeros of both signs, and wide ones.
struct Range {
  std::vector<float> low, high;

  explicit Range(PhiloxStream& random) {
    const auto kind = random.next_below(5);
    for (std::size_t i = 0; i < graph_inputs; ++i) {
      float from = random.next_below(3) == 0 ? strange(random, 1) : 2 * random.next_f32() - 1;
      float to = from;
      if (kind == 1) to = std::nextafter(from, HUGE_VALF);
      if (kind == 2) from = -0.0F, to = 0.0F;
      if (kind == 3) to = from + std::fabs(from) * 1e-6F;
      if (kind == 4) to = from + random.next_f32();
      low.push_back(from);
      high.push_back(to);
    }
  }
  std::vector<float> point(PhiloxStream& random) const {
    std::vector<float> x(low.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto kind = random.next_below(3);
      const float inside = low[i] + (high[i] - low[i]) * random.next_f32();
      x[i] = kind == 0 ? low[i] : kind == 1 ? high[i] : std::clamp(inside, low[i], high[i]);
    }
    return x;
  }
};

/// A program, a box, and a point of it with the outputs of the reference there: the largest of some
/// tries, in one output.
struct Known {
  core::Program program;
  Range range;
  std::vector<float> x, y;
  std::size_t output = 0;

  explicit Known(PhiloxStream& random) : program(random_program(random)), range(random) {
    const core::FloatEnvironment environment;
    const auto backend = backends::make_backend("reference", {});
    for (int i = 0; i < 12; ++i) {
      const auto tried = range.point(random);
      const auto outputs = search::run_on_floats(program, tried, **backend);
      if (!outputs) return;
      if (i == 0) output = random.next_below(outputs->size());
      if (i > 0 && !((*outputs)[output] > y[output])) continue;
      x = tried;
      y = *outputs;
    }
  }
  [[nodiscard]] bool is_finite() const {
    return !y.empty() && std::all_of(y.begin(), y.end(), [](float v) { return std::isfinite(v); });
  }
  /// Unsafe: what the known run gives, and all beyond it.
  [[nodiscard]] std::string broken_claim(PhiloxStream& random) const {
    const auto row = [&](std::size_t j, bool up) {
      return "(" + std::string(up ? ">= " : "<= ") + "Y_" + std::to_string(j) + " " + exact(y[j]) +
             ")";
    };
    const std::size_t other = random.next_below(y.size());
    std::string text = tests::box_text(range.low, range.high, y.size());
    if (random.next_below(3) == 0) {
      text += "(assert (<= (- X_1 Y_" + std::to_string(output) + ") (- " + exact(x[1]) + " " +
              exact(y[output]) + ")))\n";
      return text;
    }
    return text + "(assert (and " + row(output, true) +
           (random.next_below(2) == 0 ? row(other, random.next_below(2) == 0) : "") + "))\n";
  }
};

/// Adds a leaf, or now and then a split of some ReLU by sign with two such trees below.
void make_up(CaseProof& tree, std::size_t rows, std::size_t relus, std::size_t signs,
             PhiloxStream& random) {
  ProofNode node;
  if (relus > 0 && signs < 4 && random.next_below(2) == 0) {
    node.kind = ProofNode::Kind::sign_split;
    node.dimension = static_cast<std::uint32_t>(random.next_below(relus));
    tree.nodes.push_back(std::move(node));
    for (int child = 0; child < 2; ++child) make_up(tree, rows, relus, signs + 1, random);
    return;
  }
  for (std::size_t r = 0; r < rows; ++r) {
    node.multipliers.push_back(random.next_below(3) == 0 ? 0 : random.next_f32());
  }
  node.multipliers[random.next_below(rows)] = 1;
  for (std::size_t s = 0; s < signs; ++s) {
    node.multipliers.push_back(std::ldexp(random.next_f32(), static_cast<int>(s) - 1));
  }
  tree.nodes.push_back(std::move(node));
}

Proof made_up_proof(const Known& known, const std::string& text, Level level, std::size_t relus,
                    PhiloxStream& random) {
  Proof proof;
  proof.level = level;
  proof.semantics = core::semantics_id;
  proof.program = core::write_program(known.program);
  proof.property_text = text;
  const Property property = *parse_vnnlib(text);
  for (const Case& unsafe : property.cases) {
    make_up(proof.cases.emplace_back(), unsafe.rows.size(), relus, 0, random);
  }
  return proof;
}

std::size_t count_relus(const core::Program& program) {
  const auto network = search::lower_program(program, Level::any_order);
  std::size_t count = 0;
  for (const search::Layer& layer : network->layers) count += layer.relu_order.size();
  return count;
}

TEST(FalseClaims, no_tree_that_is_made_up_shows_one) {
  PhiloxStream random(71);
  std::size_t judged = 0;
  std::size_t sharp = 0;
  std::size_t split = 0;
  for (std::size_t i = 0; i < tests::mutant_count() / 10; ++i) {
    const Known known(random);
    if (!known.is_finite()) continue;
    const std::string text = known.broken_claim(random);
    const Property property = *parse_vnnlib(text);
    ASSERT_TRUE(find_violated_case(property, known.x, known.y)) << text;
    for (const Level level : {Level::exact_order, Level::any_order}) {
      const Proof proof = made_up_proof(known, text, level, count_relus(known.program), random);
      const auto report = check_proof(proof);
      if (!report) continue;
      ++judged;
      split += proof.cases[0].nodes.size() > 1 ? 1 : 0;
      ASSERT_FALSE(report->verdict.accepted()) << "claim " << i << "\n" << text;
    }
    // The next number is often excluded: bounds are as sharp as that.
    std::string beyond = tests::box_text(known.range.low, known.range.high, known.y.size()) +
                         "(assert (> Y_" + std::to_string(known.output) + " " +
                         exact(known.y[known.output]) + "))\n";
    const auto report = check_proof(made_up_proof(known, beyond, Level::any_order, 0, random));
    sharp += report && report->verdict.accepted() ? 1 : 0;
  }
  EXPECT_GT(judged, tests::mutant_count() / 20);
  EXPECT_GT(sharp, judged / 50);
  EXPECT_GT(split, judged / 10);
}

TEST(FalseClaims, the_prover_proves_none_and_refutes_most) {
  PhiloxStream random(72);
  std::size_t count[3] = {};
  for (std::size_t i = 0; i < tests::mutant_count() / 100; ++i) {
    const Known known(random);
    if (!known.is_finite()) continue;
    const std::string text = known.broken_claim(random);
    ProveOptions options;
    options.level = random.next_below(2) == 0 ? Level::exact_order : Level::any_order;
    options.nodes_max = 600;
    options.plain_boxes = random.next_below(2) * 100;
    options.narrow_inputs = random.next_below(2) * 24;
    const auto outcome = prove(known.program, text, options);
    ASSERT_TRUE(outcome) << core::describe(outcome.error());
    ++count[static_cast<int>(outcome->kind)];
    ASSERT_NE(outcome->kind, ProveOutcome::Kind::proved) << "claim " << i << "\n" << text;
  }
  const std::size_t violated = count[static_cast<int>(ProveOutcome::Kind::violated)];
  EXPECT_GT(violated, tests::mutant_count() / 400);
}

}  // namespace
}  // namespace isotrace::proofs
