// The policy: whose signatures count, until when, and what a certificate must say. It is the only
// source of trust; nothing in a certificate adds to it. What no rule allows is denied. Trusted
// base. Spec: docs/certificates.md, "Policy".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <isotrace/certificates/keys.hpp>
#include <isotrace/certificates/statement.hpp>
#include <isotrace/certificates/utc_time.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view policy_schema = "https://isotrace.dev/policy/v1";

struct PolicyKey {
  PublicKey key;
  UnixSeconds valid_from = 0;
  UnixSeconds valid_until = 0;
  /// From then on the key counts for nothing. What it signed before counts only if a trusted time
  /// stamp says so; without one, everything that a revoked key signed fails.
  std::optional<UnixSeconds> revoked_at;
};

/// Distinct keys of which a number must sign.
struct PolicyRole {
  std::vector<core::Digest> keyids;  ///< all among the policy's keys
  std::uint64_t threshold = 0;

  [[nodiscard]] bool has(const core::Digest& keyid) const;
};

/// A transparency log whose word counts.
struct PolicyLog {
  std::string origin;
  core::Digest keyid;  ///< an Ed25519 key among the policy's keys
};

/// Material that must be at hand besides the model, which always must.
struct RequiredEvidence {
  bool property = false;
  bool proof = false;
  bool trace = false;
  bool log = false;        ///< a proof that a log of the policy holds every signature that counts
  bool timestamp = false;  ///< a trusted time stamp over every signature that counts
};

/// What a policy calls them; the model is "model".
inline constexpr std::pair<std::string_view, bool RequiredEvidence::*> evidence_words[] = {
    {"property", &RequiredEvidence::property},
    {"proof", &RequiredEvidence::proof},
    {"trace", &RequiredEvidence::trace},
    {"log", &RequiredEvidence::log},
    {"timestamp", &RequiredEvidence::timestamp}};
inline constexpr std::string_view any_word = "any";  ///< any subject, any property
inline constexpr std::string_view replay_word = "replay";

/// Applies to the subjects it names; a certificate must satisfy every rule that applies to it.
struct PolicyRule {
  std::vector<core::Digest> subjects;                 ///< empty: any
  std::vector<std::string> semantics;                 ///< ids allowed
  std::vector<core::Digest> properties;               ///< properties that must be claimed
  bool any_property = false;                          ///< at least one property claim
  bool replay = false;                                ///< the replay claim
  Assurance least_assurance = Assurance::reproduced;  ///< of every claim
  std::vector<ClaimLevel> levels;                     ///< allowed in every claim
  RequiredEvidence evidence;

  [[nodiscard]] bool applies_to(const core::Digest& subject) const;
};

struct Policy {
  std::uint64_t version = 1;
  UnixSeconds expires = 0;
  std::vector<PolicyKey> keys;
  PolicyRole certifier;  ///< who may sign certificates
  PolicyRole root;       ///< who may sign the next policy; empty: nobody
  std::vector<PolicyLog> logs;
  std::vector<core::Bytes> timestampers;  ///< X.509 DER: authorities, or issuers of theirs
  std::vector<PolicyRule> rules;
  core::Digest sha256;  ///< of the file

  [[nodiscard]] const PolicyKey* find_key(const core::Digest& keyid) const;
  [[nodiscard]] const PolicyLog* find_log(std::string_view origin) const;
};

/// Why a key counts for nothing at a time; empty if it counts. Without a trusted time, `now` is
/// judged and a revoked key never counts.
std::string find_key_fault(const PolicyKey& key, UnixSeconds now,
                           const std::optional<UnixSeconds>& trusted_time);

/// Refuses policy_malformed with a JSON pointer, and key_* for a key in it.
core::Result<Policy> parse_policy(core::ByteView bytes);

}  // namespace isotrace::certificates
