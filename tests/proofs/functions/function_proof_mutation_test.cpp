// Hostile proof files. As it lies on disk, every change is found; a forger who computes the digest
// anew gets no claim accepted that is false. Any bytes are refused or judged, never a crash.
#include <isotrace/core/digest.hpp>
#include <isotrace/proofs/functions/prove_function.hpp>

#include "tests/proofs/functions/claims.hpp"

namespace isotrace::proofs::tests {
namespace {

using wasm::Opcode;
using wasm::ValueType;
using wasm::tests::op;
using wasm::tests::operator+;
using wasm::tests::push_i32;

constexpr std::size_t digest_bytes = 32;

/// Of x * x & 7, that it is at most 4.
core::Bytes small_proof() {
  const core::Bytes code = op(Opcode::local_get, 0) + op(Opcode::local_get, 0) +
                           op(Opcode::i32_mul) + push_i32(7) + op(Opcode::i32_and);
  FunctionClaim claim =
      never_traps(wasm::tests::one_function({{ValueType::i32}, {ValueType::i32}}, code), "f");
  claim.property = FunctionProperty::range;
  claim.high = 4;
  FunctionOptions options;
  options.decide.engines = {smt::Engine::gates};
  const auto outcome = prove_function(claim, options);
  EXPECT_TRUE(outcome.has_value() && outcome->kind == FunctionOutcome::Kind::proved);
  return write_function_proof(outcome->proof);
}

bool is_accepted(const core::Bytes& bytes) {
  const auto proof = parse_function_proof(bytes);
  if (!proof) return false;
  const auto report = check_function_proof(*proof);
  return report && report->verdict.accepted();
}

core::Bytes with_new_digest(core::Bytes bytes) {
  bytes.resize(bytes.size() - digest_bytes);
  const core::Digest digest = core::sha256(bytes);
  bytes.insert(bytes.end(), digest.view().begin(), digest.view().end());
  return bytes;
}

/// The claim on inputs that tell these small functions apart.
bool is_true_on_samples(const FunctionClaim& claim) {
  for (const std::uint64_t x : {0ULL, 1ULL, 2ULL, 3ULL, 4ULL, 5ULL, 7ULL, 0x7fULL, 0x80ULL, 0xffULL,
                                0x7fffffffULL, 0x80000000ULL, 0xfffffffcULL, 0xffffffffULL}) {
    const auto run = execute_claim(claim, {.arguments = {x}});
    if (!run || run->violated) return false;
  }
  return true;
}

TEST(FunctionProofMutation, EveryChangedBitIsRefused) {
  const core::Bytes good = small_proof();
  ASSERT_TRUE(is_accepted(good));
  for (std::size_t bit = 0; bit < 8 * good.size(); ++bit) {
    core::Bytes bad = good;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ 1U << bit % 8);
    ASSERT_FALSE(is_accepted(bad)) << "bit " << bit;
  }
}

TEST(FunctionProofMutation, EveryShorterFileIsRefused) {
  const core::Bytes good = small_proof();
  for (std::size_t size = 0; size < good.size(); ++size) {
    const core::Bytes bad(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_FALSE(is_accepted(bad)) << size;
    if (size >= digest_bytes) {
      ASSERT_FALSE(is_accepted(with_new_digest(bad))) << size;
    }
  }
}

TEST(FunctionProofMutation, AForgedBitWithItsDigestProvesNothingFalse) {
  const core::Bytes good = small_proof();
  int accepted = 0;
  for (std::size_t bit = 0; bit < 8 * (good.size() - digest_bytes); ++bit) {
    core::Bytes forged = good;
    forged[bit / 8] = static_cast<std::uint8_t>(forged[bit / 8] ^ 1U << bit % 8);
    forged = with_new_digest(std::move(forged));
    if (!is_accepted(forged)) continue;
    ++accepted;
    EXPECT_TRUE(is_true_on_samples(parse_function_proof(forged)->claim)) << "bit " << bit;
  }
  RecordProperty("accepted", accepted);
}

}  // namespace
}  // namespace isotrace::proofs::tests
