#include <isotrace/proofs/export/lean_function.hpp>

#include <isotrace/proofs/export/coq.hpp>
#include <isotrace/proofs/export/coq_function.hpp>
#include <isotrace/proofs/export/lean.hpp>
#include <isotrace/proofs/export/lean_library.hpp>

#include "function_subject.hpp"
#include "lean_code_text.hpp"
#include "lean_refutation.hpp"
#include "reading.hpp"
#include "refute_circuit.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;

std::string text(std::uint64_t value) { return std::to_string(value); }

/// Deep terms for Lean's parser and elaborator.
constexpr std::string_view options = "set_option maxRecDepth 1000000\nset_option maxHeartbeats 0\n";

/// In the namespace of the library, so that its names need no `open`.
std::string in_namespace(const std::string& name, const std::string& body) {
  return "namespace Isotrace.Bits." + name + "\n\n" + body + "\nend Isotrace.Bits." + name + "\n";
}

/// A bound as the number that Wasm.lean's statements take: signed ones are raised.
std::string bound_text(const FunctionSubject& subject, std::uint64_t bits) {
  if (!subject.claim.is_signed) return text(bits);
  const std::uint64_t half = std::uint64_t{1} << (subject.width - 1);
  if ((bits & half) == 0) return "(" + text(half) + " + " + text(bits) + ")";
  return "(" + text(half) + " - " + text((half - (bits ^ half))) + ")";
}

std::string bounds_text(const FunctionSubject& subject) {
  return bound_text(subject, subject.claim.low) + " " + bound_text(subject, subject.claim.high);
}

std::string assume_text(const CodeClaim& claim) {
  return claim.assume ? " (some " + text(*claim.assume) + ")" : " none";
}

/// What follows the function in a statement (`assumed`) or in what a claim's circuit is; `prefix`
/// before the names of modules.
std::string claim_arguments(const FunctionSubject& subject, const std::string& prefix,
                            bool assumed) {
  const CodeClaim& claim = subject.claim;
  const std::string other = prefix + (subject.has_other ? "other " : "machine ");
  const std::string assume = assumed ? assume_text(claim) : "";
  switch (claim.property) {
    case FunctionProperty::equivalent: return " " + other + text(claim.other) + assume;
    case FunctionProperty::post: return " " + text(claim.other) + assume;
    case FunctionProperty::range: return assume + " " + bounds_text(subject);
    default: return assume;
  }
}

std::string_view statement_name(const CodeClaim& claim) {
  switch (claim.property) {
    case FunctionProperty::equivalent: return "equivalent";
    case FunctionProperty::post: return "ensures";
    case FunctionProperty::range: return claim.is_signed ? "in_signed_range" : "in_range";
    default: return "never_traps";
  }
}

std::string_view good_name(const CodeClaim& claim) {
  if (claim.property != FunctionProperty::range) return statement_name(claim);
  return claim.is_signed ? "signed_range" : "range";
}

std::string spec_text(const FunctionProof& proof, const FunctionSubject& subject) {
  std::string body = "def machine : Module :=\n  " + lean_module(subject.module) + "\n\n";
  if (subject.has_other) {
    body += "/- module " + core::sha256(proof.claim.other_module).hex() +
            " -/\ndef other : Module :=\n  " + lean_module(subject.other_module) + "\n\n";
  }
  body += "def statement : Prop :=\n  " + std::string(statement_name(subject.claim)) + " machine " +
          text(subject.claim.function) + claim_arguments(subject, "", true) + "\n";
  return "/- The statement: functions and a proposition, nothing else.\n   " +
         reading_text(reading_of_claim(proof.claim)) + "\n   module " +
         core::sha256(proof.claim.module).hex() + " -/\nimport Isotrace.Bits.Wasm\n" +
         std::string(options) + in_namespace("Spec_function", body);
}

/// A literal of a variable, as Gates.lean writes it.
std::string literal_text(LeanLit literal) {
  return std::string(literal % 2 == 0 ? "Lit.pos " : "Lit.neg ") + text(literal / 2 - 1);
}

Result<std::string> cert_text(const LeanCircuit& circuit, core::ByteView refutation,
                              LeanTier tier) {
  std::string body = "def gates : Gates :=\n  " + lean_gates_text(circuit) + "\n\n";
  if (tier == LeanTier::native) {
    ISOTRACE_TRY(const std::string lrat, lean_lrat_text(circuit, refutation));
    body += "/- What is true where the claim holds. -/\ndef claim : Lit := " +
            literal_text(circuit.good) + "\n\ndef lrat : String :=\n  \"" + lrat + "\"\n";
  } else {
    ISOTRACE_TRY(const std::string steps, lean_steps_text(circuit, refutation));
    body += "def steps : Steps :=\n  " + steps + "\n";
  }
  return "/- Gates of the claim's circuit and a refutation. Hints: any values are sound. -/\n"
         "import Isotrace.Bits.Claims\n" +
         std::string(options) + in_namespace("Cert_function", body);
}

/// The theorem `checked`; in tier `native` that the kernel makes the circuit, and `refuted`.
std::string checked_text(const std::string& inputs, const std::string& good, LeanTier tier) {
  if (tier == LeanTier::closed) {
    return "theorem checked : certified Cert_function.gates " + inputs +
           " Cert_function.steps\n    " + good + " = true := by\n  decide +kernel\n\n";
  }
  return "theorem checked : is_circuit Cert_function.gates " + inputs + "\n    " + good +
         " Cert_function.claim = true := by\n  decide +kernel\n\n"
         "/- What runs as compiled code. -/\n"
         "theorem refuted : Std.Tactic.BVDecide.Reflect.verifyCert\n"
         "    (formula Cert_function.gates (inv Cert_function.claim)) Cert_function.lrat = true := "
         "by\n  native_decide\n\n";
}

std::string proof_text(const FunctionSubject& subject, const LeanCircuit& circuit, LeanTier tier) {
  const CodeClaim& claim = subject.claim;
  const std::string spec = "Spec_function.";
  const std::string of = "machine fuel " + text(claim.function);
  const std::string inputs = "(parameters_of " + spec + "machine " + text(claim.function) + ")";
  const std::string gates = " Cert_function.gates " + spec + of;
  const std::string good = "(assuming" + gates + assume_text(claim) + "\n      (good_" +
                           std::string(good_name(claim)) + gates +
                           claim_arguments(subject, spec, false) + "))";
  std::string body =
      "/- How far code is followed: what lies beyond counts as a failure. -/\n"
      "def fuel : Nat := " +
      text(circuit.fuel) + "\n\n" + checked_text(inputs, good, tier);
  std::string fits;
  if (claim.property == FunctionProperty::range) {
    for (const auto& [name, bits] : {std::pair{"low", claim.low}, std::pair{"high", claim.high}}) {
      body += "theorem " + std::string(name) + "_fits : holds_in_64 " + bound_text(subject, bits) +
              " = true := by\n  decide +kernel\n";
    }
    fits = "low_fits high_fits ";
  }
  const bool native = tier == LeanTier::native;
  body +=
      "theorem proof : " + spec + "statement :=\n  certified_" +
      std::string(statement_name(claim)) + gates + claim_arguments(subject, spec, true) + " " +
      fits +
      (native ? "(native_right _ _ _ _ _ checked refuted)" : "(certified_right _ _ _ _ checked)") +
      "\n\n#print axioms proof\n";
  return "import Isotrace.Bits." + std::string(native ? "Native" : "Claims") +
         "\nimport Isotrace.Gen.Spec_function\nimport Isotrace.Gen.Cert_function\n" +
         std::string(options) + in_namespace("Proof_function", body);
}

}  // namespace

Result<core::Bytes> refute_lean_function(const FunctionProof& proof, std::uint64_t seconds) {
  ISOTRACE_TRY(const std::unique_ptr<FunctionSubject> subject, read_function_subject(proof));
  ISOTRACE_TRY(const LeanCircuit circuit, make_lean_circuit(subject->claim, subject->limits));
  if (circuit.good == lean_yes) return core::Bytes{};
  smt::SandboxLimits limits;
  limits.cpu_seconds = seconds;
  limits.wall_milliseconds = static_cast<int>(seconds) * 1000;
  limits.output_bytes_max = std::size_t{512} << 20;
  return refute_circuit(circuit.formula, limits);
}

Result<Bundle> export_lean_function(const FunctionProof& proof, core::ByteView refutation,
                                    LeanTier tier) {
  ISOTRACE_TRY(const std::unique_ptr<FunctionSubject> subject, read_function_subject(proof));
  ISOTRACE_TRY(const LeanCircuit circuit, make_lean_circuit(subject->claim, subject->limits));
  if (circuit.good == lean_yes) tier = LeanTier::closed;
  ISOTRACE_TRY(const std::string cert, cert_text(circuit, refutation, tier));
  const auto path = [](const std::string& name) { return lean_path("Isotrace.Gen." + name); };
  Bundle bundle;
  BundleFile spec = text_file(path("Spec_function"), spec_text(proof, *subject));
  bundle.subjects.program = core::sha256(proof.claim.module);
  bundle.subjects.proof = function_proof_digest(proof);
  bundle.subjects.property = core::sha256(spec.bytes);
  bundle.files.push_back({std::string(bundle_function_path), write_function_proof(proof)});
  bundle.files.push_back(
      {std::string(bundle_refutation_path), core::Bytes(refutation.begin(), refutation.end())});
  bundle.obligations.push_back({"function",
                                "bv.circuit",
                                "wasm",
                                path("Proof_function"),
                                "Isotrace.Bits.Proof_function.proof",
                                core::sha256(spec.bytes),
                                std::string(lean_tier_name(tier)),
                                axioms_of_lean_tier(tier),
                                {spec.path, path("Cert_function"), path("Proof_function")},
                                reading_of_claim(proof.claim)});
  const bool native = tier == LeanTier::native;
  if (native) {
    bundle.files.push_back(
        text_file(std::string(bundle_tier_path), std::string(lean_tier_name(tier)) + "\n"));
  }
  add_lean_library(bundle, native ? LeanPart::native_functions : LeanPart::functions);
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(text_file(path("Cert_function"), cert));
  bundle.files.push_back(text_file(path("Proof_function"), proof_text(*subject, circuit, tier)));
  add_lean_project(bundle);
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
  return bundle;
}

}  // namespace isotrace::proofs
