#include <isotrace/proofs/export/vnncomp.hpp>

#include <isotrace/core/program.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/proofs/checker/property.hpp>

#include "vnncomp_property.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

constexpr std::string_view model_path = "onnx/model.onnx";
constexpr std::string_view property_path = "vnnlib/property.vnnlib";
/// What instances.csv allows a tool, in seconds.
constexpr std::string_view seconds = "300";

Result<Done> check_model(const Proof& proof, const core::Program& model) {
  const auto unsupported = [](std::string detail) {
    return core::refuse(RefusalCode::export_unsupported, "model", std::move(detail));
  };
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  if (core::program_digest(model) != core::program_digest(program))
    return unsupported("the proof is about another program");
  if (model.inputs.size() != 1 || model.outputs.size() != 1)
    return unsupported("more than one input or output");
  if (model.inputs[0].dtype != core::Dtype::f32) return unsupported("an input that is not f32");
  // The text speaks of the floats between its bounds: what it rounds away are other numbers.
  if (proof.level == Level::real) return unsupported("the proof is about real arithmetic");
  return Done{};
}

/// Whatever the text cannot say of outputs that are no numbers must not matter.
Result<Done> check_counterexample(const Proof& proof, const Property& written) {
  if (proof.outcome != Proof::Outcome::violated) return Done{};
  const Counterexample& found = proof.counterexample;
  if (found.inputs.size() == written.inputs && found.outputs.size() == written.outputs &&
      find_violated_case(written, found.inputs, found.outputs)) {
    return Done{};
  }
  return core::refuse(RefusalCode::export_unsupported, "proof",
                      "a counterexample that VNN-LIB cannot call unsafe");
}

}  // namespace

Result<Bundle> export_vnncomp(const Proof& proof, core::ByteView model) {
  ISOTRACE_TRY(const core::Program imported, executor::import_onnx(model));
  ISOTRACE_TRY_DONE(check_model(proof, imported));
  ISOTRACE_TRY(const Property property, parse_vnnlib(proof.property_text));
  ISOTRACE_TRY(const std::string text, write_vnncomp_property(property));
  ISOTRACE_TRY(const Property written, parse_vnnlib(text));
  ISOTRACE_TRY_DONE(check_counterexample(proof, written));
  Bundle bundle;
  bundle.subjects = {core::program_digest(imported),
                     core::sha256(core::as_bytes(proof.property_text)), proof_digest(proof)};
  BundleFile region = text_file(std::string(property_path), text);
  bundle.obligations.push_back({"instance0",
                                "vnncomp.instance",
                                std::string(proof.semantics),
                                region.path,
                                "instance0",
                                core::sha256(region.bytes),
                                "none",
                                {},
                                {}});
  bundle.files.push_back(text_file("subjects/property.vnnlib", proof.property_text));
  bundle.files.push_back({std::string(model_path), core::Bytes(model.begin(), model.end())});
  bundle.files.push_back(std::move(region));
  bundle.files.push_back(text_file("instances.csv", std::string(model_path) + "," +
                                                        std::string(property_path) + "," +
                                                        std::string(seconds) + "\n"));
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
  return bundle;
}

}  // namespace isotrace::proofs
