// Quantised programs against execution on every input: what is proved holds for all of them, what
// holds is proved, and a threshold that one input reaches is refuted by it.
#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/proofs/search/prove.hpp>

#include "quantised_graphs.hpp"

namespace isotrace::proofs {
namespace {

using core::PhiloxStream;
using Kind = ProveOutcome::Kind;
using tests::QuantisedKind;

/// Every value that an input can have which matters: integers, or floats around all ends of cells.
struct Axis {
  std::string low, high;
  std::vector<float> values;
};

std::string exact(double value) {
  std::string text = core::exact_rational(value).str();
  const auto slash = text.find('/');
  const bool negative = text[0] == '-';
  if (negative) text = text.substr(1);
  const auto at = slash == std::string::npos ? slash : slash - (negative ? 1 : 0);
  std::string made = at == std::string::npos
                         ? text + ".0"
                         : "(/ " + text.substr(0, at) + ".0 " + text.substr(at + 1) + ".0)";
  return negative ? "(- " + made + ")" : made;
}

Axis integer_axis(PhiloxStream& random, core::Dtype dtype, int size) {
  const bool is_signed = dtype == core::Dtype::i8;
  const int least = is_signed ? -128 : 0;
  const int first = least + static_cast<int>(random.next_below(static_cast<unsigned>(256 - size)));
  Axis axis{std::to_string(first), std::to_string(first + size - 1), {}};
  for (int i = 0; i < size; ++i) axis.values.push_back(static_cast<float>(first + i));
  return axis;
}

/// Floats from a grid that meets every cell of quantisation, whose scales are 2^-5 and more.
Axis float_axis(PhiloxStream& random, int cells) {
  const int first = static_cast<int>(random.next_below(256)) - 128;
  const auto number = [](int place) { return exact(std::ldexp(place, -7)); };
  Axis axis{number(first), number(first + cells), {}};
  for (int i = 0; i <= cells; ++i) {
    axis.values.push_back(std::ldexp(static_cast<float>(first + i), -7));
  }
  return axis;
}

/// All results over the inputs, one vector per output.
std::vector<std::set<float>> results_on(const core::Program& program, const Axis& a,
                                        const Axis& b) {
  const core::FloatEnvironment environment;
  const auto backend = backends::make_backend("reference", {});
  std::vector<std::set<float>> results(2);
  for (const float x : a.values) {
    for (const float y : b.values) {
      const std::vector<float> inputs = {x, y};
      const auto outputs = search::run_on_floats(program, inputs, **backend);
      EXPECT_TRUE(outputs) << (outputs ? "" : core::describe(outputs.error()));
      if (!outputs || outputs->size() != 2) return {};
      for (std::size_t i = 0; i < 2; ++i) results[i].insert((*outputs)[i]);
    }
  }
  return results;
}

/// What is asked: no output beyond `limit`.
std::string question(const Axis& a, const Axis& b, const std::string& unsafe) {
  std::string text;
  for (int i = 0; i < 2; ++i) {
    const std::string x = "X_" + std::to_string(i);
    const Axis& axis = i == 0 ? a : b;
    text += "(declare-const " + x + " Real)\n(declare-const Y_" + std::to_string(i) + " Real)\n";
    text += "(assert (>= " + x + " " + axis.low + "))\n(assert (<= " + x + " " + axis.high + "))\n";
  }
  return text + "(assert " + unsafe + ")\n";
}

Kind verdict_on(const core::Program& program, const std::string& text) {
  ProveOptions options;
  options.nodes_max = 200'000;
  const auto outcome = prove(program, text, options);
  EXPECT_TRUE(outcome) << (outcome ? "" : core::describe(outcome.error()));
  if (!outcome) return Kind::undecided;
  EXPECT_NE(outcome->reason, UndecidedReason::unsupported) << outcome->detail;
  if (outcome->kind == Kind::proved) {
    const auto report = check_proof(*parse_proof(write_proof(outcome->proof)));
    EXPECT_TRUE(report && report->verdict.accepted());
  }
  return outcome->kind;
}

/// Decides both thresholds at the greatest and at the least result of each output.
void expect_sharp(const core::Program& program, const Axis& a, const Axis& b, double slack,
                  const std::string& place) {
  const auto results = results_on(program, a, b);
  ASSERT_EQ(results.size(), 2U) << place;
  for (std::size_t j = 0; j < 2; ++j) {
    const std::string y = "Y_" + std::to_string(j);
    const double most = double{*results[j].rbegin()};
    const double least = double{*results[j].begin()};
    const auto ask = [&](const std::string& relation, double limit) {
      return verdict_on(program,
                        question(a, b, "(" + relation + " " + y + " " + exact(limit) + ")"));
    };
    EXPECT_EQ(ask(">", most + slack), Kind::proved) << place << ", output " << j;
    EXPECT_EQ(ask(">=", most), Kind::violated) << place << ", output " << j;
    EXPECT_EQ(ask("<", least - slack), Kind::proved) << place << ", output " << j;
    EXPECT_EQ(ask("<=", least), Kind::violated) << place << ", output " << j;
  }
}

void expect_sharp_on_integers(QuantisedKind kind, core::Dtype dtype, double slack, int rounds) {
  PhiloxStream random(static_cast<std::uint64_t>(kind) + 50);
  for (int round = 0; round < rounds; ++round) {
    const core::Program program = tests::random_quantised(random, kind);
    const Axis a = integer_axis(random, dtype, 40);
    const Axis b = integer_axis(random, dtype, 12);
    expect_sharp(program, a, b, slack, "round " + std::to_string(round));
  }
}

void expect_sharp_on_floats(QuantisedKind kind, double slack, int rounds) {
  PhiloxStream random(static_cast<std::uint64_t>(kind) + 50);
  for (int round = 0; round < rounds; ++round) {
    const core::Program program = tests::random_quantised(random, kind);
    const Axis a = float_axis(random, 100);
    const Axis b = float_axis(random, 40);
    expect_sharp(program, a, b, slack, "round " + std::to_string(round));
  }
}

TEST(Quantised, float_inputs_are_cut_into_cells_and_decided_at_their_extremes) {
  expect_sharp_on_floats(QuantisedKind::quantised, 0, 4);
}

TEST(Quantised, dequantised_products_are_decided_up_to_the_errors_of_floats) {
  expect_sharp_on_floats(QuantisedKind::qdq, 1e-5, 4);
}

TEST(Quantised, rounded_floats_are_decided_at_their_extremes) {
  PhiloxStream random(3);
  const core::Program program = tests::random_quantised(random, QuantisedKind::rounded);
  const Axis a{"-3.0", "5.0", {-3, -1, 1, 3, 5}};  // halves of these are ties
  const Axis b{"-0.5", "2.5", {-0.5F, 1, 2.5F}};
  expect_sharp(program, a, b, 0, "ties");
}

TEST(Quantised, products_with_requantisation_are_decided_at_their_extremes) {
  expect_sharp_on_integers(QuantisedKind::qlinear_matmul, core::Dtype::u8, 0, 6);
}

TEST(Quantised, integer_products_are_decided_up_to_the_errors_of_later_floats) {
  expect_sharp_on_integers(QuantisedKind::matmul_integer, core::Dtype::i8, 1e-4, 4);
}

TEST(Quantised, convolutions_with_padding_and_bias_are_decided_at_their_extremes) {
  expect_sharp_on_integers(QuantisedKind::qlinear_conv, core::Dtype::u8, 0, 4);
}

TEST(Quantised, integer_convolutions_are_decided_at_their_extremes) {
  expect_sharp_on_integers(QuantisedKind::conv_integer, core::Dtype::u8, 0, 4);
}

}  // namespace
}  // namespace isotrace::proofs
