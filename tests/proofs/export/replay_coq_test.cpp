// Replays bundles with the installed coqc: small true theorems must come out closed, and every way
// of cheating must not.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <isotrace/proofs/checker/check_proof.hpp>
#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>

#include "child_process.hpp"
#include "tests/proofs/export/small_network.hpp"

namespace isotrace::tests {
namespace {

using core::Op;
using proofs::ReplayStatus;
namespace fs = std::filesystem;

class ReplayCoq : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string path = testing::TempDir() + "isotrace-coq-test-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    options_.work_directory = path;
    options_.seconds_max = 120;
    if (access(options_.coqc.c_str(), X_OK) != 0) return;
    const auto compiled = proofs::compile_coq_library(path + "/library", options_);
    ASSERT_TRUE(compiled) << describe(compiled.error());
    options_.compiled_library = path + "/library";
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }
  void SetUp() override {
    if (options_.compiled_library.empty()) GTEST_SKIP() << "coqc is absent";
  }

  static std::string write(const proofs::Proof& proof) {
    const auto bundle = proofs::export_coq(proof);
    EXPECT_TRUE(bundle) << describe(bundle.error());
    const std::string directory = root_ + "/bundle" + std::to_string(next_++);
    EXPECT_TRUE(bundle && proofs::write_bundle(*bundle, directory));
    return directory;
  }

  static proofs::ObligationReplay replay(const std::string& directory,
                                         const proofs::Proof* expected = nullptr) {
    const auto report = proofs::reconcile_coq(directory, expected, options_);
    EXPECT_TRUE(report) << describe(report.error());
    if (!report || report->obligations.empty()) return {};
    return report->obligations[0];
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

  static inline std::string root_;
  static inline proofs::ReplayOptions options_;
  static inline int next_ = 0;
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

TEST_F(ReplayCoq, real_semantics_is_closed_and_needs_no_margin) {
  proofs::Proof proof = small_proof();
  proof.level = proofs::Level::real;
  proof.property_text = lower_bound_property(2, 1, "-0.0000000000001");
  const auto result = replay(write(proof));
  EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
}

TEST_F(ReplayCoq, a_dense_network_with_splits_is_closed) {
  const proofs::Proof proof = dense_proof(0.1, 4);
  const auto result = replay(write(proof), &proof);
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
  const auto result = replay(write(proof), &proof);
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
  fs::remove(directory + "/coq/gen/Cert_case0.v");
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, a_planted_compiled_file_changes_nothing) {
  const std::string directory = write(dense_proof(-0.1, 1));
  std::ofstream(directory + "/coq/gen/Proof_case0.vo") << "planted";
  EXPECT_EQ(replay(directory).status, ReplayStatus::rejected);
}

TEST_F(ReplayCoq, another_proof_than_the_expected_one_is_a_statement_mismatch) {
  const proofs::Proof expected = dense_proof(0.1, 4);
  EXPECT_EQ(replay(write(small_proof()), &expected).status, ReplayStatus::statement_mismatch);
}

TEST_F(ReplayCoq, a_run_out_of_time_is_a_timeout) {
  proofs::ReplayOptions options = options_;
  options.seconds_max = 0.01;
  const auto report = proofs::reconcile_coq(write(small_proof()), nullptr, options);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->obligations[0].status, ReplayStatus::timeout);
  EXPECT_FALSE(report->all_replayed());
}

TEST_F(ReplayCoq, an_absent_assistant_is_refused) {
  proofs::ReplayOptions options = options_;
  options.coqc = "/nonexistent/coqc";
  const auto report = proofs::reconcile_coq(write(small_proof()), nullptr, options);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, core::RefusalCode::assistant_absent);
}

TEST_F(ReplayCoq, a_folder_without_bundle_is_refused) {
  const auto report = proofs::reconcile_coq(root_ + "/nothing", nullptr, options_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, core::RefusalCode::file_not_found);
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
