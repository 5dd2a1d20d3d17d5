// What a certificate says: an in-toto Statement v1 about exactly one subject, with Isotrace's
// replay-verdict predicate. The schema is closed, numbers are integers and nothing in it depends on
// when or where it was written, so equal inputs give equal bytes. Trusted base.
// Spec: docs/formats/certificate.md; in-toto/attestation spec/v1/statement.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/digest.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view statement_type = "https://in-toto.io/Statement/v1";
inline constexpr std::string_view predicate_type =
    "https://isotrace.dev/attestation/replay-verdict/v1";
inline constexpr std::uint64_t predicate_version = 1;

inline constexpr std::size_t claims_max = 64;
inline constexpr std::size_t list_max = 64;          // backends, evidence, non-claims
inline constexpr std::size_t plain_bytes_max = 512;  // names and sentences
inline constexpr std::size_t shown_text_max = 4096;  // a property text inside a certificate

/// How much stands behind a claim, weakest first.
enum class Assurance : std::uint8_t {
  asserted,    ///< only the signer's word
  sampled,     ///< steps chosen by a challenge were executed again
  reproduced,  ///< the computation was executed again
  proved,      ///< the independent checker accepted a proof
};
enum class ClaimResult : std::uint8_t { holds, violated, unknown };
enum class ClaimMethod : std::uint8_t { none, proof, counterexample, replay };
/// What the claim speaks of: the levels of proofs/checker/proof.hpp.
enum class ClaimLevel : std::uint8_t { none, exact_order, any_order, real };
enum class StatementVerdict : std::uint8_t { passed, failed, inconclusive };
enum class ModelKind : std::uint8_t { file, folder };

std::string_view name_of(Assurance value);
std::string_view name_of(ClaimResult value);
std::string_view name_of(ClaimMethod value);
std::string_view name_of(ClaimLevel value);
std::string_view name_of(StatementVerdict value);
std::string_view name_of(ModelKind value);
/// Finds the value of that name; instantiated for the enumerations above.
template <class Enum>
std::optional<Enum> find_named(std::string_view name);

/// What an importer made of the model: the graph, and separately the weights.
struct ModelIdentity {
  core::Digest program;       ///< core::program_digest
  core::Digest weights_root;  ///< Merkle root over the constants' tensor digests, in order
  std::uint64_t weights_count = 0;

  bool operator==(const ModelIdentity&) const = default;
};
ModelIdentity model_identity(const core::Program& program);

struct StatementModel {
  ModelKind kind = ModelKind::file;
  core::Digest sha256;  ///< of the file, or of the folder's canonical manifest: the subject
  std::uint64_t bytes = 0;
  ModelIdentity identity;
};

struct StatementTrace {
  core::Digest file_sha256;
  core::Digest header_sha256;  ///< trace::identity_digest
  std::uint64_t leaf_count = 0;
  core::Digest root;

  bool operator==(const StatementTrace&) const = default;
};

/// The inputs of the traced run.
struct StatementInputs {
  std::uint64_t count = 0;
  core::Digest root;  ///< Merkle root over (name, tensor digest), in order of the trace

  bool operator==(const StatementInputs&) const = default;
};

/// Who computed, as declared; no digest proves it.
struct StatementBackend {
  std::string role;  ///< "recorded" or "replayed"
  std::string id;
  std::string device;
  std::string tool;

  bool operator==(const StatementBackend&) const = default;
};

struct PropertyReference {
  std::string language;  ///< "vnnlib-1.0"
  core::Digest sha256;   ///< of the text
  std::string text;      ///< the text itself if it is short plain ASCII, otherwise empty
};

struct ProofReference {
  std::string format;  ///< "isoproof-1"
  core::Digest file_sha256;
  core::Digest digest;       ///< proofs::proof_digest
  std::uint64_t leaves = 0;  ///< leaves whose bound the checker recomputed
};

struct NamedVersion {
  std::string name;
  std::string version;
};

/// How many of how many steps were executed again.
struct Coverage {
  std::uint64_t checked = 0;
  std::uint64_t total = 0;

  bool operator==(const Coverage&) const = default;
};

/// A property claim, or the claim that re-execution gave the same trace.
struct Claim {
  std::string id;
  ClaimMethod method = ClaimMethod::none;
  Assurance assurance = Assurance::asserted;
  ClaimResult result = ClaimResult::unknown;
  ClaimLevel level = ClaimLevel::none;
  std::optional<PropertyReference> property;
  std::optional<ProofReference> proof;
  std::optional<NamedVersion> checker;
  std::optional<Coverage> coverage;  ///< of replay claims that are not UNKNOWN
};

/// A value from outside that makes the certificate fresh and samples impossible to choose; source
/// "none" and an empty value otherwise.
struct Challenge {
  std::string source = "none";
  std::string value;
};

/// Anything else that the signer wants bound: model card, SBOM, provenance.
struct EvidenceReference {
  std::string name;
  std::string media_type;
  core::Digest sha256;
};

struct Statement {
  std::string subject;  ///< name of the model, for display; its digest is model.sha256
  StatementModel model;
  std::string semantics;  ///< "isonum-1": name, dash, version
  std::optional<StatementInputs> inputs;
  std::optional<StatementTrace> trace;
  std::vector<StatementBackend> backends;
  std::vector<Claim> claims;
  NamedVersion toolchain;
  Challenge challenge;
  std::vector<EvidenceReference> evidence;
  std::vector<std::string> non_claims;
};

/// passed: there is a claim and every claim holds. failed: a claim is violated. Otherwise
/// inconclusive. Never read from a certificate, always recomputed.
StatementVerdict verdict_of(const std::vector<Claim>& claims);

/// Steps under a trace's root: its leaves without identity and outputs.
std::uint64_t steps_of(const StatementTrace& trace);

/// The steps that a sample of `count` consists of, ascending: nobody chooses them, they follow from
/// the root, which fixes every step, and the challenge, which came later. count <= total.
std::vector<std::uint64_t> sample_steps(const core::Digest& root, std::string_view challenge,
                                        std::uint64_t count, std::uint64_t total);

/// The version at the end of a semantics id ("isonum-1" -> 1); nothing if it has none.
std::optional<std::uint64_t> semantics_version(std::string_view id);

/// The text if a certificate shows it (short, printable ASCII, tabs and line ends), otherwise "".
std::string shown_text(std::string_view property_text);

/// Any text as printable ASCII: other bytes and '%' become %xx. Keeps at most plain_bytes_max.
std::string plain_text(std::string_view text);

/// Refuses certificate_malformed if a claim says more than what stands behind it (a property that
/// holds without a proof, a replay without a trace or with another number of steps than it), or
/// names are empty, too long or not plain.
core::Result<core::Done> check_statement(const Statement& statement);

/// Accepts exactly what signing::write_statement writes of a checked statement; a verdict that does
/// not follow from the claims is certificate_malformed like everything else.
core::Result<Statement> parse_statement(core::ByteView payload);

}  // namespace isotrace::certificates
