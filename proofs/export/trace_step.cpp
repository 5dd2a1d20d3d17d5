#include <isotrace/proofs/export/trace_step.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/trace/step_bytes.hpp>

#include "coq_theorem.hpp"
#include "fact_text.hpp"
#include "reading.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;

/// Steps of traces have few operands; paths are logarithmic.
constexpr std::size_t path_max = 64;

Reading reading_of(const StepFact& fact) {
  const std::string place = "leaf " + std::to_string(fact.proof.step + 1) + " of " +
                            std::to_string(fact.proof.leaves) + " under the root " +
                            fact.root.hex();
  return {"the record of step " + std::to_string(fact.proof.step) + ", " +
              std::to_string(fact.record.size()) + " bytes, is " + place,
          "exists path, merkle(path, sha256(record)) = root, and path is that of " + place};
}

std::string spec_text(const StepFact& fact) {
  return "(* The statement: a record and its place under the root of a trace.\n   " +
         reading_text(reading_of(fact)) +
         " *)\n"
         "From Coq Require Import NArith List.\nFrom Isotrace.Trace Require Import Merkle.\n"
         "Local Open Scope N_scope.\n\n"
         "(* The bytes that the digest of step " +
         std::to_string(fact.proof.step) + " covers. *)\nDefinition record : list N :=\n  " +
         coq_bytes(fact.record) + ".\nDefinition root : list N :=\n  " +
         coq_bytes(fact.root.view()) +
         ".\n\n(* Leaf 0 is the trace's identity: step i is leaf i + 1. *)\n"
         "Definition statement : Prop := recorded record " +
         std::to_string(fact.proof.step + 1) + " " + std::to_string(fact.proof.leaves) + " root.\n";
}

std::string proof_text(const StepFact& fact) {
  const std::string place =
      std::to_string(fact.proof.step + 1) + " " + std::to_string(fact.proof.leaves);
  return "From Coq Require Import NArith List.\nFrom Isotrace.Trace Require Import Merkle.\n"
         "From Isotrace.Gen Require Import Spec_step.\nFrom Isotrace.Gen Require Import "
         "Cert_step.\n"
         "Local Open Scope N_scope.\n\n"
         "Lemma checked : leads_to_root path record " +
         place +
         " root = true.\nProof. vm_cast_no_check (eq_refl true). Qed.\n\n"
         "Theorem proof : statement.\nProof. exact (led_to_root path record " +
         place + " root checked). Qed.\nPrint Assumptions proof.\n";
}

}  // namespace

Result<StepFact> make_step_fact(const trace::Trace& trace, std::uint64_t step) {
  ISOTRACE_TRY(trace::StepProof proof, trace::make_step_proof(trace, step));
  return StepFact{trace::step_bytes(trace.steps[step]), std::move(proof), trace.root};
}

core::Bytes write_step_fact(const StepFact& fact) {
  std::string text = "isotrace.step 1\nstep " + std::to_string(fact.proof.step) + "\nleaves " +
                     std::to_string(fact.proof.leaves) + "\nroot " + fact.root.hex() + "\nrecord " +
                     core::to_hex(fact.record) + "\n";
  for (const core::Digest& digest : fact.proof.path) text += "path " + digest.hex() + "\n";
  return {text.begin(), text.end()};
}

Result<StepFact> parse_step_fact(core::ByteView bytes) {
  const std::vector<std::string_view> lines = lines_of(core::as_text(bytes), path_max + 6);
  if (lines.size() < 5 || lines[0] != "isotrace.step 1") return malformed_fact(0, "no step");
  const auto step = number_after(lines[1], "step");
  const auto leaves = number_after(lines[2], "leaves");
  const auto root = digest_after(lines[3], "root");
  const auto record = bytes_after(lines[4], "record");
  if (!step || !leaves || !root || !record || *leaves < 3 || *step > *leaves - 3)
    return malformed_fact(1, "step, leaves, root or record");
  StepFact fact{*record, {*step, *leaves, {}}, *root};
  for (std::size_t i = 5; i < lines.size(); ++i) {
    const auto digest = digest_after(lines[i], "path");
    if (!digest) return malformed_fact(i, "no digest");
    fact.proof.path.push_back(*digest);
  }
  const core::Bytes again = write_step_fact(fact);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()))
    return malformed_fact(lines.size(), "not as it would be written");
  return fact;
}

Bundle export_coq_step(const StepFact& fact) {
  Bundle bundle;
  bundle.subjects.root = fact.root;
  bundle.files.push_back({std::string(bundle_step_path), write_step_fact(fact)});
  add_theorem(bundle,
              {"step", "trace.merkle", "sha256-merkle", "trace", "Isotrace.Trace", spec_text(fact),
               coq_path(fact.proof.path), proof_text(fact), reading_of(fact)});
  return bundle;
}

}  // namespace isotrace::proofs
