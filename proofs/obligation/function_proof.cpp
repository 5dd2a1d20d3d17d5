#include <isotrace/proofs/obligation/function_proof.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using Outcome = FunctionProof::Outcome;

constexpr std::string_view magic = "ISOFUNC\n";
constexpr std::uint32_t format_version = 2;

core::Bytes write_fields(const FunctionProof& proof) {
  const FunctionClaim& claim = proof.claim;
  core::ByteWriter out;
  out.raw(core::as_bytes(magic)).u32(format_version);
  out.u8(static_cast<std::uint8_t>(proof.outcome)).u8(static_cast<std::uint8_t>(claim.edition));
  out.u8(static_cast<std::uint8_t>(claim.property)).u8(static_cast<std::uint8_t>(claim.memory));
  out.u8(claim.is_signed ? 1 : 0).u32(claim.unwind).u64(claim.low).u64(claim.high);
  out.text(claim.function).text(claim.other).text(claim.assume);
  out.block(claim.module).block(claim.other_module).block(proof.lrat);
  out.u64(proof.inputs.arguments.size());
  for (const std::uint64_t argument : proof.inputs.arguments) out.u64(argument);
  out.u32(proof.inputs.place).u8(proof.inputs.fill).u64(proof.inputs.memory.size());
  for (const auto& [address, byte] : proof.inputs.memory) out.u32(address).u8(byte);
  return out.take();
}

tl::unexpected<core::Refusal> malformed(const std::string& what) {
  return core::refuse(RefusalCode::proof_malformed, "function proof", what);
}

template <class Enum>
Result<Enum> read_enum(core::ByteReader& in, Enum least, Enum most, const char* what) {
  ISOTRACE_TRY(const std::uint8_t value, in.u8());
  if (value < static_cast<std::uint8_t>(least) || value > static_cast<std::uint8_t>(most)) {
    return malformed(std::string(what) + " " + std::to_string(value));
  }
  return static_cast<Enum>(value);
}

Result<core::Bytes> read_block(core::ByteReader& in) {
  ISOTRACE_TRY(const core::ByteView block, in.block());
  return core::Bytes(block.begin(), block.end());
}

Result<core::Done> read_inputs(core::ByteReader& in, FunctionInputs& inputs) {
  ISOTRACE_TRY(const std::size_t arguments, in.count(8, core::limits::wasm_parameters_max));
  for (std::size_t i = 0; i < arguments; ++i) {
    ISOTRACE_TRY(const std::uint64_t argument, in.u64());
    inputs.arguments.push_back(argument);
  }
  ISOTRACE_TRY(inputs.place, in.u32());
  ISOTRACE_TRY(inputs.fill, in.u8());
  ISOTRACE_TRY(const std::size_t bytes, in.count(5, core::limits::smt_terms_max));
  for (std::size_t i = 0; i < bytes; ++i) {
    ISOTRACE_TRY(const std::uint32_t address, in.u32());
    ISOTRACE_TRY(const std::uint8_t byte, in.u8());
    if (!inputs.memory.empty() && inputs.memory.back().first >= address) {
      return malformed("addresses out of order");
    }
    inputs.memory.emplace_back(address, byte);
  }
  return core::Done{};
}

Result<FunctionProof> read_fields(core::ByteReader& in) {
  FunctionProof proof;
  FunctionClaim& claim = proof.claim;
  ISOTRACE_TRY(proof.outcome, read_enum(in, Outcome::proved, Outcome::asserted, "outcome"));
  ISOTRACE_TRY(claim.edition, read_enum(in, wasm::Edition::mvp, wasm::Edition::v2, "edition"));
  ISOTRACE_TRY(claim.property,
               read_enum(in, FunctionProperty::never_traps, FunctionProperty::effects, "property"));
  ISOTRACE_TRY(claim.memory, read_enum(in, InitialMemory::instantiated, InitialMemory::arbitrary,
                                       "initial memory"));
  ISOTRACE_TRY(const std::uint8_t is_signed, in.u8());
  if (is_signed > 1) return malformed("sign");
  claim.is_signed = is_signed == 1;
  ISOTRACE_TRY(claim.unwind, in.u32());
  ISOTRACE_TRY(claim.low, in.u64());
  ISOTRACE_TRY(claim.high, in.u64());
  ISOTRACE_TRY(claim.function, in.text(core::limits::name_bytes_max));
  ISOTRACE_TRY(claim.other, in.text(core::limits::name_bytes_max));
  ISOTRACE_TRY(claim.assume, in.text(core::limits::name_bytes_max));
  ISOTRACE_TRY(claim.module, read_block(in));
  ISOTRACE_TRY(claim.other_module, read_block(in));
  ISOTRACE_TRY(proof.lrat, read_block(in));
  ISOTRACE_TRY_DONE(read_inputs(in, proof.inputs));
  return proof;
}

/// What one property or outcome has no use for must not be there, or one claim had two identities.
bool has_foreign_fields(const FunctionProof& proof) {
  const FunctionClaim& claim = proof.claim;
  const bool range = claim.property == FunctionProperty::range;
  const bool pair = compares_functions(claim.property);
  const bool named = pair || claim.property == FunctionProperty::post;
  const bool effects = claim.property == FunctionProperty::effects;
  const bool bounded = range || (effects && leaves_out_bytes(claim));
  if (!bounded && (claim.low != 0 || claim.high != 0)) return true;
  if (!range && claim.is_signed) return true;
  if (named == claim.other.empty() || (!pair && !claim.other_module.empty())) return true;
  if (proof.outcome != Outcome::proved && !proof.lrat.empty()) return true;
  if (proof.outcome != Outcome::violated && proof.inputs != FunctionInputs{}) return true;
  if (!effects && proof.inputs.place != 0) return true;
  const bool memory = proof.inputs.fill != 0 || !proof.inputs.memory.empty();
  return claim.unwind > core::limits::unwind_max ||
         (memory && claim.memory != InitialMemory::arbitrary);
}

}  // namespace

bool is_function_proof(core::ByteView bytes) { return core::as_text(bytes).starts_with(magic); }

core::Digest function_proof_digest(const FunctionProof& proof) {
  return core::sha256(write_fields(proof));
}

core::Bytes write_function_proof(const FunctionProof& proof) {
  core::Bytes bytes = write_fields(proof);
  const core::Digest digest = core::sha256(bytes);
  const core::ByteView end = digest.view();
  bytes.insert(bytes.end(), end.begin(), end.end());
  return bytes;
}

Result<FunctionProof> parse_function_proof(core::ByteView bytes) {
  if (bytes.size() > core::limits::proof_bytes_max) {
    return core::refuse(RefusalCode::limit_exceeded, "function proof",
                        std::to_string(bytes.size()) + " bytes");
  }
  const std::size_t digest_bytes = core::Digest().view().size();
  if (!is_function_proof(bytes) || bytes.size() < magic.size() + 4 + digest_bytes) {
    return malformed("too short, or no function proof");
  }
  const core::ByteView fields = bytes.first(bytes.size() - digest_bytes);
  core::ByteReader in(fields.subspan(magic.size()));
  ISOTRACE_TRY(const std::uint32_t version, in.u32());
  if (version != format_version) {
    return core::refuse(RefusalCode::proof_version_unsupported, "function proof",
                        "version " + std::to_string(version));
  }
  const core::Digest digest = core::sha256(fields);
  if (!std::ranges::equal(digest.view(), bytes.last(digest_bytes))) {
    return core::refuse(RefusalCode::proof_digest_mismatch, "function proof", "");
  }
  auto proof = read_fields(in);
  if (!proof) return malformed(core::describe(proof.error()));
  if (!in.end()) return malformed("bytes behind the fields");
  if (has_foreign_fields(*proof)) return malformed("fields that do not belong to the claim");
  return proof;
}

}  // namespace isotrace::proofs
