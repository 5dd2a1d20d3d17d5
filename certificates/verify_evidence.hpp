// Compares a statement with the material at hand. Every digest is recomputed from the bytes; a
// proof is checked again. Trusted base.
#pragma once

#include <map>
#include <set>

#include <isotrace/certificates/artifacts.hpp>
#include <isotrace/certificates/check_list.hpp>
#include <isotrace/certificates/policy.hpp>
#include <isotrace/core/verdict.hpp>

namespace isotrace::certificates {

/// What the verifier has at hand besides the certificate. Whatever is given must match, unless it
/// is `shared`.
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
  bool shared = false;  ///< by several certificates: what this one does not bind is passed over
};

/// Evidence with all that depends on no certificate, found out once for any number of them:
/// digests, and what is in the trace and in proofs that some certificate binds. The bytes must
/// outlive it.
class PreparedEvidence {
 public:
  PreparedEvidence(const Evidence& evidence);  // NOLINT(google-explicit-constructor)
  /// One more model of shared evidence: a certificate is judged with the one that it names.
  void add_model(core::ByteView bytes, ModelKind kind, std::optional<ModelIdentity> identity);
  /// Digests of models and files that no certificate has bound so far.
  [[nodiscard]] std::vector<core::Digest> unbound() const;

  struct File {
    core::ByteView bytes;
    core::Digest sha256;
    mutable bool bound = false;
  };
  template <class Facts>
  struct Artifact : File {
    mutable std::optional<core::Result<Facts>> facts = {};
  };
  struct Model : File {
    ModelKind kind = ModelKind::file;
    std::optional<ModelIdentity> identity;
  };

  Evidence given;
  std::vector<Model> models;
  std::vector<File> properties;
  std::map<core::Digest, Artifact<ProofFacts>> proofs;
  std::optional<Artifact<TraceFacts>> trace;
  std::vector<File> others;
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

EvidenceFound check_evidence(const Statement& statement, const PreparedEvidence& evidence,
                             CheckList& checks);

}  // namespace isotrace::certificates
