// Replays bundles with the installed coqc: small true theorems must come out closed, and every way
// of cheating must not.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <isotrace/core/merkle.hpp>
#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/trace_step.hpp>

#include "child_process.hpp"
#include "tests/proofs/export/small_network.hpp"
#include "tests/proofs/export/with_coq_library.hpp"

namespace isotrace::tests {
namespace {

using core::Op;
using proofs::ReplayStatus;
namespace fs = std::filesystem;

class ReplayCoq : public WithCoqLibrary<proofs::CoqPart::networks, proofs::CoqPart::traces> {
 protected:
  static std::string write(const proofs::Proof& proof,
                           proofs::CoqTier tier = proofs::CoqTier::closed) {
    const auto bundle = proofs::export_coq(proof, tier);
    EXPECT_TRUE(bundle) << describe(bundle.error());
    const std::string directory = root_ + "/bundle" + std::to_string(next_++);
    EXPECT_TRUE(bundle && proofs::write_bundle(*bundle, directory));
    return directory;
  }

  static proofs::ObligationReplay replay(const std::string& directory,
                                         const std::optional<core::Digest>& expected = {}) {
    // The theorems about floats have tests of their own.
    proofs::ReplayOptions closed = options_;
    closed.tier = "closed";
    const auto report = proofs::reconcile_coq(directory, expected, closed);
    EXPECT_TRUE(report) << describe(report.error());
    if (!report || report->obligations.empty()) return {};
    return report->obligations[0];
  }

  static proofs::ReconcileReport replay_all(const std::string& directory) {
    const auto report = proofs::reconcile_coq(directory, {}, options_);
    EXPECT_TRUE(report) << describe(report.error());
    return report ? *report : proofs::ReconcileReport{};
  }

  /// Replaces the first occurrence of `from` in a file of the bundle.
  static void edit(const std::string& path, const std::string& from, const std::string& to) {
    std::ifstream in(path);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(path) << text.replace(at, from.size(), to);
  }

  static std::string net_path(const std::string& directory) {
    for (const auto& entry : fs::directory_iterator(directory + "/coq/gen")) {
      if (entry.path().filename().string().starts_with("Net_")) return entry.path().string();
    }
    return {};
  }
};

/// y = relu(x0 - x1) + relu(x1 - x0) = |x0 - x1| >= 0.
core::Program absolute_difference() {
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 2}, {1, -1, -1, 1});
  const auto v = builder.constant({2, 1}, {1, 1});
  auto value = builder.node(Op::matmul, {input_value(), w}, {{"k_segment", std::int64_t{256}}});
  value = builder.node(Op::relu, {value});
  builder.node(Op::matmul, {value, v}, {{"k_segment", std::int64_t{256}}});
  return builder.finish();
}

proofs::Proof small_proof() {
  return make_proof(absolute_difference(), lower_bound_property(2, 1, "-0.001"),
                    halving_tree(2, 0));
}

constexpr std::uint64_t seed = 7;

/// A 2-16-16-1 network and a bound just below its least output.
proofs::Proof dense_proof(double below, int depth) {
  const core::Program program = dense_network({2, 16, 16, 1}, seed);
  double least = 1e9;
  for (int i = 0; i <= 40; ++i) {
    for (int j = 0; j <= 40; ++j)
      least = std::min(least, evaluate_dense(program, {i / 20.0 - 1, j / 20.0 - 1})[0]);
  }
  return make_proof(program, lower_bound_property(2, 1, std::to_string(least - below)),
                    halving_tree(2, depth));
}

TEST_F(ReplayCoq, a_hand_built_theorem_is_closed) {
  const auto result = replay(write(small_proof()));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
}

TEST_F(ReplayCoq, what_is_executed_on_floats_is_proved_from_the_axioms_of_real_numbers) {
  const auto report = replay_all(write(small_proof()));
  ASSERT_EQ(report.obligations.size(), 2U);
  const proofs::ObligationReplay& floats = report.obligations[1];
  if (floats.status == ReplayStatus::unsupported) GTEST_SKIP() << "libcoq-flocq is absent";
  EXPECT_EQ(floats.status, ReplayStatus::replayed) << floats.detail;
  EXPECT_EQ(floats.axioms, proofs::axioms_of_tier("reals"));
  EXPECT_TRUE(report.all_replayed());
}

/// One layer of each kind, with a padded convolution, a transposition and short segments.
core::Program every_execution() {
  ProgramBuilder builder({1, 1, 1, 4});
  const auto kernel = builder.constant({2, 1, 1, 3}, {0.5F, -1.25F, 0.3F, 1, 0, -0.7F});
  const auto bias = builder.constant({2}, {0.1F, -0.2F});
  const auto flat = builder.integers({1, 8});
  std::vector<float> weights(16, 0.25F);
  weights[3] = -2;
  const auto w = builder.constant({8, 2}, weights);
  const auto factor = builder.constant({1}, {0.1F});
  const auto offset = builder.constant({1}, {0.3F});
  const auto divisors = builder.constant({2}, {3, -4});
  auto value = builder.node(Op::conv, {input_value(), kernel, bias},
                            {{"auto_pad", std::string("NOTSET")},
                             {"dilations", std::vector<std::int64_t>{1, 1}},
                             {"group", std::int64_t{1}},
                             {"k_segment", std::int64_t{2}},
                             {"pads", std::vector<std::int64_t>{0, 1, 0, 1}},
                             {"strides", std::vector<std::int64_t>{1, 1}}});
  value = builder.node(Op::relu, {value});
  value = builder.node(Op::transpose, {value}, {{"perm", std::vector<std::int64_t>{0, 3, 2, 1}}});
  value = builder.node(Op::reshape, {value, flat}, {{"allowzero", std::int64_t{0}}});
  value = builder.node(Op::matmul, {value, w}, {{"k_segment", std::int64_t{3}}});
  value = builder.node(Op::mul, {value, factor});
  value = builder.node(Op::add, {value, offset});
  value = builder.node(Op::div, {value, divisors});
  builder.node(Op::neg, {value});
  return builder.finish();
}

TEST_F(ReplayCoq, every_kind_of_layer_has_its_theorem_about_floats) {
  const proofs::Proof proof =
      make_proof(every_execution(), lower_bound_property(4, 2, "-50"), halving_tree(4, 0));
  const auto report = replay_all(write(proof));
  ASSERT_EQ(report.obligations.size(), 2U);
  EXPECT_EQ(report.obligations[0].status, ReplayStatus::replayed) << report.obligations[0].detail;
  if (report.obligations[1].status == ReplayStatus::unsupported) GTEST_SKIP() << "no libcoq-flocq";
  EXPECT_EQ(report.obligations[1].status, ReplayStatus::replayed) << report.obligations[1].detail;
}

TEST_F(ReplayCoq, without_flocq_the_theorem_about_floats_is_unsupported_and_the_other_is_not) {
  proofs::ReplayOptions options = options_;
  options.compiled_library = root_ + "/without";
  fs::create_directories(options.compiled_library);
  fs::copy(options_.compiled_library + "/core", options.compiled_library + "/core",
           fs::copy_options::recursive);
  const auto report = proofs::reconcile_coq(write(small_proof()), {}, options);
  ASSERT_TRUE(report) << describe(report.error());
  EXPECT_EQ(report->obligations[0].status, ReplayStatus::replayed);
  EXPECT_EQ(report->obligations[1].status, ReplayStatus::unsupported);
  EXPECT_NE(report->obligations[1].detail.find("libcoq-flocq"), std::string::npos);
  EXPECT_FALSE(report->all_replayed());
  options.tier = "closed";
  const auto closed = proofs::reconcile_coq(write(small_proof()), {}, options);
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->obligations.size(), 1U);
  EXPECT_TRUE(closed->all_replayed());
  EXPECT_EQ(closed->omitted.size(), 1U);
}

/// A coqc that accepts everything but the probe for Flocq, of which it says this.
std::string coqc_that_says(const std::string& path, const std::string& words) {
  std::ofstream(path) << "#!/bin/sh\ncase \"$*\" in *Probe.v) echo '" << words
                      << "' >&2; exit 1;; esac\n";
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

TEST_F(ReplayCoq, only_an_absent_flocq_is_taken_for_absent) {
  proofs::ReplayOptions options = options_;
  options.coqc = coqc_that_says(root_ + "/absent.sh",
                                "Error: Cannot find a physical path bound to logical path");
  EXPECT_TRUE(proofs::compile_coq_library(root_ + "/absent", options));
  EXPECT_FALSE(fs::exists(root_ + "/absent/float"));
  options.coqc = coqc_that_says(root_ + "/broken.sh", "Out of memory.");
  const auto broken = proofs::compile_coq_library(root_ + "/broken", options);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, core::RefusalCode::solver_failed);
  EXPECT_NE(broken.error().detail.find("Out of memory."), std::string::npos);
}

TEST_F(ReplayCoq, a_changed_execution_is_a_statement_mismatch_of_the_theorem_about_floats_alone) {
  const std::string directory = write(small_proof());
  for (const auto& entry : fs::directory_iterator(directory + "/coq/gen")) {
    if (entry.path().filename().string().starts_with("Float_"))
      edit(entry.path().string(), "in_order 256", "in_order 128");
  }
  const auto report = replay_all(directory);
  EXPECT_EQ(report.obligations[0].status, ReplayStatus::replayed);
  EXPECT_EQ(report.obligations[1].status, ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, words_prove_the_same_from_primitive_integers_alone) {
  const std::string directory = write(small_proof(), proofs::CoqTier::primint);
  const auto report = replay_all(directory);
  ASSERT_EQ(report.obligations.size(), 2U);
  EXPECT_EQ(report.obligations[0].status, ReplayStatus::replayed) << report.obligations[0].detail;
  EXPECT_EQ(report.obligations[0].axioms, proofs::axioms_of_tier("primint"));
  if (report.obligations[1].status == ReplayStatus::unsupported) GTEST_SKIP() << "no libcoq-flocq";
  EXPECT_EQ(report.obligations[1].status, ReplayStatus::replayed) << report.obligations[1].detail;
  EXPECT_EQ(report.obligations[1].axioms, proofs::axioms_of_tier("primint+reals"));
}

TEST_F(ReplayCoq, a_large_tree_is_checked_in_parts_that_are_joined) {
  // 127 and 511 nodes, more than one part in each tier; even depths make square boxes.
  const auto parts_of = [](const proofs::Proof& proof, proofs::CoqTier tier) {
    proofs::ReplayOptions options = options_;
    options.tier = "primint";
    const std::string directory = write(proof, tier);
    const auto report = proofs::reconcile_coq(directory, {}, options);
    EXPECT_TRUE(report) << describe(report.error());
    EXPECT_EQ(report->obligations[0].status, ReplayStatus::replayed)
        << report->obligations[0].detail;
    std::size_t parts = 0;
    for (const auto& entry : fs::directory_iterator(directory + "/coq/gen"))
      parts += entry.path().filename().string().starts_with("Part_") ? 1 : 0;
    return parts;
  };
  const auto with_depth = [](int depth) {
    return make_proof(absolute_difference(), lower_bound_property(2, 1, "-0.001"),
                      halving_tree(2, depth));
  };
  EXPECT_EQ(parts_of(with_depth(6), proofs::CoqTier::closed), 8U);
  EXPECT_EQ(parts_of(with_depth(8), proofs::CoqTier::primint), 4U);
}

TEST_F(ReplayCoq, whoever_accepts_no_axioms_is_not_given_words) {
  const std::string directory = write(small_proof(), proofs::CoqTier::primint);
  proofs::ReplayOptions closed = options_;
  closed.tier = "closed";
  const auto report = proofs::reconcile_coq(directory, {}, closed);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->obligations.empty());
  EXPECT_FALSE(report->all_replayed());
  EXPECT_EQ(report->omitted.size(), 2U);
}

TEST_F(ReplayCoq, a_false_property_is_rejected_with_words_too) {
  const proofs::Proof proof =
      make_proof(absolute_difference(), lower_bound_property(2, 1, "0.001"), halving_tree(2, 0));
  proofs::ReplayOptions options = options_;
  options.tier = "primint";
  const auto report = proofs::reconcile_coq(write(proof, proofs::CoqTier::primint), {}, options);
  ASSERT_TRUE(report) << describe(report.error());
  ASSERT_EQ(report->obligations.size(), 1U);
  EXPECT_EQ(report->obligations[0].status, ReplayStatus::rejected);
}

/// y = relu(x + 0.1) for -1 <= x <= 1, of which y >= x + 0.1 is all that the default slope says.
core::Program mostly_positive() {
  ProgramBuilder builder({1, 1});
  const auto one = builder.constant({1, 1}, {1});
  const auto offset = builder.constant({1}, {0.1F});
  auto value = builder.node(Op::matmul, {input_value(), one}, {{"k_segment", std::int64_t{256}}});
  value = builder.node(Op::add, {value, offset});
  value = builder.node(Op::relu, {value});
  builder.node(Op::matmul, {value, one}, {{"k_segment", std::int64_t{256}}});
  return builder.finish();
}

TEST_F(ReplayCoq, a_leaf_that_intervals_alone_close_is_replayed_in_both_tiers) {
  const proofs::Proof proof =
      make_proof(mostly_positive(), lower_bound_property(1, 1, "-0.001"), halving_tree(1, 0));
  ASSERT_TRUE(proofs::check_proof(proof)->verdict.accepted());
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::replayed);
  proofs::ReplayOptions options = options_;
  options.tier = "primint";
  const auto words = proofs::reconcile_coq(write(proof, proofs::CoqTier::primint), {}, options);
  ASSERT_TRUE(words) << describe(words.error());
  ASSERT_EQ(words->obligations.size(), 1U);
  EXPECT_EQ(words->obligations[0].status, ReplayStatus::replayed);
}

TEST_F(ReplayCoq, a_bundle_of_an_unknown_tier_is_refused) {
  const std::string directory = write(small_proof(), proofs::CoqTier::primint);
  edit(directory + "/subjects/tier", "primint", "anything");
  const auto report = proofs::reconcile_coq(directory, {}, options_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, core::RefusalCode::bundle_malformed);
}

TEST_F(ReplayCoq, a_closed_bundle_that_claims_to_be_of_words_is_a_mismatch) {
  const std::string directory = write(small_proof());
  std::ofstream(directory + "/subjects/tier") << "primint\n";
  const auto report = replay_all(directory);
  ASSERT_FALSE(report.obligations.empty());
  EXPECT_EQ(report.obligations[0].status, ReplayStatus::statement_mismatch);
}

/// A coqc that compiles nothing and says of every theorem that it rests on these axioms.
std::string coqc_that_lists(const std::string& path, const std::vector<std::string>& axioms,
                            const std::string& more) {
  std::ofstream script(path);
  script << "#!/bin/sh\nprintf 'Axioms:\\n'\n";
  for (const std::string& axiom : axioms) script << "printf '" << axiom << " : type\\n'\n";
  script << more;
  script.close();
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

TEST_F(ReplayCoq, one_axiom_more_or_less_or_a_flag_is_an_axiom_violation) {
  const std::string directory = write(small_proof(), proofs::CoqTier::primint);
  proofs::ReplayOptions options = options_;
  options.tier = "primint";
  const auto status_with = [&](const std::vector<std::string>& axioms, const std::string& more) {
    options.coqc = coqc_that_lists(root_ + "/lists.sh", axioms, more);
    const auto report = proofs::reconcile_coq(directory, {}, options);
    EXPECT_TRUE(report && report->obligations.size() == 1U);
    return report ? report->obligations[0].status : ReplayStatus::timeout;
  };
  std::vector<std::string> axioms = proofs::axioms_of_tier("primint");
  EXPECT_EQ(status_with(axioms, ""), ReplayStatus::replayed);
  EXPECT_EQ(status_with(axioms, "printf 'f is assumed to be guarded.\\n'\n"),
            ReplayStatus::axiom_violation);
  EXPECT_EQ(status_with(axioms, "printf 'step relies on an unsafe hierarchy.\\n'\n"),
            ReplayStatus::axiom_violation);
  axioms.push_back("Evil.lemma");
  EXPECT_EQ(status_with(axioms, ""), ReplayStatus::axiom_violation);
  axioms.resize(axioms.size() - 2);
  EXPECT_EQ(status_with(axioms, ""), ReplayStatus::axiom_violation);
}

TEST_F(ReplayCoq, an_unrelated_true_theorem_is_a_statement_mismatch) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/gen/Spec_case0.v", "safe net box constraints", "(1 + 1 = 2)%nat");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, a_renamed_theorem_is_rejected) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/gen/Proof_case0.v", "Theorem proof", "Theorem other");
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, an_altered_certificate_is_rejected) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/gen/Proof_case0.v", "Leaf [1]", "Leaf [2]");
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, an_altered_expectation_of_axioms_is_a_statement_mismatch) {
  const std::string directory = write(small_proof());
  edit(directory + "/bundle.json", "\"Classical_Prop.classic\"", "\"Anything.at_all\"");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
}

/// y = relu(z + 10) - 10 + 2 relu(-z) = |z| for z = x0 + x1, with relu(z) beside it, whose sign the
/// tree splits: each half needs that sign, with its weight, and its own slopes.
proofs::Proof sign_proof(double weight) {
  using proofs::ProofNode;
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 3}, {1, 1, -1, 1, 1, -1});
  const auto b = builder.constant({3}, {10, 0, 0});
  const auto v = builder.constant({3, 1}, {1, 0, 2});
  const auto c = builder.constant({1}, {-10});
  auto value = builder.node(Op::matmul, {input_value(), w}, {{"k_segment", std::int64_t{256}}});
  value = builder.node(Op::relu, {builder.node(Op::add, {value, b})});
  value = builder.node(Op::matmul, {value, v}, {{"k_segment", std::int64_t{256}}});
  builder.node(Op::add, {value, c});
  proofs::Proof proof =
      make_proof(builder.finish(), lower_bound_property(2, 1, "-0.01"), halving_tree(2, 0));
  proof.cases[0].nodes = {{ProofNode::Kind::sign_split, 1, 0, {}, {}},
                          {ProofNode::Kind::leaf, 0, 0, {1, weight}, {0, 0, 255}},
                          {ProofNode::Kind::leaf, 0, 0, {1, weight}, {0, 0, 0}}};
  return proof;
}

TEST_F(ReplayCoq, sign_splits_and_their_weights_are_used) {
  EXPECT_TRUE(proofs::check_proof(sign_proof(1))->verdict.accepted());
  const auto result = replay(write(sign_proof(1)));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
  EXPECT_EQ(replay(write(sign_proof(0))).status, ReplayStatus::rejected);
}

/// A record of 150 bytes under a tree of 2^20 leaves.
proofs::StepFact deep_fact() {
  proofs::StepFact fact{core::Bytes(150, 7), {0x5A5A5, 1 << 20, {}}, {}};
  core::Digest at = core::merkle_leaf(core::sha256(fact.record).view());
  for (int level = 0; level < 20; ++level) {
    const core::Digest other = core::sha256(core::Bytes(3, static_cast<std::uint8_t>(level)));
    fact.proof.path.push_back(other);
    const bool right = ((fact.proof.step + 1) >> level & 1) != 0;
    at = right ? core::merkle_node(other, at) : core::merkle_node(at, other);
  }
  fact.root = at;
  return fact;
}

std::string write_step(const proofs::StepFact& fact, const std::string& directory) {
  EXPECT_TRUE(proofs::write_bundle(proofs::export_coq_step(fact), directory));
  return directory;
}

TEST_F(ReplayCoq, a_step_twenty_levels_under_a_root_is_closed) {
  const auto result = replay(write_step(deep_fact(), root_ + "/step"));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
}

TEST_F(ReplayCoq, trees_that_are_not_full_split_as_rfc_6962_says) {
  std::vector<core::Digest> leaves;
  for (std::uint8_t i = 0; i < 7; ++i)
    leaves.push_back(core::merkle_leaf(core::sha256(core::Bytes(2, i)).view()));
  proofs::StepFact fact;
  fact.record = core::Bytes(2, 5);
  fact.proof.step = 4;
  fact.proof.leaves = 7;
  fact.proof.path = core::merkle_inclusion_proof(leaves, 5);
  fact.root = core::merkle_root(leaves);
  const auto result = replay(write_step(fact, root_ + "/seven"));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
}

TEST_F(ReplayCoq, another_record_or_place_or_root_is_rejected_by_coq) {
  proofs::StepFact fact = deep_fact();
  fact.record[0] ^= 1;
  EXPECT_EQ(replay(write_step(fact, root_ + "/record")).status, ReplayStatus::rejected);
  fact = deep_fact();
  fact.proof.step ^= 4;
  EXPECT_EQ(replay(write_step(fact, root_ + "/place")).status, ReplayStatus::rejected);
  fact = deep_fact();
  fact.proof.path.pop_back();
  EXPECT_EQ(replay(write_step(fact, root_ + "/path")).status, ReplayStatus::rejected);
  const std::string directory = write_step(deep_fact(), root_ + "/altered");
  edit(directory + "/coq/gen/Spec_step.v", "statement : Prop := recorded", "statement := recorded");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, real_semantics_is_closed_and_needs_no_margin) {
  proofs::Proof proof = small_proof();
  proof.level = proofs::Level::real;
  proof.property_text = lower_bound_property(2, 1, "-0.0000000000001");
  const auto result = replay(write(proof));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
}

TEST_F(ReplayCoq, a_dense_network_with_splits_is_closed) {
  const proofs::Proof proof = dense_proof(0.1, 4);
  const auto result = replay(write(proof), proofs::proof_digest(proof));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
}

TEST_F(ReplayCoq, what_the_checker_barely_accepts_coq_accepts) {
  proofs::Proof proof = dense_proof(0, 2);
  double accepted = -50;
  double refused = 50;
  for (int i = 0; i < 40; ++i) {
    const double bound = (accepted + refused) / 2;
    proof.property_text = lower_bound_property(2, 1, std::to_string(bound));
    const auto report = proofs::check_proof(proof);
    ASSERT_TRUE(report) << describe(report.error());
    (report->verdict.accepted() ? accepted : refused) = bound;
  }
  ASSERT_GT(accepted, -50);
  proof.property_text = lower_bound_property(2, 1, std::to_string(accepted - 2e-6));
  const auto result = replay(write(proof), proofs::proof_digest(proof));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << accepted << ' ' << result.detail;
}

TEST_F(ReplayCoq, slopes_are_hints) {
  proofs::Proof proof = dense_proof(0.1, 4);
  for (proofs::ProofNode& node : proof.cases[0].nodes) {
    if (node.kind == proofs::ProofNode::Kind::leaf) node.slopes.assign(32, 255);
  }
  ASSERT_FALSE(proofs::check_proof(proof)->verdict.accepted())
      << "choose a property that needs slopes";
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::rejected);
  // With a margin that any slopes can prove.
  proof.cases[0] = halving_tree(2, 0);
  proof.cases[0].nodes[0].slopes.assign(32, 255);
  proof.property_text = lower_bound_property(2, 1, "-20");
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::replayed);
}

TEST_F(ReplayCoq, a_tree_with_too_few_splits_is_rejected_by_coq) {
  const auto result = replay(write(dense_proof(0.1, 0)));
  EXPECT_EQ(result.status, ReplayStatus::rejected) << result.detail;
}

TEST_F(ReplayCoq, a_false_property_is_rejected_by_coq) {
  const auto result = replay(write(dense_proof(-0.1, 4)));
  EXPECT_EQ(result.status, ReplayStatus::rejected) << result.detail;
}

TEST_F(ReplayCoq, another_program_with_the_same_tree_is_rejected_by_coq) {
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 1}, {1, -1});
  builder.node(Op::matmul, {input_value(), w}, {{"k_segment", std::int64_t{256}}});
  proofs::Proof proof = small_proof();
  proof.program = core::write_program(builder.finish());
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, rounding_errors_are_part_of_the_theorem) {
  // y = 3 x0 + 5 x1 >= -8 in real arithmetic; in binary32 the sum may fall below -8 by an error.
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 1}, {3, 5});
  builder.node(Op::matmul, {input_value(), w}, {{"k_segment", std::int64_t{256}}});
  proofs::Proof proof =
      make_proof(builder.finish(), lower_bound_property(2, 1, "-8.0000000001"), halving_tree(2, 0));
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::rejected);
  proof.level = proofs::Level::real;
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::replayed);
}

TEST_F(ReplayCoq, overflow_is_not_assumed_away) {
  ProgramBuilder builder({1, 2});
  const auto w = builder.constant({2, 2}, {3e38F, 3e38F, 3e38F, 3e38F});
  builder.node(Op::matmul, {input_value(), w}, {{"k_segment", std::int64_t{256}}});
  const proofs::Proof proof =
      make_proof(builder.finish(), lower_bound_property(2, 2, "-1e39"), halving_tree(2, 0));
  EXPECT_EQ(replay(write(proof)).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, a_flipped_weight_in_the_network_is_a_statement_mismatch) {
  const std::string directory = write(small_proof());
  edit(net_path(directory), "[1; (-1)]", "[1; 1]");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, a_shrunk_box_in_the_statement_is_a_statement_mismatch) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/gen/Spec_case0.v", "((-1) # 1", "((-1) # 2");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, an_inserted_axiom_is_an_axiom_violation) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/gen/Proof_case0.v", "Lemma checked",
       "Axiom trust : False.\nLemma checked");
  EXPECT_EQ(replay(directory).status, ReplayStatus::axiom_violation);
}

TEST_F(ReplayCoq, an_admitted_proof_is_an_axiom_violation) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/gen/Proof_case0.v", "Proof. vm_cast_no_check (eq_refl true). Qed.",
       "Admitted.");
  EXPECT_EQ(replay(directory).status, ReplayStatus::axiom_violation);
}

TEST_F(ReplayCoq, a_changed_library_is_rejected) {
  const std::string directory = write(small_proof());
  edit(directory + "/coq/core/Tree.v", "negb (leb least (b, 0%Z))", "true");
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, a_missing_file_is_rejected) {
  const std::string directory = write(small_proof());
  fs::remove(directory + "/coq/gen/Proof_case0.v");
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, a_planted_compiled_file_changes_nothing) {
  const std::string directory = write(dense_proof(-0.1, 1));
  std::ofstream(directory + "/coq/gen/Proof_case0.vo") << "planted";
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, another_proof_than_the_expected_one_is_a_statement_mismatch) {
  const proofs::Proof expected = dense_proof(0.1, 4);
  EXPECT_EQ(replay(write(small_proof()), proofs::proof_digest(expected)).status,
            ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, a_run_out_of_time_is_a_timeout) {
  proofs::ReplayOptions options = options_;
  options.seconds_max = 0.01;
  const auto report = proofs::reconcile_coq(write(small_proof()), {}, options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->obligations[0].status, ReplayStatus::timeout);
  EXPECT_FALSE(report->all_replayed());
}

TEST_F(ReplayCoq, an_absent_assistant_is_refused) {
  proofs::ReplayOptions options = options_;
  options.coqc = "/nonexistent/coqc";
  const auto report = proofs::reconcile_coq(write(small_proof()), {}, options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, core::RefusalCode::assistant_absent);
}

TEST_F(ReplayCoq, a_folder_without_bundle_is_refused) {
  const auto report = proofs::reconcile_coq(root_ + "/nothing", {}, options_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, core::RefusalCode::file_not_found);
  const auto empty = proofs::reconcile_coq(root_, {}, options_);
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, core::RefusalCode::bundle_malformed);
}

TEST(ChildProcess, output_is_limited_and_endless_children_end) {
  const proofs::ChildLimits limits{0.3, std::uint64_t{1} << 30, 100};
  const auto outcome = proofs::run_child({"/usr/bin/yes"}, "/", limits);
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->timed_out);
  EXPECT_EQ(outcome->output.size(), 100U);
}

TEST(ChildProcess, exit_status_is_reported) {
  const auto outcome = proofs::run_child({"/bin/false"}, "/", {});
  ASSERT_TRUE(outcome);
  EXPECT_FALSE(outcome->timed_out);
  EXPECT_EQ(outcome->exit_status, 1);
}

}  // namespace
}  // namespace isotrace::tests
