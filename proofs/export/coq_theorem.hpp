// Bundles for Coq that hold one theorem and need one folder of the library.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/proofs/export/bundle.hpp>

namespace isotrace::proofs {

struct CoqTheorem {
  std::string id;    ///< "function": its files are Spec_function.v, Cert_ and Proof_
  std::string kind;  ///< "bv.circuit"
  std::string semantics;
  std::string folder;   ///< of the library: "bits"
  std::string library;  ///< its name in Coq: "Isotrace.Bits"
  std::string spec;     ///< texts of the three files
  std::string cert;
  std::string proof;
  Reading reading;
};

/// Rules of a Makefile that compile a project after the targets named. Files that coq_makefile
/// leaves are made anew and removed, so that none that came with a bundle is run.
std::string coq_make_rule(const std::string& target, const std::string& after,
                          const std::string& project);

/// A rule that removes what coqc leaves.
inline constexpr std::string_view coq_make_clean =
    "clean:\n\trm -f */*.vo */*.vos */*.vok */*.glob */.*.aux\n";

/// Adds the theorem, its files, what compiles them and the manifest to a bundle that has its
/// subjects and nothing else. The theorem is closed.
void add_theorem(Bundle& bundle, const CoqTheorem& theorem);

}  // namespace isotrace::proofs
