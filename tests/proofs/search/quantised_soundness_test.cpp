// What the checker says of quantised programs, against execution: no run leaves its bounds, and no
// forged tree makes it accept what some run refutes.
#include <cmath>

#include <gtest/gtest.h>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/checker/lower_program.hpp>
#include <isotrace/proofs/checker/node_bounds.hpp>
#include <isotrace/proofs/checker/rounding.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "quantised_graphs.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using tests::QuantisedKind;

struct Range {
  float low, high;
};

/// The reference, which is costly to make.
class Runner {
 public:
  Runner() : backend_(*backends::make_backend("reference", {})) {}

  std::vector<float> operator()(const core::Program& program, const std::vector<float>& x) {
    const core::FloatEnvironment environment;
    auto outputs = search::run_on_floats(program, x, *backend_);
    EXPECT_TRUE(outputs) << (outputs ? "" : core::describe(outputs.error()));
    return outputs ? *std::move(outputs) : std::vector<float>(2);
  }

 private:
  std::unique_ptr<backends::Backend> backend_;
};

/// Integers, or floats with ties of powers of two among them, sometimes one number alone.
Range random_range(PhiloxStream& random, const core::Program& program) {
  const core::Dtype dtype = program.inputs[0].dtype;
  if (dtype == core::Dtype::f32) {
    const float low = std::ldexp(static_cast<float>(random.next_below(512)) - 256, -6);
    const float width =
        random.next_below(3) == 0
            ? 0
            : std::ldexp(random.next_f32(), -4 + static_cast<int>(random.next_below(6)));
    return {low, low + width};
  }
  const float least = dtype == core::Dtype::i8 ? -128 : 0;
  const auto low = static_cast<float>(random.next_below(256));
  const auto high = std::min(255.0F, low + static_cast<float>(random.next_below(60)));
  return {least + low, least + high};
}

float random_point(PhiloxStream& random, const core::Program& program, Range range) {
  const auto kind = random.next_below(4);
  if (kind == 0) return range.low;
  if (kind == 1) return range.high;
  const float any = range.low + (range.high - range.low) * random.next_f32();
  if (program.inputs[0].dtype != core::Dtype::f32) return std::nearbyint(any);
  // On the grid of scales that are powers of two, where ties are.
  const float tie = std::nearbyint(any * 64) / 64;
  return kind == 2 && tie >= range.low && tie <= range.high ? tie : any;
}

/// The bounds of all outputs, and of random combinations of them.
struct Said {
  Bounds outputs;
  std::vector<std::vector<double>> weights;
  std::vector<double> least;
};

std::optional<Said> bounds_on(const core::Program& program, const std::vector<Range>& ranges,
                              PhiloxStream& random) {
  std::vector<std::vector<float>> raw;
  for (int i = 0; i < 4; ++i) raw.push_back(tests::uniforms(random, 8));
  const DownwardRounding downward;
  const auto network = lower_program(program);
  EXPECT_TRUE(network) << (network ? "" : core::describe(network.error()));
  if (!network) return std::nullopt;
  Bounds box(ranges.size());
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    box.lower[i] = double{ranges[i].low};
    box.upper[i] = double{ranges[i].high};
  }
  const auto node = NodeBounder(*network, Level::exact_order).bound(box, nullptr);
  EXPECT_TRUE(node.has_value());
  if (!node) return std::nullopt;
  Said said{node->layers.back().values, {}, {}};
  LinearForms forms(raw.size(), network->outputs());
  for (std::size_t r = 0; r < raw.size(); ++r) {
    said.weights.emplace_back(raw[r].begin(), raw[r].begin() + static_cast<long>(forms.width));
    std::copy(said.weights[r].begin(), said.weights[r].end(), forms.row(r));
  }
  said.least = bound_below(substitute(*network, network->layers.size(), node->layers,
                                      {&node->relaxations, 1}, forms, {}),
                           box);
  return said;
}

TEST(QuantisedSoundness, no_run_leaves_the_bounds_of_the_checker) {
  PhiloxStream random(71);
  Runner run;
  for (std::size_t round = 0; round < 30 * tests::quantised_kinds; ++round) {
    const auto kind = static_cast<QuantisedKind>(round % tests::quantised_kinds);
    const core::Program program = tests::random_quantised(random, kind);
    const std::vector<Range> ranges = {random_range(random, program),
                                       random_range(random, program)};
    const auto said = bounds_on(program, ranges, random);
    ASSERT_TRUE(said);
    for (int i = 0; i < 40; ++i) {
      const std::vector<float> x = {random_point(random, program, ranges[0]),
                                    random_point(random, program, ranges[1])};
      const auto y = run(program, x);
      for (std::size_t j = 0; j < y.size(); ++j) {
        ASSERT_LE(said->outputs.lower[j], double{y[j]}) << "round " << round << ", output " << j;
        ASSERT_GE(said->outputs.upper[j], double{y[j]}) << "round " << round << ", output " << j;
      }
      for (std::size_t r = 0; r < said->least.size(); ++r) {
        long double sum = 0;
        for (std::size_t j = 0; j < y.size(); ++j) {
          sum += static_cast<long double>(said->weights[r][j]) * static_cast<long double>(y[j]);
        }
        ASSERT_GE(sum, static_cast<long double>(said->least[r]) - 1e-12L) << "round " << round;
      }
    }
  }
}

TEST(QuantisedSoundness, single_inputs_have_single_results) {
  PhiloxStream random(72);
  Runner run;
  for (int round = 0; round < 60; ++round) {
    const auto kind = round % 2 == 0 ? QuantisedKind::qlinear_matmul : QuantisedKind::quantised;
    const core::Program program = tests::random_quantised(random, kind);
    const Range all = random_range(random, program);
    const float a = random_point(random, program, all);
    const float b = random_point(random, program, all);
    const auto said = bounds_on(program, {{a, a}, {b, b}}, random);
    ASSERT_TRUE(said);
    const auto y = run(program, {a, b});
    for (std::size_t j = 0; j < y.size(); ++j) {
      EXPECT_EQ(said->outputs.lower[j], double{y[j]}) << "round " << round;
      EXPECT_EQ(said->outputs.upper[j], double{y[j]}) << "round " << round;
    }
  }
}

/// Changes one field of one node to anything.
void forge(Proof& proof, PhiloxStream& random) {
  auto& nodes = proof.cases[0].nodes;
  ProofNode& node = nodes[random.next_below(static_cast<unsigned>(nodes.size()))];
  switch (random.next_below(5)) {
    case 0: node.at = 400 * double{random.next_f32()} - 200; break;
    case 1: node.dimension = static_cast<std::uint32_t>(random.next_below(12)); break;
    case 2:
      for (double& weight : node.multipliers) weight = std::ldexp(random.next_f32(), 30);
      break;
    case 3:
      node.slopes.resize(random.next_below(2) == 0 ? node.slopes.size() : 20);
      for (auto& slope : node.slopes) slope = static_cast<std::uint8_t>(random.next_below(256));
      break;
    default: nodes.erase(nodes.begin() + random.next_below(static_cast<unsigned>(nodes.size())));
  }
}

TEST(QuantisedSoundness, forged_trees_never_show_what_a_run_refutes) {
  PhiloxStream random(73);
  Runner run;
  int checked = 0;
  for (int round = 0; round < 6; ++round) {
    const core::Program program = tests::random_quantised(random, QuantisedKind::qlinear_matmul);
    const auto text = [](const std::string& limit) {
      return tests::box_property(2, 2, "20", "55", "(assert (>= Y_0 " + limit + ".0))\n");
    };
    float most = -200;
    for (int a = 20; a <= 55; ++a) {
      for (int b = 20; b <= 55; ++b) {
        const auto y = run(program, {static_cast<float>(a), static_cast<float>(b)});
        most = std::max(most, y[0]);
      }
    }
    const auto outcome = prove(program, text(std::to_string(static_cast<int>(most) + 1)), {});
    ASSERT_TRUE(outcome && outcome->kind == ProveOutcome::Kind::proved);
    ASSERT_TRUE(check_proof(outcome->proof)->verdict.accepted());
    for (int i = 0; i < 200; ++i) {
      Proof forged = outcome->proof;
      forged.property_text = text(std::to_string(static_cast<int>(most)));  // some run reaches it
      for (int change = i % 4; change > 0 && !forged.cases[0].nodes.empty(); --change) {
        forge(forged, random);
      }
      const auto report = check_proof(forged);
      EXPECT_FALSE(report && report->verdict.accepted());
      ++checked;
    }
  }
  EXPECT_EQ(checked, 1200);
}

}  // namespace
}  // namespace isotrace::proofs
