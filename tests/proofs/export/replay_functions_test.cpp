// Proofs about WebAssembly functions replayed with the installed coqc: theorems about functions
// come out closed, and every way of cheating does not.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include <isotrace/core/file.hpp>
#include <isotrace/proofs/export/coq_function.hpp>

#include "tests/proofs/export/with_coq_library.hpp"
#include "tests/wasm/machine.hpp"

namespace isotrace::tests {
namespace {

using proofs::FunctionProof;
using proofs::FunctionProperty;
using proofs::ReplayStatus;
using wasm::Opcode;
using wasm::ValueType;
using wasm::tests::ModuleBuilder;
using wasm::tests::op;
using wasm::tests::open_block;
using wasm::tests::operator+;
using wasm::tests::push_i32;
using wasm::tests::push_i64;
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

/// Functions f, g, ... of one page of memory that begins 1, 2, ..., 8.
struct Code {
  wasm::FunctionType type;
  core::Bytes body;
};
core::Bytes module_of(const std::vector<Code>& functions) {
  ModuleBuilder builder;
  builder.add_memory(1);
  std::string name = "f";
  for (std::uint32_t i = 0; i < functions.size(); ++i) {
    builder.add_function(functions[i].type, functions[i].body);
    builder.add_export(name, wasm::ExternKind::function, i);
    ++name[0];
  }
  const core::Bytes place = core::Bytes{0} + push_i32(0) + op(Opcode::end);
  return builder.add(wasm::tests::data_section, place + core::Bytes{8, 1, 2, 3, 4, 5, 6, 7, 8})
      .bytes();
}

FunctionProof claim_of(core::Bytes module, FunctionProperty property,
                       const std::string& other = "") {
  FunctionProof proof;
  proof.claim.module = std::move(module);
  proof.claim.function = "f";
  proof.claim.property = property;
  proof.claim.other = other;
  proof.claim.unwind = 2;
  proof.outcome = FunctionProof::Outcome::proved;
  return proof;
}

/// Loads four bytes at offset 8 from the parameter or, if that is less, `most`.
core::Bytes peek(std::int32_t most) {
  const core::Bytes address = op(Opcode::local_get, 0) + push_i32(most) + op(Opcode::local_get, 0) +
                              push_i32(most) + op(Opcode::i32_lt_u) + op(Opcode::select);
  return module_of({{{{ValueType::i32}, {ValueType::i32}}, address + op(Opcode::i32_load, 0, 8)}});
}

/// f stores its parameter's parts by every store and adds up all loads; g computes the same.
core::Bytes mixed_widths() {
  const wasm::FunctionType type{{ValueType::i64}, {ValueType::i64}};
  const core::Bytes x = op(Opcode::local_get, 0);
  const core::Bytes narrow = x + op(Opcode::i32_wrap_i64);
  const auto at = [](std::int32_t place) { return push_i32(place); };
  const core::Bytes wide = op(Opcode::i64_extend_i32_s);
  const core::Bytes zero_extend = op(Opcode::i64_extend_i32_u);
  const core::Bytes add = op(Opcode::i64_add);
  const core::Bytes stores =
      at(16) + x + op(Opcode::i64_store, 0, 0) + at(24) + x + op(Opcode::i64_store32, 0, 0) +
      at(28) + x + op(Opcode::i64_store16, 0, 0) + at(30) + x + op(Opcode::i64_store8, 0, 0) +
      at(32) + narrow + op(Opcode::i32_store, 0, 0) + at(36) + narrow +
      op(Opcode::i32_store16, 0, 0) + at(38) + narrow + op(Opcode::i32_store8, 0, 0);
  const core::Bytes loads =
      at(16) + op(Opcode::i64_load, 0, 0) + at(16) + op(Opcode::i64_load32_s, 0, 8) + add + at(24) +
      op(Opcode::i64_load32_u, 0, 0) + add + at(28) + op(Opcode::i64_load16_s, 0, 0) + add +
      at(28) + op(Opcode::i64_load16_u, 0, 0) + add + at(30) + op(Opcode::i64_load8_s, 0, 0) + add +
      at(30) + op(Opcode::i64_load8_u, 0, 0) + add + at(32) + op(Opcode::i32_load, 0, 0) + wide +
      add + at(36) + op(Opcode::i32_load16_s, 0, 0) + wide + add + at(36) +
      op(Opcode::i32_load16_u, 0, 0) + zero_extend + add + at(38) + op(Opcode::i32_load8_s, 0, 0) +
      wide + add + at(38) + op(Opcode::i32_load8_u, 0, 0) + zero_extend + add + at(5) +
      op(Opcode::i32_load8_u, 0, 0) + zero_extend + add + op(Opcode::memory_size, 0) + zero_extend +
      add;
  const core::Bytes low16 = x + push_i64(0xffff) + op(Opcode::i64_and);
  const core::Bytes low8 = x + push_i64(0xff) + op(Opcode::i64_and);
  const core::Bytes low32 = narrow + zero_extend;
  const core::Bytes sum =
      x + x + op(Opcode::i64_extend32_s) + add + low32 + add + x + op(Opcode::i64_extend16_s) +
      add + low16 + add + x + op(Opcode::i64_extend8_s) + add + low8 + add + x +
      op(Opcode::i64_extend32_s) + add + x + op(Opcode::i64_extend16_s) + add + low16 + add + x +
      op(Opcode::i64_extend8_s) + add + low8 + add + push_i64(6 + 1) + add;
  return module_of({{type, stores + loads}, {type, sum}});
}

/// f calls the function of a table of five that its parameter is the number of: 0 adds one, 1
/// doubles, 2 is of another type, 3 and 4 are null. g does the same without a table, h as if 2
/// doubled as well.
core::Bytes chosen_by_table() {
  const wasm::FunctionType type{{ValueType::i32}, {ValueType::i32}};
  const core::Bytes x = op(Opcode::local_get, 0);
  ModuleBuilder builder;
  const std::uint32_t number = builder.add_type(type);
  const auto branches = [&](std::int32_t doubled) {
    return x + op(Opcode::i32_eqz) + open_block(Opcode::if_) + x + push_i32(1) +
           op(Opcode::i32_add) + op(Opcode::return_) + op(Opcode::end) + x + push_i32(doubled) +
           op(Opcode::i32_le_u) + open_block(Opcode::if_) + x + x + op(Opcode::i32_add) +
           op(Opcode::return_) + op(Opcode::end) + op(Opcode::unreachable);
  };
  builder.add_function(type, x + x + op(Opcode::call_indirect, number, 0));
  builder.add_function(type, branches(1)).add_function(type, branches(2));
  builder.add_function(type, x + push_i32(1) + op(Opcode::i32_add));
  builder.add_function(type, x + x + op(Opcode::i32_add));
  builder.add_function({{ValueType::i64}, {ValueType::i64}}, x);
  builder.add_table(ValueType::funcref, 5)
      .add(wasm::tests::element_section,
           core::Bytes{0} + push_i32(0) + op(Opcode::end) + core::Bytes{3, 3, 4, 5});
  std::string name = "f";
  for (std::uint32_t i = 0; i < 3; ++i, ++name[0])
    builder.add_export(name, wasm::ExternKind::function, i);
  return builder.bytes();
}

class ReplayFunctions : public WithCoqLibrary<proofs::CoqPart::functions> {
 protected:
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

TEST_F(ReplayFunctions, tables_of_the_initial_memory_are_read_at_any_place) {
  expect_replayed(claim_about("tables", "crc_table", FunctionProperty::equivalent, "crc_bits"));
}

TEST_F(ReplayFunctions, what_is_stored_in_loops_is_loaded_again) {
  expect_replayed(claim_about("tables", "sort_network", FunctionProperty::post, "is_sorted"));
  expect_replayed(claim_about("tables", "moved_backwards", FunctionProperty::equivalent, "moved"));
}

TEST_F(ReplayFunctions, stores_at_places_that_arguments_decide_are_found) {
  expect_replayed(claim_about("tables", "queue", FunctionProperty::equivalent, "second"));
}

TEST_F(ReplayFunctions, loads_and_stores_have_all_widths_and_signs) {
  const FunctionProof proof = claim_of(mixed_widths(), FunctionProperty::equivalent, "g");
  expect_replayed(proof);
}

TEST_F(ReplayFunctions, the_last_byte_of_memory_is_in_bounds_and_the_next_traps) {
  expect_replayed(claim_of(peek(65'524), FunctionProperty::never_traps));
  const auto beyond = proofs::refute_function(claim_of(peek(65'525), FunctionProperty::never_traps),
                                              solver_seconds);
  ASSERT_FALSE(beyond);
  EXPECT_EQ(beyond.error().code, core::RefusalCode::export_unsupported);
}

TEST_F(ReplayFunctions, rows_of_bytes_are_filled_and_copied_by_counts_that_arguments_decide) {
  expect_replayed(claim_about("tables", "copy", FunctionProperty::equivalent, "prefix"));
  expect_replayed(claim_about("tables", "fill", FunctionProperty::equivalent, "fill_words"));
}

TEST_F(ReplayFunctions, calls_through_a_table_are_those_of_its_functions_and_else_trap) {
  const FunctionProof proof = claim_of(chosen_by_table(), FunctionProperty::equivalent, "g");
  const std::string directory = write(proof);
  EXPECT_EQ(replay(directory).status, ReplayStatus::replayed) << replay(directory).detail;
  edit(directory + "/coq/gen/Spec_function.v", "[Some 2; Some 3]", "[Some 3; Some 2]");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
  const auto false_claim = proofs::refute_function(
      claim_of(chosen_by_table(), FunctionProperty::equivalent, "h"), solver_seconds);
  ASSERT_FALSE(false_claim);
  EXPECT_EQ(false_claim.error().code, core::RefusalCode::export_unsupported);
}

TEST_F(ReplayFunctions, a_row_longer_than_the_library_follows_is_refused) {
  const core::Bytes count = op(Opcode::local_get, 0);
  const core::Bytes fills = push_i32(0) + push_i32(0) + count + op(Opcode::memory_fill, 0) + count;
  const auto refuted =
      proofs::refute_function(claim_of(module_of({{{{ValueType::i32}, {ValueType::i32}}, fills}}),
                                       FunctionProperty::never_traps),
                              solver_seconds);
  ASSERT_FALSE(refuted);
  EXPECT_EQ(refuted.error().code, core::RefusalCode::export_unsupported);
  EXPECT_NE(describe(refuted.error()).find("4096 bytes"), std::string::npos);
}

TEST_F(ReplayFunctions, a_false_claim_about_memory_has_no_refutation) {
  const auto refuted = proofs::refute_function(
      claim_about("tables", "crc_table_bad", FunctionProperty::equivalent, "crc_bits"),
      solver_seconds);
  ASSERT_FALSE(refuted);
  EXPECT_EQ(refuted.error().code, core::RefusalCode::export_unsupported);
}

TEST_F(ReplayFunctions, what_the_library_does_not_cover_is_refused_by_name) {
  const core::Bytes grows = push_i32(1) + op(Opcode::memory_grow, 0);
  const auto refuted =
      proofs::refute_function(claim_of(module_of({{{{ValueType::i32}, {ValueType::i32}}, grows}}),
                                       FunctionProperty::never_traps),
                              solver_seconds);
  ASSERT_FALSE(refuted);
  EXPECT_EQ(refuted.error().code, core::RefusalCode::export_unsupported);
  EXPECT_NE(describe(refuted.error()).find("memory.grow"), std::string::npos);
}

TEST_F(ReplayFunctions, a_claim_about_any_memory_is_not_exported_as_one_about_the_initial_memory) {
  FunctionProof proof = claim_of(peek(65'524), FunctionProperty::never_traps);
  proof.claim.memory = proofs::InitialMemory::arbitrary;
  const auto refuted = proofs::refute_function(proof, solver_seconds);
  ASSERT_FALSE(refuted);
  EXPECT_EQ(refuted.error().code, core::RefusalCode::export_unsupported);
  EXPECT_NE(describe(refuted.error()).find("any bytes"), std::string::npos);
}

TEST_F(ReplayFunctions, an_altered_initial_memory_is_a_statement_mismatch) {
  static const std::string directory =
      write(claim_about("tables", "crc_table", FunctionProperty::equivalent, "crc_bits"));
  edit(directory + "/coq/gen/Spec_function.v", "0x1070e09", "0x1070e08");
  EXPECT_EQ(replay(directory).status, ReplayStatus::statement_mismatch);
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
  EXPECT_EQ(after_edit("coq/gen/Cert_function.v", "unpacked\n(Words ", "unpacked\n(Words 1"),
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
