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
  /// Since there is no trusted time of signing, a revoked key counts for nothing, whenever revoked.
  std::optional<UnixSeconds> revoked_at;
};

/// Material that must be at hand besides the model, which always must.
struct RequiredEvidence {
  bool property = false;
  bool proof = false;
  bool trace = false;
};

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
  std::vector<core::Digest> certifiers;  ///< keyids, all among keys
  std::uint64_t threshold = 1;           ///< distinct certifiers that must have signed
  std::vector<PolicyRule> rules;
  core::Digest sha256;  ///< of the file

  [[nodiscard]] const PolicyKey* find_key(const core::Digest& keyid) const;
  [[nodiscard]] bool is_certifier(const core::Digest& keyid) const;
};

/// Refuses policy_malformed with a JSON pointer, and key_* for a key in it.
core::Result<Policy> parse_policy(core::ByteView bytes);
/// The file of a policy (its sha256 member plays no part).
std::string write_policy(const Policy& policy);

/// One certifier key, valid from `now` for `lifetime` seconds, and one rule: any subject, isonum-1,
/// claims about the float execution (not only about real arithmetic), at least reproduced.
Policy make_policy(const PublicKey& key, UnixSeconds now, UnixSeconds lifetime);

}  // namespace isotrace::certificates
