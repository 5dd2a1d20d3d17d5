// Proofs about WebAssembly functions replayed with the installed coqc: theorems about functions
// come out closed, and every way of cheating does not.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <isotrace/core/file.hpp>
#include <isotrace/proofs/export/coq_function.hpp>
#include <isotrace/proofs/export/replay_coq.hpp>

namespace isotrace::tests {
namespace {

using proofs::FunctionProof;
using proofs::FunctionProperty;
using proofs::ReplayStatus;
namespace fs = std::filesystem;

constexpr std::uint64_t solver_seconds = 60;

/// A claim, said to be proved: what Coq thinks of it is the question here.
FunctionProof claim_about(const std::string& module, const std::string& function,
                          FunctionProperty property, const std::string& other = "",
                          const std::string& assume = "") {
  FunctionProof proof;
  const auto bytes = core::PosixFiles().read(
      std::string(ISOTRACE_FIXTURES) + "/wasm/functions/" + module + ".wasm", 1 << 20);
  EXPECT_TRUE(bytes);
  proof.claim.module = bytes.value_or(core::Bytes{});
  proof.claim.function = function;
  proof.claim.property = property;
  proof.claim.other = other;
  proof.claim.assume = assume;
  proof.claim.unwind = 8;
  proof.outcome = FunctionProof::Outcome::proved;
  return proof;
}

FunctionProof range_claim(const std::string& function, std::int64_t low, std::int64_t high) {
  FunctionProof proof = claim_about("numbers", function, FunctionProperty::range);
  proof.claim.low = static_cast<std::uint64_t>(low);
  proof.claim.high = static_cast<std::uint64_t>(high);
  proof.claim.is_signed = low < 0;
  return proof;
}

FunctionProof average_claim() {
  return claim_about("numbers", "average_bits", FunctionProperty::equivalent, "average");
}

class ReplayFunctions : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string path = testing::TempDir() + "isotrace-coq-test-XXXXXX";
    ASSERT_NE(mkdtemp(path.data()), nullptr);
    root_ = path;
    options_.work_directory = path;
    options_.seconds_max = 120;
    if (access(options_.coqc.c_str(), X_OK) != 0) return;
    const auto compiled =
        proofs::compile_coq_library(path + "/library", options_, {proofs::CoqPart::functions});
    ASSERT_TRUE(compiled) << describe(compiled.error());
    options_.compiled_library = path + "/library";
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }
  void SetUp() override {
    if (options_.compiled_library.empty()) GTEST_SKIP() << "coqc is absent";
  }

  static std::string write(const proofs::Bundle& bundle) {
    const std::string directory = root_ + "/bundle" + std::to_string(next_++);
    EXPECT_TRUE(proofs::write_bundle(bundle, directory));
    return directory;
  }

  static std::string write(const FunctionProof& proof) {
    const auto refutation = proofs::refute_function(proof, solver_seconds);
    EXPECT_TRUE(refutation) << describe(refutation.error());
    const auto bundle = proofs::export_coq_function(proof, refutation.value_or(core::Bytes{}));
    EXPECT_TRUE(bundle) << describe(bundle.error());
    return bundle ? write(*bundle) : std::string();
  }

  static proofs::ObligationReplay replay(const std::string& directory,
                                         const std::optional<core::Digest>& expected = {}) {
    const auto report = proofs::reconcile_coq(directory, expected, options_);
    EXPECT_TRUE(report) << describe(report.error());
    if (!report || report->obligations.size() != 1) return {};
    return report->obligations[0];
  }

  static void expect_replayed(const FunctionProof& proof) {
    const proofs::ObligationReplay result = replay(write(proof));
    EXPECT_EQ(result.status, ReplayStatus::replayed) << result.detail;
    EXPECT_TRUE(result.axioms.empty());
  }

  /// Replaces the first occurrence of `from` in a file of the bundle.
  static void edit(const std::string& path, const std::string& from, const std::string& to) {
    std::ifstream in(path);
    std::string text((std::istreambuf_iterator<char>(in)), {});
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    std::ofstream(path) << text.replace(at, from.size(), to);
  }

  static ReplayStatus after_edit(const std::string& file, const std::string& from,
                                 const std::string& to) {
    static const std::string original = write(average_claim());
    const std::string directory = root_ + "/edited" + std::to_string(next_++);
    fs::copy(original, directory, fs::copy_options::recursive);
    edit(directory + "/" + file, from, to);
    return replay(directory).status;
  }

  static inline std::string root_;
  static inline proofs::ReplayOptions options_;
  static inline int next_ = 0;
};

TEST_F(ReplayFunctions, equivalence_of_straight_code_is_closed) {
  expect_replayed(average_claim());
}

TEST_F(ReplayFunctions, bits_are_counted_and_rotated) {
  expect_replayed(
      claim_about("bits", "leading_zeros_halving", FunctionProperty::equivalent, "leading_zeros"));
  expect_replayed(claim_about("bits", "rotate_split", FunctionProperty::equivalent, "rotate"));
}

TEST_F(ReplayFunctions, signed_division_never_traps_where_it_is_guarded) {
  expect_replayed(claim_about("numbers", "quotient", FunctionProperty::never_traps));
}

TEST_F(ReplayFunctions, ranges_are_of_signed_and_of_unsigned_numbers) {
  expect_replayed(range_claim("sign", -1, 1));
  expect_replayed(range_claim("internet_sum", 0, 65535));
}

TEST_F(ReplayFunctions, assumptions_postconditions_and_calls_are_stated) {
  expect_replayed(
      claim_about("numbers", "clamped", FunctionProperty::post, "is_clamped", "limits_ordered"));
}

TEST_F(ReplayFunctions, loops_are_unrolled) {
  FunctionProof sum =
      claim_about("numbers", "sum_down", FunctionProperty::equivalent, "sum_formula", "at_most_31");
  sum.claim.unwind = 33;
  expect_replayed(sum);
}

TEST_F(ReplayFunctions, a_false_claim_has_no_refutation) {
  const auto refuted = proofs::refute_function(
      claim_about("numbers", "quotient_bad", FunctionProperty::never_traps), solver_seconds);
  ASSERT_FALSE(refuted);
  EXPECT_EQ(refuted.error().code, core::RefusalCode::export_unsupported);
}

TEST_F(ReplayFunctions, what_the_library_does_not_cover_is_refused_by_name) {
  const auto refuted = proofs::refute_function(
      claim_about("tables", "crc_table", FunctionProperty::never_traps), solver_seconds);
  ASSERT_FALSE(refuted);
  EXPECT_EQ(refuted.error().code, core::RefusalCode::export_unsupported);
  EXPECT_NE(describe(refuted.error()).find("load"), std::string::npos);
}

TEST_F(ReplayFunctions, an_altered_theorem_is_a_statement_mismatch) {
  EXPECT_EQ(after_edit("coq/gen/Spec_function.v", "equivalent machine", "never_traps machine"),
            ReplayStatus::statement_mismatch);
}

TEST_F(ReplayFunctions, an_altered_function_is_a_statement_mismatch) {
  EXPECT_EQ(after_edit("coq/gen/Spec_function.v", "LocalGet 0", "LocalGet 1"),
            ReplayStatus::statement_mismatch);
}

TEST_F(ReplayFunctions, an_unrelated_true_theorem_is_a_statement_mismatch) {
  EXPECT_EQ(
      after_edit("coq/gen/Spec_function.v", "Prop :=\n  equivalent", "Prop := True \\/ equivalent"),
      ReplayStatus::statement_mismatch);
}

TEST_F(ReplayFunctions, an_altered_certificate_is_rejected) {
  EXPECT_EQ(after_edit("coq/gen/Cert_function.v", "part0 : text := \"", "part0 : text := \"A"),
            ReplayStatus::rejected);
}

TEST_F(ReplayFunctions, an_altered_refutation_is_rejected) {
  const FunctionProof proof = average_claim();
  auto refutation = proofs::refute_function(proof, solver_seconds);
  ASSERT_TRUE(refutation);
  // The first step's first literal, negated: everything in the bundle fits it, and Coq does not.
  ASSERT_GT(refutation->size(), 2U);
  (*refutation)[1] ^= 1;
  const auto bundle = proofs::export_coq_function(proof, *refutation);
  ASSERT_TRUE(bundle) << describe(bundle.error());
  const proofs::ObligationReplay result = replay(write(*bundle));
  EXPECT_EQ(result.status, ReplayStatus::rejected);
}

TEST_F(ReplayFunctions, admitted_and_axioms_are_violations) {
  EXPECT_EQ(after_edit("coq/gen/Proof_function.v", "Proof. vm_cast_no_check (eq_refl true). Qed.",
                       "Admitted."),
            ReplayStatus::axiom_violation);
  EXPECT_EQ(after_edit("coq/gen/Proof_function.v", "Lemma checked", "Axiom checked"),
            ReplayStatus::axiom_violation);
}

TEST_F(ReplayFunctions, a_renamed_theorem_is_rejected) {
  EXPECT_EQ(after_edit("coq/gen/Proof_function.v", "Theorem proof", "Theorem other"),
            ReplayStatus::rejected);
}

TEST_F(ReplayFunctions, another_proof_than_expected_is_a_statement_mismatch) {
  const FunctionProof proof = average_claim();
  const std::string directory = write(proof);
  EXPECT_EQ(replay(directory, proofs::function_proof_digest(range_claim("sign", -1, 1))).status,
            ReplayStatus::statement_mismatch);
  EXPECT_EQ(replay(directory, proofs::function_proof_digest(proof)).status, ReplayStatus::replayed);
}

}  // namespace
}  // namespace isotrace::tests
