// Storage faults and attackers: a mutant of a proof file never proves anything but what the file
// proved. The second test repairs the digest first, as an attacker would.
#include <gtest/gtest.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/checker/property.hpp>

#include "tests/proofs/checker/nets.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::proofs {
namespace {

/// A claim that only just holds: |x| <= 0.95 for x in [-0.9, 0.9], and y >= -0.05.
Proof original() {
  tests::ChainBuilder net({1, 1});
  net.matmul({1, 2}, {1, -1}).relu().matmul({2, 1}, {1, 1});
  const std::string property =
      tests::property_text(1, 1, "-0.9", "0.9", "(assert (or (>= Y_0 0.95) (<= Y_0 -0.05)))");
  const auto leaf = tests::make_leaf({1});
  return tests::make_proof(
      net.program(), property,
      {{{tests::make_split(0, 0), leaf, leaf}}, {{tests::make_leaf({1}, {128, 128})}}});
}

/// Program digest, property text, level and outcome.
std::string claim(const Proof& proof, const CheckReport& report) {
  return report.program.hex() + proof.property_text +
         std::to_string(static_cast<int>(proof.level)) +
         std::to_string(static_cast<int>(proof.outcome));
}

std::string original_claim() {
  const auto report = check_proof(original());
  EXPECT_TRUE(report && report->verdict.accepted());
  return report ? claim(original(), *report) : "";
}

TEST(ProofMutation, NoMutantOfTheFileIsAcceptedForAnotherClaim) {
  const core::Bytes bytes = write_proof(original());
  const std::string expected = original_claim();
  core::PhiloxStream random(31);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    const auto proof = parse_proof(tests::mutate(bytes, random));
    if (!proof) continue;
    const auto report = check_proof(*proof);
    if (!report || !report->verdict.accepted()) continue;
    EXPECT_EQ(claim(*proof, *report), expected);
  }
}

/// Whether the mutated property really holds for the mutated program, by trying inputs.
bool holds_on_samples(const Proof& proof, core::PhiloxStream& random) {
  const auto program = core::parse_program(proof.program);
  const auto property = parse_vnnlib(proof.property_text);
  if (!program || !property || property->inputs != 1) return true;
  for (const Case& unsafe : property->cases) {
    const double low = core::round_up(unsafe.box[0].lower);
    const double high = core::round_down(unsafe.box[0].upper);
    for (int s = 0; s < 30; ++s) {
      const double at = low + (high - low) * (s < 3 ? s * 0.5 : random.next_f32());
      const std::vector<float> input{static_cast<float>(at)};
      const auto output = tests::evaluate(*program, input, tests::Order::sequential_fma);
      if (find_violated_case(*property, input, output)) return false;
    }
  }
  return true;
}

TEST(ProofMutation, ForgersMeetTheCheckerItself) {
  core::PhiloxStream random(32);
  std::size_t accepted = 0;
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    Proof forged = original();
    forged.level = Level::any_order;
    const core::Bytes property(forged.property_text.begin(), forged.property_text.end());
    const auto kind = random.next_below(4);
    if (kind == 0) {
      const core::Bytes mutant = tests::mutate(property, random);
      forged.property_text.assign(mutant.begin(), mutant.end());
    } else if (kind == 1) {
      CaseProof& tree = forged.cases[random.next_below(2)];
      if (random.next_below(2) == 0) tree.nodes.pop_back();
      if (random.next_below(2) == 0) {
        tree.nodes.insert(tree.nodes.begin(), tests::make_split(0, random.next_f32() - 0.5F));
      }
      tree.nodes.push_back(tests::make_leaf({random.next_f32() - 0.5}));
    } else {
      // New weights: the graph with another constant.
      auto program = core::parse_program(forged.program);
      ASSERT_TRUE(program);
      for (float& weight : program->constants[random.next_below(2)].data<float>()) {
        weight += (random.next_f32() - 0.5F) * 0.2F;
      }
      forged.program = core::write_program(*program);
    }
    const auto report = check_proof(forged);
    if (!report || !report->verdict.accepted()) continue;
    ++accepted;
    EXPECT_TRUE(holds_on_samples(forged, random)) << forged.property_text;
  }
  EXPECT_GT(accepted, 0U) << "some changes keep the property true";
}

}  // namespace
}  // namespace isotrace::proofs
