// Compares a statement with the material at hand. Every digest is recomputed from the bytes; a
// proof is checked again. Trusted base.
#pragma once

#include <set>

#include <isotrace/certificates/check_list.hpp>
#include <isotrace/certificates/policy.hpp>
#include <isotrace/core/verdict.hpp>

namespace isotrace::certificates {

/// What the verifier has at hand besides the certificate. Whatever is given must match.
struct Evidence {
  std::optional<core::ByteView> model;  ///< the file, or the folder's canonical manifest
  ModelKind model_kind = ModelKind::file;
  std::optional<ModelIdentity> identity;  ///< of the program that an importer made of the model
  std::vector<core::ByteView> properties;
  std::vector<core::ByteView> proofs;
  std::optional<core::ByteView> trace;
  std::vector<core::ByteView> others;   ///< what a statement binds by digest alone
  std::optional<core::Verdict> replay;  ///< of executing the trace again
  RequiredEvidence demanded;            ///< by the caller, beside what the policy demands
};

/// Which bound material was there and matched.
struct EvidenceFound {
  bool model = false;
  bool trace = false;
  bool replayed = false;              ///< and gave what the statement says
  bool log = true;                    ///< every signature that counts stands in a log
  bool timestamp = true;              ///< every signature that counts has a trusted time
  std::set<core::Digest> properties;  ///< by digest of the text, also out of proofs
  std::set<core::Digest> proofs;      ///< by digest of the file
};

EvidenceFound check_evidence(const Statement& statement, const Evidence& evidence,
                             CheckList& checks);

}  // namespace isotrace::certificates
