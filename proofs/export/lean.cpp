#include <isotrace/proofs/export/lean.hpp>

#include <algorithm>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/export/lean_library.hpp>

#include "lean_float_text.hpp"
#include "lean_text.hpp"
#include "network_subject.hpp"
#include "reading.hpp"

namespace isotrace::proofs {
namespace {

using core::Result;

/// Long lists are deep terms for Lean's parser and elaborator.
constexpr std::string_view options = "set_option maxRecDepth 1000000\nset_option maxHeartbeats 0\n";
constexpr std::string_view checker_import = "import Isotrace.Core.Checker\n";

std::string gen_module(const std::string& name) { return "Isotrace.Gen." + name; }
std::string import_gen(const std::string& name) { return "import " + gen_module(name) + "\n"; }

std::string in_namespace(const std::string& name, const std::string& body) {
  return "namespace Isotrace." + name + "\n\n" + body + "\nend Isotrace." + name + "\n";
}

std::string net_text(const NetworkSubject& subject, const std::string& network) {
  return "/- The network of program " + subject.program.hex() +
         ". -/\nimport Isotrace.Core.Network\n" + std::string(options) +
         in_namespace(subject.net_module, "def net : List Layer :=\n  " + network + "\n");
}

std::string spec_text(const NetworkSubject& subject, const std::string& id, const Case& of,
                      const Reading& reading) {
  return "/- The statement of " + id + ": data and a proposition, nothing else.\n   " +
         reading_text(reading) + " -/\n" + import_gen(subject.net_module) + std::string(options) +
         in_namespace("Spec_" + id, "def box : List Range :=\n  " + lean_box(of.box) +
                                        "\n\ndef constraints : List Constraint :=\n  " +
                                        lean_constraints(of.rows, subject.property.outputs) +
                                        "\n\ndef statement : Prop := safe " + subject.net_module +
                                        ".net box constraints\n");
}

std::string cert_text(const std::string& id, const core::Integer& grain, const std::string& tree) {
  return "/- Hints for the checker: where to split, and weights. Any values are sound. -/\n" +
         std::string(checker_import) + std::string(options) +
         in_namespace("Cert_" + id, "def grain : Int := " + grain.str() +
                                        "\n\ndef certificate : Tree :=\n  " + tree + "\n");
}

std::string proof_text(const NetworkSubject& subject, const std::string& id) {
  const std::string spec = "Spec_" + id + ".";
  const std::string cert = "Cert_" + id + ".";
  const std::string data = cert + "grain " + subject.net_module + ".net " + spec + "box " + spec +
                           "constraints " + cert + "certificate";
  return "import Isotrace.Core.Certified\n" + import_gen("Spec_" + id) + import_gen("Cert_" + id) +
         in_namespace("Proof_" + id, "theorem checked : certified " + data +
                                         " = true := by\n"
                                         "  decide +kernel\n\n"
                                         "theorem proof : " +
                                         spec + "statement :=\n  certified_safe " + data +
                                         " checked\n\n"
                                         "#print axioms proof\n");
}

std::string float_spec_text(const NetworkSubject& subject, const std::string& base,
                            const Reading& reading) {
  return "/- The same statement about the floats that isonum-1 computes.\n   " +
         reading_text(reading) + " -/\n" + import_gen("Spec_" + base) +
         "import Isotrace.Float.FloatExecution\n" +
         in_namespace("Spec_" + base + "_float",
                      "def steps : List Step :=\n  " + lean_float_steps(subject.chain) +
                          "\n\ndef statement : Prop :=\n  float_safe steps " + subject.net_module +
                          ".net Spec_" + base + ".box Spec_" + base + ".constraints\n");
}

std::string float_proof_text(const NetworkSubject& subject, const std::string& base) {
  const std::string spec = "Spec_" + base + ".";
  const std::string net = subject.net_module + ".net ";
  const std::string steps = "Spec_" + base + "_float.steps ";
  return "import Isotrace.Float.FloatCertified\n" + import_gen("Spec_" + base + "_float") +
         import_gen("Proof_" + base) +
         in_namespace("Proof_" + base + "_float",
                      "theorem executed : executes " + steps + net +
                          "= true := by\n"
                          "  decide +kernel\n\n"
                          "theorem proof : Spec_" +
                          base + "_float.statement :=\n  certified_float_safe Cert_" + base +
                          ".grain " + steps + net + spec + "box " + spec +
                          "constraints\n    Cert_" + base + ".certificate executed Proof_" + base +
                          ".checked\n\n"
                          "#print axioms proof\n");
}

/// The theorem of case `base` about floats, which rests on what Lean checked for that case.
void add_float_case(Bundle& bundle, const NetworkSubject& subject, Level level, const Case& of,
                    const Obligation& base) {
  const std::string id = base.id + "_float";
  std::optional<std::string> omitted = no_lean_float_program(subject.chain);
  if (level == Level::real) omitted = "the proof is about real arithmetic";
  if (omitted) {
    bundle.omitted.push_back({id, *omitted});
    return;
  }
  const Reading reading = reading_of_case(of, core::semantics_id);
  BundleFile spec =
      text_file(lean_path(gen_module("Spec_" + id)), float_spec_text(subject, base.id, reading));
  BundleFile theorem =
      text_file(lean_path(gen_module("Proof_" + id)), float_proof_text(subject, base.id));
  Obligation obligation{id,
                        base.kind,
                        std::string(core::semantics_id),
                        theorem.path,
                        "Isotrace.Proof_" + id + ".proof",
                        core::sha256(spec.bytes),
                        base.tier,
                        {},
                        base.parts,
                        reading};
  obligation.parts.insert(obligation.parts.end(), {spec.path, theorem.path});
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(std::move(theorem));
  bundle.obligations.push_back(std::move(obligation));
}

Result<core::Done> add_case(Bundle& bundle, const NetworkSubject& subject, const Proof& proof,
                            std::size_t index) {
  const std::string id = "case" + std::to_string(index);
  const Case& of = subject.property.cases[index];
  const core::Integer grain = lean_grain(of.box);
  auto tree = lean_tree(proof.cases[index], of, subject.chain, grain);
  if (!tree) return core::refuse_within(id, std::move(tree).error());
  const auto path = [](const std::string& name) { return lean_path(gen_module(name)); };
  const std::string semantics = proof.level == Level::real ? "real" : "fp32-any-order";
  const Reading reading = reading_of_case(of, semantics);
  BundleFile spec = text_file(path("Spec_" + id), spec_text(subject, id, of, reading));
  bundle.obligations.push_back(
      {id,
       "nn.relu.bab",
       semantics,
       path("Proof_" + id),
       "Isotrace.Proof_" + id + ".proof",
       core::sha256(spec.bytes),
       "closed",
       {},
       {path(subject.net_module), spec.path, path("Cert_" + id), path("Proof_" + id)},
       reading});
  bundle.files.push_back(std::move(spec));
  bundle.files.push_back(text_file(path("Cert_" + id), cert_text(id, grain, *tree)));
  bundle.files.push_back(text_file(path("Proof_" + id), proof_text(subject, id)));
  add_float_case(bundle, subject, proof.level, of, Obligation(bundle.obligations.back()));
  return core::Done{};
}

}  // namespace

std::string lean_path(const std::string& module) {
  std::string path = module;
  std::replace(path.begin(), path.end(), '.', '/');
  return "lean/" + path + ".lean";
}

Result<Bundle> export_lean(const Proof& proof) {
  ISOTRACE_TRY(NetworkSubject subject, read_network_subject(proof));
  if (proof.level != Level::real) {
    AffineChain products = with_products_alone(subject.chain);
    if (!no_lean_float_program(products)) subject.chain = std::move(products);
  }
  ISOTRACE_TRY(const std::string network, lean_network(subject.chain));
  Bundle bundle;
  bundle.subjects = {subject.program, core::sha256(core::as_bytes(proof.property_text)),
                     proof_digest(proof)};
  bundle.files.push_back({std::string(bundle_proof_path), write_proof(proof)});
  bundle.files.push_back(text_file("subjects/property.vnnlib", proof.property_text));
  add_lean_library(bundle, LeanPart::networks);
  bundle.files.push_back(
      text_file(lean_path(gen_module(subject.net_module)), net_text(subject, network)));
  for (std::size_t i = 0; i < proof.cases.size(); ++i)
    ISOTRACE_TRY_DONE(add_case(bundle, subject, proof, i));
  add_lean_project(bundle);
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
  return bundle;
}

}  // namespace isotrace::proofs
