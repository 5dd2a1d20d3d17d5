#include <isotrace/proofs/export/coq_function.hpp>

#include "coq_code_text.hpp"
#include "coq_theorem.hpp"
#include "function_subject.hpp"
#include "reading.hpp"
#include "refute_circuit.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;

// ---- texts

std::string text(std::uint64_t value) { return std::to_string(value); }

std::string assume_text(const CodeClaim& claim) {
  return claim.assume ? "(Some " + text(*claim.assume) + ")" : "None";
}

std::string signed_text(std::uint64_t bits) {
  return "(" + std::to_string(static_cast<std::int64_t>(bits)) + ")%Z";
}

std::string bounds_text(const FunctionProof& proof, bool is_signed) {
  const FunctionClaim& claim = proof.claim;
  return is_signed ? signed_text(claim.low) + " " + signed_text(claim.high)
                   : text(claim.low) + " " + text(claim.high);
}

std::string statement_text(const FunctionProof& proof, const FunctionSubject& subject) {
  const CodeClaim& claim = subject.claim;
  const std::string of = "machine " + text(claim.function) + " ";
  const std::string assume = assume_text(claim);
  switch (claim.property) {
    case FunctionProperty::never_traps: return "never_traps " + of + assume;
    case FunctionProperty::equivalent:
      return "equivalent " + of + (subject.has_other ? "other " : "machine ") + text(claim.other) +
             " " + assume;
    case FunctionProperty::post: return "ensures " + of + text(claim.other) + " " + assume;
    case FunctionProperty::effects:
    case FunctionProperty::range: break;
  }
  const std::string bounds = bounds_text(proof, claim.is_signed);
  return claim.is_signed
             ? "in_signed_range " + of + assume + " " + coq_width(subject.width) + " " + bounds
             : "in_range " + of + assume + " " + bounds;
}

std::string spec_text(const FunctionProof& proof, const FunctionSubject& subject) {
  std::string made = "(* The statement: functions and a proposition, nothing else.\n   " +
                     reading_text(reading_of_claim(proof.claim)) + "\n   module " +
                     core::sha256(proof.claim.module).hex() + " *)\n" +
                     "From Coq Require Import NArith ZArith List.\n"
                     "From Isotrace.Bits Require Import Wasm.\nImport ListNotations.\n\n"
                     "Definition machine : module := " +
                     coq_module(subject.module) + ".\n\n";
  if (subject.has_other) {
    made += "(* module " + core::sha256(proof.claim.other_module).hex() +
            " *)\nDefinition other : module := " + coq_module(subject.other_module) + ".\n\n";
  }
  return made + "Definition statement : Prop :=\n  " + statement_text(proof, subject) + ".\n";
}

std::string cert_text(const std::vector<std::string>& refutation) {
  std::string made =
      "(* A refutation of the circuit that Coq makes of the claim. *)\n"
      "From Coq Require Import List PrimInt63.\n"
      "From Isotrace.Bits Require Import Certificate.\n"
      "Import ListNotations.\nLocal Open Scope uint63_scope.\n\n";
  for (std::size_t i = 0; i < refutation.size(); ++i) {
    made += "Definition part" + text(i) + " : text := Eval vm_compute in unpacked\n" +
            refutation[i] + ".\n";
  }
  made += "\nDefinition certificate : list text :=\n  [";
  for (std::size_t i = 0; i < refutation.size(); ++i) {
    if (i > 0) made += i % 10 == 0 ? ";\n   " : "; ";
    made += "part" + text(i);
  }
  return made + "].\n";
}

/// The name of the claim's circuit and theorem, and what follows the limits in both.
struct Lemma {
  std::string circuit;
  std::string theorem;
  std::string arguments;          ///< of the circuit
  std::string theorem_arguments;  ///< in their place
  std::string rest;               ///< of the theorem's arguments, behind `checked`
};

Lemma lemma_of(const FunctionProof& proof, const FunctionSubject& subject) {
  const CodeClaim& claim = subject.claim;
  const std::string of = "machine " + text(claim.function) + " ";
  const std::string assume = assume_text(claim);
  const auto same = [](std::string circuit, std::string theorem, const std::string& arguments) {
    return Lemma{std::move(circuit), std::move(theorem), arguments, arguments, ""};
  };
  switch (claim.property) {
    case FunctionProperty::never_traps:
      return same("bad_never_traps", "certified_never_traps", of + assume);
    case FunctionProperty::equivalent:
      return same(
          "bad_equivalent", "certified_equivalent",
          of + (subject.has_other ? "other " : "machine ") + text(claim.other) + " " + assume);
    case FunctionProperty::post:
      return same("bad_ensures", "certified_ensures", of + text(claim.other) + " " + assume);
    case FunctionProperty::effects:
    case FunctionProperty::range: break;
  }
  const std::string result = of + assume + " " + coq_width(subject.width) + " ";
  const std::string bits = text(claim.low) + " " + text(claim.high);
  return {"bad_range", claim.is_signed ? "certified_in_signed_range" : "certified_in_range",
          result + (claim.is_signed ? "true " : "false ") + bits,
          result + bounds_text(proof, claim.is_signed) + " " + bits, " eq_refl"};
}

std::string proof_text(const FunctionProof& proof, const FunctionSubject& subject) {
  const Lemma lemma = lemma_of(proof, subject);
  const CircuitLimits& limits = subject.limits;
  return "From Coq Require Import NArith ZArith List.\n"
         "From Isotrace.Bits Require Import Wasm Certificate Claims.\n"
         "From Isotrace.Gen Require Import Spec_function.\n"
         "From Isotrace.Gen Require Import Cert_function.\n\n"
         "(* How far code is followed: what lies beyond counts as a failure. *)\n"
         "Definition fuel : nat := N.to_nat " +
         text(limits.fuel) + ".\nDefinition unwind : nat := " + text(limits.unwind) +
         ".\nDefinition depth : nat := " + text(limits.depth) +
         ".\n\n"
         "Lemma checked :\n  certified (parameters_of machine " +
         text(subject.claim.function) + ")\n    (" + lemma.circuit + " fuel unwind depth " +
         lemma.arguments +
         ")\n    (steps_of certificate) = true.\n"
         "Proof. vm_cast_no_check (eq_refl true). Qed.\n\n"
         "Theorem proof : statement.\nProof. exact (" +
         lemma.theorem + " fuel unwind depth " + lemma.theorem_arguments +
         "\n  (steps_of certificate) checked" + lemma.rest + "). Qed.\nPrint Assumptions proof.\n";
}

}  // namespace

Result<core::Bytes> refute_function(const FunctionProof& proof, std::uint64_t seconds) {
  ISOTRACE_TRY(const std::unique_ptr<FunctionSubject> subject, read_function_subject(proof));
  ISOTRACE_TRY(const FunctionCircuit circuit,
               make_function_circuit(subject->claim, subject->limits));
  smt::SandboxLimits limits;
  limits.cpu_seconds = seconds;
  limits.wall_milliseconds = static_cast<int>(seconds) * 1000;
  limits.output_bytes_max = std::size_t{512} << 20;
  return refute_circuit(circuit, limits);
}

Result<Bundle> export_coq_function(const FunctionProof& proof, core::ByteView refutation) {
  ISOTRACE_TRY(const std::unique_ptr<FunctionSubject> subject, read_function_subject(proof));
  ISOTRACE_TRY(const FunctionCircuit circuit,
               make_function_circuit(subject->claim, subject->limits));
  ISOTRACE_TRY(const std::vector<std::string> texts, coq_refutation(circuit, refutation));
  Bundle bundle;
  bundle.subjects.program = core::sha256(proof.claim.module);
  bundle.subjects.proof = function_proof_digest(proof);
  const std::string spec = spec_text(proof, *subject);
  bundle.subjects.property = core::sha256(core::as_bytes(spec));
  bundle.files.push_back({std::string(bundle_function_path), write_function_proof(proof)});
  bundle.files.push_back(
      {std::string(bundle_refutation_path), core::Bytes(refutation.begin(), refutation.end())});
  add_theorem(bundle,
              {"function", "bv.circuit", "wasm", "bits", "Isotrace.Bits", spec, cert_text(texts),
               proof_text(proof, *subject), reading_of_claim(proof.claim)});
  return bundle;
}

}  // namespace isotrace::proofs
