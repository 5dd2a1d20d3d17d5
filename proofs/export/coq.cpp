#include <isotrace/proofs/export/coq.hpp>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/export/coq_library.hpp>

#include "coq_float_text.hpp"
#include "coq_text.hpp"

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;

constexpr std::string_view imports =
    "From Coq Require Import ZArith QArith List.\n"
    "From Isotrace.Core Require Import Network Tree.\n";
constexpr std::string_view float_imports =
    "From Isotrace.Float Require Import Execution Certified.\n";
constexpr std::string_view scopes = "Import ListNotations.\nLocal Open Scope Z_scope.\n\n";

BundleFile text_file(std::string path, std::string_view text) {
  return {std::move(path), core::Bytes(text.begin(), text.end())};
}

std::string gen_path(const std::string& module) { return "coq/gen/" + module + ".v"; }

std::string import_gen(const std::string& module) {
  return "From Isotrace.Gen Require Import " + module + ".\n";
}

/// What is exported, read from the proof.
struct Subject {
  AffineChain chain;
  Property property;
  core::Digest program;
  std::string net_module;    ///< "Net_0123456789abcdef"
  std::string float_module;  ///< "Float_0123456789abcdef"; empty: no theorem about floats
  std::string why_no_floats;
};

Result<Subject> read_subject(const Proof& proof) {
  if (proof.outcome != Proof::Outcome::proved) {
    return core::refuse(RefusalCode::export_unsupported, "proof", "the property is violated");
  }
  if (proof.semantics != core::semantics_id) {
    return core::refuse(RefusalCode::proof_semantics_unknown, "proof", proof.semantics);
  }
  Subject subject;
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  subject.program = core::program_digest(program);
  subject.net_module = "Net_" + subject.program.hex().substr(0, 16);
  ISOTRACE_TRY(subject.property, parse_vnnlib(proof.property_text));
  ISOTRACE_TRY(subject.chain, make_affine_chain(program, proof.level == Level::real));
  if (const auto reason = no_float_program(subject.chain); proof.level == Level::real) {
    subject.why_no_floats = "the proof is about real arithmetic";
  } else if (reason) {
    subject.why_no_floats = *reason;
  } else {
    subject.float_module = "Float_" + subject.net_module.substr(4);
  }
  if (subject.property.inputs != subject.chain.inputs ||
      subject.property.outputs != subject.chain.outputs()) {
    return core::refuse(RefusalCode::property_mismatch, "property",
                        std::to_string(subject.property.inputs) + " inputs and " +
                            std::to_string(subject.property.outputs) + " outputs");
  }
  if (proof.cases.size() != subject.property.cases.size()) {
    return core::refuse(RefusalCode::proof_malformed, "cases", std::to_string(proof.cases.size()));
  }
  if (proof.cases.empty()) {
    return core::refuse(RefusalCode::export_unsupported, "property",
                        "no case: there is nothing to state");
  }
  for (const Case& of : subject.property.cases) {
    for (const LinearRow& row : of.rows) {
      if (row.input_terms.empty()) continue;
      return core::refuse(RefusalCode::export_unsupported, "property",
                          "a constraint over inputs and outputs together");
    }
  }
  return subject;
}

std::string net_text(const Subject& subject) {
  return "(* The network of program " + subject.program.hex() + ". *)\n" + std::string(imports) +
         std::string(scopes) + "Definition net : network :=\n " + coq_network(subject.chain) +
         ".\n";
}

std::string float_text(const Subject& subject) {
  return "(* What isonum-1 executes for the program. *)\n" + std::string(imports) +
         std::string(float_imports) + import_gen(subject.net_module) + std::string(scopes) +
         "Definition program : float_program :=\n " + coq_float_program(subject.chain) + ".\n";
}

std::string spec_text(const Subject& subject, std::size_t index) {
  const Case& of = subject.property.cases[index];
  return "(* The statement of case " + std::to_string(index) +
         ": data and a proposition, nothing else. *)\n" + std::string(imports) +
         import_gen(subject.net_module) + std::string(scopes) +
         "Definition box : list (Q * Q) :=\n  " + coq_box(of.box) + ".\n\n" +
         "Definition constraints : list constraint :=\n  " +
         coq_constraints(of.rows, subject.property.outputs) + ".\n\n" +
         "Definition statement : Prop := safe net box constraints.\n";
}

std::string cert_text(const std::string& tree) {
  return "(* Hints for the checker: where to split, and weights. Any values are sound. *)\n" +
         std::string(imports) + std::string(scopes) + "Definition certificate : tree :=\n  " +
         tree + ".\n";
}

std::string proof_text(const Subject& subject, const std::string& id) {
  return std::string(imports) + import_gen(subject.net_module) + import_gen("Spec_" + id) +
         import_gen("Cert_" + id) +
         "\nLemma checked : certified net box constraints certificate = true.\n"
         "Proof. vm_cast_no_check (eq_refl true). Qed.\n\n"
         "Theorem proof : statement.\n"
         "Proof. exact (certified_safe net box constraints certificate checked). Qed.\n"
         "Print Assumptions proof.\n";
}

std::string float_spec_text(const Subject& subject, const std::string& base) {
  return "(* The same statement about the floats that isonum-1 computes. *)\n" +
         std::string(imports) + std::string(float_imports) + import_gen(subject.float_module) +
         import_gen("Spec_" + base) +
         "\nDefinition statement : Prop := float_safe program box constraints.\n";
}

std::string float_proof_text(const Subject& subject, const std::string& base,
                             const std::string& id) {
  return std::string(imports) + std::string(float_imports) + import_gen(subject.net_module) +
         import_gen(subject.float_module) + import_gen("Spec_" + base) +
         import_gen("Cert_" + base) + import_gen("Proof_" + base) + import_gen("Spec_" + id) +
         "\nLemma executed : executes program net (N.of_nat (length box)) = true.\n"
         "Proof. vm_cast_no_check (eq_refl true). Qed.\n\n"
         "Theorem proof : statement.\n"
         "Proof. exact (certified_float_safe program net box constraints certificate executed "
         "checked). Qed.\n"
         "Print Assumptions proof.\n";
}

/// The theorem of case `base` about floats, which rests on what Coq checked for that case.
void add_float_case(Bundle& bundle, const Subject& subject, const Obligation& base) {
  const std::string id = base.id + "_float";
  if (subject.float_module.empty()) {
    bundle.omitted.push_back({id, subject.why_no_floats});
    return;
  }
  BundleFile spec = text_file(gen_path("Spec_" + id), float_spec_text(subject, base.id));
  Obligation obligation{id,
                        base.kind,
                        std::string(core::semantics_id),
                        gen_path("Proof_" + id),
                        "Isotrace.Gen.Proof_" + id + ".proof",
                        core::sha256(spec.bytes),
                        "reals",
                        axioms_of_tier("reals"),
                        base.parts};
  obligation.parts.insert(obligation.parts.end(),
                          {gen_path(subject.float_module), spec.path, obligation.file});
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(text_file(obligation.file, float_proof_text(subject, base.id, id)));
  bundle.obligations.push_back(std::move(obligation));
}

core::Result<core::Done> add_case(Bundle& bundle, const Subject& subject, const Proof& proof,
                                  std::size_t index) {
  const std::string id = "case" + std::to_string(index);
  auto tree = coq_tree(proof.cases[index], subject.property.cases[index], subject.chain);
  if (!tree) return core::refuse_within(id, std::move(tree).error());
  BundleFile spec = text_file(gen_path("Spec_" + id), spec_text(subject, index));
  const Obligation obligation{
      id,
      "nn.relu.bab",
      proof.level == Level::real ? "real" : "fp32-any-order",
      gen_path("Proof_" + id),
      "Isotrace.Gen.Proof_" + id + ".proof",
      core::sha256(spec.bytes),
      "closed",
      {},
      {gen_path(subject.net_module), spec.path, gen_path("Cert_" + id), gen_path("Proof_" + id)}};
  bundle.obligations.push_back(obligation);
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(text_file(gen_path("Cert_" + id), cert_text(*tree)));
  bundle.files.push_back(text_file(gen_path("Proof_" + id), proof_text(subject, id)));
  add_float_case(bundle, subject, obligation);
  return core::Done{};
}

bool needs_flocq(const BundleFile& file) {
  return file.path.starts_with("coq/float/") || file.path.starts_with("coq/gen/Float_") ||
         file.path.ends_with("_float.v");
}

/// For coq_makefile and editors: the files that need Flocq, or the others.
std::string coq_project(const Bundle& bundle, bool flocq) {
  std::string text = "-Q core Isotrace.Core\n-Q float Isotrace.Float\n-Q gen Isotrace.Gen\n\n";
  for (const BundleFile& file : bundle.files) {
    if (file.path.ends_with(".v") && needs_flocq(file) == flocq) text += file.path.substr(4) + "\n";
  }
  return text;
}

constexpr std::string_view makefile =
    "all: Makefile.coq\n\t$(MAKE) -f Makefile.coq all\n\n"
    "# The theorems about floats, which need Flocq.\n"
    "float: all Makefile.float\n\t$(MAKE) -f Makefile.float all\n\n"
    "Makefile.coq: _CoqProject\n\tcoq_makefile -f _CoqProject -o Makefile.coq\n\n"
    "Makefile.float: _CoqProject.float\n\tcoq_makefile -f _CoqProject.float -o Makefile.float\n";

}  // namespace

std::vector<std::string> axioms_of_tier(std::string_view tier) {
  if (tier != "reals") return {};
  return {"ClassicalDedekindReals.sig_forall_dec", "ClassicalDedekindReals.sig_not_dec",
          "Classical_Prop.classic", "FunctionalExtensionality.functional_extensionality_dep"};
}

Result<Bundle> export_coq(const Proof& proof) {
  ISOTRACE_TRY(const Subject subject, read_subject(proof));
  Bundle bundle;
  bundle.subjects = {subject.program, core::sha256(core::as_bytes(proof.property_text)),
                     proof_digest(proof)};
  bundle.files.push_back({std::string(bundle_proof_path), write_proof(proof)});
  bundle.files.push_back(text_file("subjects/property.vnnlib", proof.property_text));
  for (const CoqFile& file : coq_library()) {
    if (file.folder == "trace") continue;
    bundle.files.push_back(
        text_file("coq/" + std::string(file.folder) + "/" + std::string(file.name), file.text));
  }
  bundle.files.push_back(text_file(gen_path(subject.net_module), net_text(subject)));
  if (!subject.float_module.empty())
    bundle.files.push_back(text_file(gen_path(subject.float_module), float_text(subject)));
  for (std::size_t i = 0; i < proof.cases.size(); ++i) {
    ISOTRACE_TRY_DONE(add_case(bundle, subject, proof, i));
  }
  BundleFile project = text_file("coq/_CoqProject", coq_project(bundle, false));
  BundleFile float_project = text_file("coq/_CoqProject.float", coq_project(bundle, true));
  bundle.files.push_back(std::move(project));
  bundle.files.push_back(std::move(float_project));
  bundle.files.push_back(text_file("coq/Makefile", makefile));
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
  return bundle;
}

}  // namespace isotrace::proofs
