#include <isotrace/proofs/export/coq.hpp>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/export/coq_library.hpp>

#include "coq_float_text.hpp"
#include "coq_packed.hpp"
#include "coq_parts.hpp"
#include "coq_text.hpp"
#include "coq_theorem.hpp"
#include "network_subject.hpp"
#include "reading.hpp"

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;

constexpr std::string_view imports =
    "From Coq Require Import ZArith QArith List.\n"
    "From Isotrace.Core Require Import Network Tree.\n";
constexpr std::string_view float_imports =
    "From Isotrace.Float Require Import Execution Certified.\n";
constexpr std::string_view primint_imports =
    "From Isotrace.Primint Require Import Packed Certificate.\n";
constexpr std::string_view scopes = "Import ListNotations.\nLocal Open Scope Z_scope.\n\n";

std::string gen_path(const std::string& module) { return "coq/gen/" + module + ".v"; }

std::string import_gen(const std::string& module) {
  return "From Isotrace.Gen Require Import " + module + ".\n";
}

/// How the files of a tier check a certificate: names in the library, and how many nodes of a tree
/// are checked in one file.
struct Checker {
  std::string_view imports;
  std::string_view whole;
  std::string_view part;
  std::string_view joining_lemma;
  std::string_view safe;
  std::string_view in_range;
  std::size_t nodes_max;
};

const Checker& checker_of(CoqTier tier) {
  static constexpr Checker closed = {imports,
                                     "certified",
                                     "certified_part",
                                     "certified_joined",
                                     "certified_safe",
                                     "certified_in_range",
                                     25};
  static constexpr Checker primint = {
      primint_imports,           "certified_by_words",          "words_part", "words_joined",
      "certified_by_words_safe", "certified_by_words_in_range", 250};
  return tier == CoqTier::closed ? closed : primint;
}

/// What is exported, read from the proof.
struct Subject : NetworkSubject {
  CoqTier tier = CoqTier::closed;
  std::string float_module;  ///< "Float_0123456789abcdef"; empty: no theorem about floats
  std::string why_no_floats;
};

Result<Subject> read_subject(const Proof& proof, CoqTier tier) {
  ISOTRACE_TRY(NetworkSubject network, read_network_subject(proof));
  Subject subject{std::move(network), tier, {}, {}};
  if (const auto reason = no_float_program(subject.chain); proof.level == Level::real) {
    subject.why_no_floats = "the proof is about real arithmetic";
  } else if (reason) {
    subject.why_no_floats = *reason;
  } else {
    subject.float_module = "Float_" + subject.net_module.substr(4);
  }
  return subject;
}

Result<std::string> net_text(const Subject& subject) {
  const std::string head =
      "(* The network of program " + subject.program.hex() + ". *)\n" + std::string(imports);
  const std::string definition = "Definition net : network :=\n ";
  if (subject.tier == CoqTier::closed)
    return head + std::string(scopes) + definition + coq_network(subject.chain) + ".\n";
  ISOTRACE_TRY(const std::string packed, coq_packed_network(subject.chain));
  return head + "From Isotrace.Primint Require Import Packed.\nFrom Coq Require Import Uint63.\n" +
         "Import ListNotations.\nLocal Open Scope uint63_scope.\n\n" + definition + packed + ".\n";
}

std::string float_text(const Subject& subject) {
  return "(* What isonum-1 executes for the program. *)\n" + std::string(imports) +
         std::string(float_imports) + import_gen(subject.net_module) + std::string(scopes) +
         "Definition program : float_program :=\n " + coq_float_program(subject.chain) + ".\n";
}

std::string spec_text(const Subject& subject, std::size_t index, const Reading& reading) {
  const Case& of = subject.property.cases[index];
  return "(* The statement of case " + std::to_string(index) +
         ": data and a proposition, nothing else.\n   " + reading_text(reading) + " *)\n" +
         std::string(imports) + import_gen(subject.net_module) + std::string(scopes) +
         "Definition box : list (Q * Q) :=\n  " + coq_box(of.box) + ".\n\n" +
         "Definition constraints : list constraint :=\n  " +
         coq_constraints(of.rows, subject.property.outputs) + ".\n\n" +
         "Definition statement : Prop := safe net box constraints.\n";
}

constexpr std::string_view about_hints =
    "(* Hints for the checker: where to split, and weights. Any values are sound. *)\n";

std::string certificate_text(const std::string& tree) {
  return "Definition certificate : tree :=\n  " + tree + ".\n";
}

/// Of what is checked in parts, which share it.
std::string cert_text(const std::string& tree) {
  return std::string(about_hints) + std::string(imports) + std::string(scopes) +
         certificate_text(tree);
}

std::string checking_imports(const Subject& subject, const std::string& id, bool in_parts) {
  std::string text(imports);
  if (subject.tier != CoqTier::closed) text += primint_imports;
  text += import_gen(subject.net_module) + import_gen("Spec_" + id);
  if (in_parts) text += import_gen("Cert_" + id);
  return text;
}

std::string part_text(const Subject& subject, const std::string& id, const std::string& path) {
  return "(* One part of the tree. *)\n" + checking_imports(subject, id, true) +
         std::string(scopes) + "Lemma checked : " + std::string(checker_of(subject.tier).part) +
         " " + path +
         " net box constraints certificate = true.\n"
         "Proof. vm_cast_no_check (eq_refl true). Qed.\n";
}

/// A tree that is checked in one piece stands in the file of its theorem: each file that coqc reads
/// costs it a third of a second for the standard library alone.
std::string proof_text(const Subject& subject, const std::string& id, const CoqParts& parts,
                       const std::string& tree) {
  const Checker& checker = checker_of(subject.tier);
  std::string text = checking_imports(subject, id, parts.paths.size() > 1);
  if (parts.paths.size() > 1) {
    for (std::size_t i = 0; i < parts.paths.size(); ++i)
      text += "From Isotrace.Gen Require Part_" + id + "_" + std::to_string(i) + ".\n";
    text += scopes;
  } else {
    text += std::string(scopes) + std::string(about_hints) + certificate_text(tree);
  }
  text += "\nLemma checked : " + std::string(checker.whole) +
          " net box constraints certificate = true.\n";
  if (parts.paths.size() > 1) {
    text += "Proof.\n  exact " + parts.joined + ".\nQed.\n\n";
  } else {
    text += "Proof. vm_cast_no_check (eq_refl true). Qed.\n\n";
  }
  return text + "Theorem proof : statement.\nProof. exact (" + std::string(checker.safe) +
         " net box constraints certificate checked). Qed.\nPrint Assumptions proof.\n";
}

std::string float_spec_text(const Subject& subject, const std::string& base,
                            const Reading& reading) {
  return "(* The same statement about the floats that isonum-1 computes.\n   " +
         reading_text(reading) + " *)\n" + std::string(imports) + std::string(float_imports) +
         import_gen(subject.float_module) + import_gen("Spec_" + base) +
         "\nDefinition statement : Prop := float_safe program box constraints.\n";
}

std::string float_proof_text(const Subject& subject, const std::string& base, const std::string& id,
                             bool in_parts) {
  const Checker& checker = checker_of(subject.tier);
  const std::string applied = " net box constraints certificate checked)";
  return checking_imports(subject, base, in_parts) + "From Isotrace.Core Require Import Range.\n" +
         std::string(float_imports) + import_gen(subject.float_module) +
         import_gen("Proof_" + base) + import_gen("Spec_" + id) +
         "\nLemma executed : executes program net (N.of_nat (length box)) = true.\n"
         "Proof. vm_cast_no_check (eq_refl true). Qed.\n\n"
         "Theorem proof : statement.\n"
         "Proof. exact (executed_safe program net box constraints executed\n  (" +
         std::string(checker.safe) + applied + "\n  (" + std::string(checker.in_range) + applied +
         "). Qed.\n"
         "Print Assumptions proof.\n";
}

/// The theorem of case `base` about floats, which rests on what Coq checked for that case.
void add_float_case(Bundle& bundle, const Subject& subject, const Case& of, const Obligation& base,
                    bool in_parts) {
  const std::string id = base.id + "_float";
  if (subject.float_module.empty()) {
    bundle.omitted.push_back({id, subject.why_no_floats});
    return;
  }
  const Reading reading = reading_of_case(of, core::semantics_id);
  BundleFile spec = text_file(gen_path("Spec_" + id), float_spec_text(subject, base.id, reading));
  Obligation obligation{id,
                        base.kind,
                        std::string(core::semantics_id),
                        gen_path("Proof_" + id),
                        "Isotrace.Gen.Proof_" + id + ".proof",
                        core::sha256(spec.bytes),
                        std::string(float_tier_name(subject.tier)),
                        axioms_of_tier(float_tier_name(subject.tier)),
                        base.parts,
                        reading};
  obligation.parts.insert(obligation.parts.end(),
                          {gen_path(subject.float_module), spec.path, obligation.file});
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(
      text_file(obligation.file, float_proof_text(subject, base.id, id, in_parts)));
  bundle.obligations.push_back(std::move(obligation));
}

core::Result<core::Done> add_case(Bundle& bundle, const Subject& subject, const Proof& proof,
                                  std::size_t index) {
  const std::string id = "case" + std::to_string(index);
  auto tree = coq_tree(proof.cases[index], subject.property.cases[index], subject.chain);
  if (!tree) return core::refuse_within(id, std::move(tree).error());
  const Case& of = subject.property.cases[index];
  const std::string semantics = proof.level == Level::real ? "real" : "fp32-any-order";
  const Reading reading = reading_of_case(of, semantics);
  BundleFile spec = text_file(gen_path("Spec_" + id), spec_text(subject, index, reading));
  const Checker& checker = checker_of(subject.tier);
  const CoqParts parts = cut_into_parts(proof.cases[index].nodes, checker.nodes_max,
                                        checker.joining_lemma, "Part_" + id);
  Obligation obligation{id,
                        "nn.relu.bab",
                        semantics,
                        gen_path("Proof_" + id),
                        "Isotrace.Gen.Proof_" + id + ".proof",
                        core::sha256(spec.bytes),
                        std::string(coq_tier_name(subject.tier)),
                        axioms_of_tier(coq_tier_name(subject.tier)),
                        {gen_path(subject.net_module), spec.path},
                        reading};
  bundle.files.push_back(std::move(spec));
  const bool in_parts = parts.paths.size() > 1;
  const auto add_part = [&](const std::string& module, std::string text) {
    bundle.files.push_back(text_file(gen_path(module), std::move(text)));
    obligation.parts.push_back(gen_path(module));
  };
  if (in_parts) add_part("Cert_" + id, cert_text(*tree));
  for (std::size_t i = 0; in_parts && i < parts.paths.size(); ++i) {
    add_part("Part_" + id + "_" + std::to_string(i), part_text(subject, id, parts.paths[i]));
  }
  obligation.parts.push_back(obligation.file);
  bundle.obligations.push_back(obligation);
  bundle.files.push_back(text_file(obligation.file, proof_text(subject, id, parts, *tree)));
  add_float_case(bundle, subject, of, obligation, in_parts);
  return core::Done{};
}

bool needs_flocq(const BundleFile& file) {
  return file.path.starts_with("coq/float/") || file.path.starts_with("coq/gen/Float_") ||
         file.path.ends_with("_float.v");
}

/// For coq_makefile and editors: the files that need Flocq, or the others.
std::string coq_project(const Bundle& bundle, bool flocq) {
  std::string text = "-Q core Isotrace.Core\n";
  if (bundle.find(std::string(bundle_tier_path)) != nullptr)
    text += "-Q primint Isotrace.Primint\n";
  text += "-Q float Isotrace.Float\n-Q gen Isotrace.Gen\n\n";
  for (const BundleFile& file : bundle.files) {
    if (file.path.ends_with(".v") && needs_flocq(file) == flocq) text += file.path.substr(4) + "\n";
  }
  return text;
}

std::string makefile() {
  return coq_make_rule("all", "", "_CoqProject") +
         "\n# The theorems about floats, which need Flocq.\n" +
         coq_make_rule("float", " all", "_CoqProject.float") + "\n" + std::string(coq_make_clean);
}

}  // namespace

Result<Bundle> export_coq(const Proof& proof, CoqTier tier) {
  ISOTRACE_TRY(const Subject subject, read_subject(proof, tier));
  Bundle bundle;
  bundle.subjects = {subject.program, core::sha256(core::as_bytes(proof.property_text)),
                     proof_digest(proof)};
  bundle.files.push_back({std::string(bundle_proof_path), write_proof(proof)});
  bundle.files.push_back(text_file("subjects/property.vnnlib", proof.property_text));
  if (tier != CoqTier::closed) {
    bundle.files.push_back(
        text_file(std::string(bundle_tier_path), std::string(coq_tier_name(tier)) + "\n"));
  }
  for (const CoqFile& file : coq_library()) {
    const bool needed = file.folder == "core" || file.folder == "float" ||
                        (file.folder == "primint" && tier == CoqTier::primint);
    if (!needed) continue;
    bundle.files.push_back(
        text_file("coq/" + std::string(file.folder) + "/" + std::string(file.name), file.text));
  }
  ISOTRACE_TRY(const std::string net, net_text(subject));
  bundle.files.push_back(text_file(gen_path(subject.net_module), net));
  if (!subject.float_module.empty())
    bundle.files.push_back(text_file(gen_path(subject.float_module), float_text(subject)));
  for (std::size_t i = 0; i < proof.cases.size(); ++i) {
    ISOTRACE_TRY_DONE(add_case(bundle, subject, proof, i));
  }
  BundleFile project = text_file("coq/_CoqProject", coq_project(bundle, false));
  BundleFile float_project = text_file("coq/_CoqProject.float", coq_project(bundle, true));
  bundle.files.push_back(std::move(project));
  bundle.files.push_back(std::move(float_project));
  bundle.files.push_back(text_file("coq/Makefile", makefile()));
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
  return bundle;
}

}  // namespace isotrace::proofs
