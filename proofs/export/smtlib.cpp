#include <isotrace/proofs/export/smtlib.hpp>

#include <isotrace/core/program.hpp>
#include <isotrace/core/rational.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/export/affine_chain.hpp>

namespace isotrace::proofs {
namespace {

using core::Rational;
using core::RefusalCode;
using core::Result;

std::string number(const Rational& value) {
  const core::Integer top = numerator(value);
  std::string text = (top < 0 ? core::Integer(-top) : top).str() + ".0";
  if (denominator(value) != 1) text = "(/ " + text + " " + denominator(value).str() + ".0)";
  return top < 0 ? "(- " + text + ")" : text;
}

std::string number(double value) { return number(core::exact_rational(value)); }

/// The sum of `first` and of summands that each begin with a space.
std::string sum(const std::string& first, const std::string& summands) {
  return summands.empty() ? first : "(+ " + first + summands + ")";
}

std::string value_name(std::size_t layer, std::size_t row) {
  return layer == 0 ? "x" + std::to_string(row)
                    : "h" + std::to_string(layer) + "_" + std::to_string(row);
}

/// Definitions of every value; those of the inputs are free.
std::string network_text(const AffineChain& chain) {
  std::string text;
  for (std::size_t i = 0; i < chain.inputs; ++i)
    text += "(declare-const " + value_name(0, i) + " Real)\n";
  for (std::size_t k = 0; k < chain.layers.size(); ++k) {
    const AffineLayer& layer = chain.layers[k];
    for (std::size_t j = 0; j < layer.rows.size(); ++j) {
      const std::string name = value_name(k + 1, j);
      std::string products;
      for (const AffineTerm& term : layer.rows[j].terms) {
        if (term.weight == 0) continue;
        products += " (* " + number(term.weight) + " " + value_name(k, term.operand) + ")";
      }
      const std::string before = layer.relu ? "z" + name.substr(1) : name;
      text +=
          "(define-fun " + before + " () Real " + sum(number(layer.rows[j].bias), products) + ")\n";
      if (layer.relu)
        text +=
            "(define-fun " + name + " () Real (ite (>= " + before + " 0.0) " + before + " 0.0))\n";
    }
  }
  return text;
}

std::string case_text(const Case& of, std::size_t outputs_layer) {
  std::string text;
  for (std::size_t i = 0; i < of.box.size(); ++i) {
    const std::string x = value_name(0, i);
    text += "(assert (and (<= " + number(of.box[i].lower) + " " + x + ") (<= " + x + " " +
            number(of.box[i].upper) + ")))\n";
  }
  for (const LinearRow& row : of.rows) {
    std::string products;
    for (const Term& term : row.terms) {
      products +=
          " (* " + number(term.coefficient) + " " + value_name(outputs_layer, term.index) + ")";
    }
    text += std::string("(assert (") + (row.strict ? "< " : "<= ") + sum("0.0", products) + " " +
            number(row.bound) + "))\n";
  }
  return text;
}

}  // namespace

Result<Bundle> export_smtlib(const Proof& proof) {
  if (proof.semantics != core::semantics_id)
    return core::refuse(RefusalCode::proof_semantics_unknown, "proof", proof.semantics);
  ISOTRACE_TRY(const core::Program program, core::parse_program(proof.program));
  ISOTRACE_TRY(const Property property, parse_vnnlib(proof.property_text));
  ISOTRACE_TRY(const AffineChain chain, make_affine_chain(program, true));
  if (property.inputs != chain.inputs || property.outputs != chain.outputs()) {
    return core::refuse(RefusalCode::property_mismatch, "property",
                        std::to_string(property.inputs) + " inputs and " +
                            std::to_string(property.outputs) + " outputs");
  }
  Bundle bundle;
  bundle.subjects = {core::program_digest(program),
                     core::sha256(core::as_bytes(proof.property_text)), proof_digest(proof)};
  bundle.files.push_back(text_file("subjects/property.vnnlib", proof.property_text));
  const std::string network = network_text(chain);
  for (std::size_t i = 0; i < property.cases.size(); ++i) {
    const Case& of = property.cases[i];
    for (const LinearRow& row : of.rows) {
      if (row.input_terms.empty()) continue;
      return core::refuse(RefusalCode::export_unsupported, "property",
                          "a constraint over inputs and outputs together");
    }
    const std::string id = "case" + std::to_string(i);
    BundleFile script =
        text_file("smtlib/" + id + ".smt2",
                  "; Case " + std::to_string(i) +
                      " of the property, in real arithmetic: unsat if it is safe.\n" +
                      "(set-logic QF_LRA)\n" + network + case_text(of, chain.layers.size()) +
                      "(check-sat)\n");
    bundle.obligations.push_back(
        {id, "smt.query", "real", script.path, id, core::sha256(script.bytes), "none", {}, {}});
    bundle.files.push_back(std::move(script));
  }
  bundle.files.insert(bundle.files.begin(),
                      {std::string(bundle_manifest_path), write_bundle_manifest(bundle)});
  return bundle;
}

}  // namespace isotrace::proofs
