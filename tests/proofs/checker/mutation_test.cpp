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

/// y = relu(x) stays below 0.89 up to x = 0.89: the last few of 1,024 leaves are wrong.
Proof nearly_right() {
  tests::ChainBuilder net({1, 1});
  net.matmul({1, 2}, {1, -1}).relu().matmul({2, 1}, {1, 0});
  const std::string property = tests::property_text(1, 1, "-0.9", "0.9", "(assert (>= Y_0 0.89))");
  CaseProof tree = tests::bisected(-0.9, 0.9, 10, tests::make_leaf({1}));
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    ProofNode& node = tree.nodes[i];
    if (node.kind == ProofNode::Kind::leaf && i % 3 == 0) node.slopes = {100, 200};
  }
  return tests::make_proof(net.program(), property, {std::move(tree)});
}

TEST(ProofMutation, NoMutantOfALargeFileIsRead) {
  const core::Bytes bytes = write_proof(nearly_right());
  ASSERT_TRUE(parse_proof(bytes));
  core::PhiloxStream random(33);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    ASSERT_FALSE(parse_proof(tests::mutate(bytes, random))) << "mutant " << i;
  }
}

/// One edit of a tree that keeps it well-formed as a file.
void edit(CaseProof& tree, core::PhiloxStream& random) {
  const std::size_t at = random.next_below(tree.nodes.size());
  ProofNode& node = tree.nodes[at];
  const auto place = tree.nodes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random.next_below(8)) {
    case 0: tree.nodes.erase(place); break;
    case 1: tree.nodes.insert(place, tree.nodes[random.next_below(tree.nodes.size())]); break;
    case 2: node.kind = static_cast<ProofNode::Kind>(1 + random.next_below(4)); break;
    case 3: node.at = 2 * random.next_f32() - 1; break;
    case 4: node.dimension = random.next_u32() % 3; break;
    case 5:
      node.multipliers = {std::ldexp(random.next_f32(), static_cast<int>(random.next_below(64)))};
      break;
    case 6:
      node.slopes.assign(random.next_below(4), static_cast<std::uint8_t>(random.next_u32()));
      break;
    default: std::swap(node, tree.nodes[random.next_below(tree.nodes.size())]); break;
  }
}

TEST(ProofMutation, NoEditOfALargeTreeProvesWhatIsFalse) {
  const Proof original = nearly_right();
  const auto unchanged = check_proof(original);
  ASSERT_TRUE(unchanged);
  EXPECT_FALSE(unchanged->verdict.accepted());
  EXPECT_GT(unchanged->leaves, 1000U);
  core::PhiloxStream random(34);
  // A check takes as long as thousands of edits of a file.
  for (std::size_t i = 0; i < tests::mutant_count() / 20; ++i) {
    Proof forged = original;
    for (std::uint64_t edits = 1 + random.next_below(3); edits > 0; --edits) {
      edit(forged.cases[0], random);
    }
    const auto report = check_proof(forged);
    ASSERT_FALSE(report && report->verdict.accepted()) << "edit " << i;
  }
}

}  // namespace
}  // namespace isotrace::proofs
