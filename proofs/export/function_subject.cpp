#include "function_subject.hpp"

#include <algorithm>

#include <isotrace/wasm/validate.hpp>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using wasm::FunctionType;
using wasm::ValueType;

tl::unexpected<core::Refusal> mismatch(const std::string& name, const FunctionType& type) {
  return core::refuse(RefusalCode::function_types_mismatch, name, wasm::type_text(type));
}

const FunctionType& type_of(const wasm::Module& module, std::uint32_t function) {
  return module.type_of(module.functions[function]);
}

/// The functions that a claim names, with the types that it needs.
struct Names {
  std::uint32_t function = 0;
  std::optional<std::uint32_t> other = {};  ///< in the other module, if there is one
  std::optional<std::uint32_t> assume = {};
};

Result<Names> find_names(const FunctionClaim& claim, const wasm::Module& module,
                         const wasm::Module& other_module) {
  Names names;
  ISOTRACE_TRY(names.function, obligation::find_function(module, claim.function));
  const FunctionType& type = type_of(module, names.function);
  if (!claim.assume.empty()) {
    ISOTRACE_TRY(names.assume, obligation::find_function(module, claim.assume));
    if (type_of(module, *names.assume) != FunctionType{type.parameters, {ValueType::i32}})
      return mismatch(claim.assume, type_of(module, *names.assume));
  }
  if (claim.property == FunctionProperty::range && type.results.size() != 1)
    return mismatch(claim.function, type);
  if (claim.other.empty()) return names;
  ISOTRACE_TRY(names.other, obligation::find_function(other_module, claim.other));
  FunctionType wanted = type;
  if (claim.property == FunctionProperty::post) {
    wanted.parameters.insert(wanted.parameters.end(), type.results.begin(), type.results.end());
    wanted.results = {ValueType::i32};
  }
  if (type_of(other_module, *names.other) != wanted)
    return mismatch(claim.other, type_of(other_module, *names.other));
  return names;
}

/// The part of a range that numbers of the result's width can have, as its bits.
void clamp_range(const FunctionClaim& claim, FunctionSubject& subject) {
  subject.claim.is_signed = claim.is_signed;
  subject.claim.low = claim.low;
  subject.claim.high = claim.high;
  if (subject.width == 64) return;
  if (!claim.is_signed) {
    subject.claim.low = std::min<std::uint64_t>(claim.low, UINT32_MAX);
    subject.claim.high = std::min<std::uint64_t>(claim.high, UINT32_MAX);
    return;
  }
  const auto clamped = [](std::uint64_t bits) {
    const auto value =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(bits), INT32_MIN, INT32_MAX);
    return std::uint64_t{static_cast<std::uint32_t>(value)};
  };
  subject.claim.low = clamped(claim.low);
  subject.claim.high = clamped(claim.high);
}

}  // namespace

Result<std::unique_ptr<FunctionSubject>> read_function_subject(const FunctionProof& proof) {
  const FunctionClaim& claim = proof.claim;
  if (proof.outcome != FunctionProof::Outcome::proved) {
    return core::refuse(RefusalCode::export_unsupported, "proof",
                        "it is " + std::string(outcome_name(proof.outcome)) + ", not proved");
  }
  auto subject = std::make_unique<FunctionSubject>();
  subject->has_other = !claim.other_module.empty();
  ISOTRACE_TRY(const wasm::Module module, wasm::load_module(claim.module, claim.edition));
  wasm::Module second;
  if (subject->has_other) {
    ISOTRACE_TRY(second, wasm::load_module(claim.other_module, claim.edition));
  }
  const wasm::Module& other_module = subject->has_other ? second : module;
  ISOTRACE_TRY(const Names names, find_names(claim, module, other_module));
  std::vector<std::uint32_t> functions = {names.function};
  if (names.assume) functions.push_back(*names.assume);
  if (names.other && !subject->has_other) functions.push_back(*names.other);
  ISOTRACE_TRY(subject->module, read_code(module, functions));
  if (subject->has_other) {
    ISOTRACE_TRY(subject->other_module, read_code(second, {*names.other}));
  }
  const bool reads = reads_memory(subject->module) || reads_memory(subject->other_module);
  if (claim.memory == InitialMemory::arbitrary && reads) {
    return core::refuse(RefusalCode::export_unsupported, "proof",
                        "it reads a memory of any bytes; Coq's memory is as instantiated");
  }
  CodeClaim& made = subject->claim;
  made.module = &subject->module;
  made.other_module = subject->has_other ? &subject->other_module : &subject->module;
  made.property = claim.property;
  if (claim.property == FunctionProperty::effects) {
    if (has_effects(subject->module) || has_effects(subject->other_module)) {
      return core::refuse(RefusalCode::export_unsupported, "proof",
                          "it compares what calls leave in memory and globals; prove with "
                          "--compare results");
    }
    made.property = FunctionProperty::equivalent;  // nothing is left but results
  }
  made.function = subject->module.place_of(names.function);
  if (names.assume) made.assume = subject->module.place_of(*names.assume);
  if (names.other) made.other = made.other_module->place_of(*names.other);
  if (claim.property == FunctionProperty::range) {
    subject->width = subject->module.functions[made.function].results[0];
    clamp_range(claim, *subject);
  }
  subject->limits.unwind = claim.unwind;
  subject->limits.depth = claim.unwind + 1 +
                          static_cast<std::uint32_t>(subject->module.functions.size() +
                                                     subject->other_module.functions.size());
  return subject;
}

std::string comment_text(std::string name) {
  for (char& c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && std::string_view("_.,- ()").find(c) == std::string_view::npos) c = '?';
  }
  // No comment may begin or end in it.
  std::erase(name, '*');
  return name;
}

}  // namespace isotrace::proofs
