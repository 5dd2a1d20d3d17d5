#include <isotrace/certificates/policy.hpp>

#include <algorithm>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/json_field.hpp>
#include <isotrace/certificates/timestamp.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Digest;
using core::Result;

constexpr std::size_t keys_max = 1024;
constexpr std::size_t rules_max = 1024;
constexpr std::size_t names_max = 1024;
constexpr std::size_t word_max = 64;

UnixSeconds read_time(const JsonField& field) {
  const auto time = parse_utc(field.name(word_max));
  if (!time) field.refuse("must be a UTC time like 2027-01-31T00:00:00Z");
  return time.value_or(0);
}

void read_key(const JsonField& json, Policy& policy) {
  const auto [algorithm, keyid, revoked_at, spki, valid_from, valid_until] =
      json.members("alg", "keyid", "revokedAt", "spki", "validFrom", "validUntil");
  auto key = PublicKey::from_spki(spki.base64());
  if (!key) {
    json.refuse(core::refuse_within("policy", std::move(key).error()).value());
    return;
  }
  PolicyKey out{*std::move(key), read_time(valid_from), read_time(valid_until), std::nullopt};
  if (find_key_algorithm(algorithm.name(word_max)) != out.key.algorithm()) {
    json.refuse("alg does not name the algorithm of the key");
  }
  if (keyid.digest() != out.key.keyid()) json.refuse("keyid is not the SHA-256 of spki");
  if (out.valid_from >= out.valid_until) json.refuse("validFrom is not before validUntil");
  if (!revoked_at.is_null()) out.revoked_at = read_time(revoked_at);
  if (policy.find_key(out.key.keyid()) != nullptr) json.refuse("the key stands twice");
  policy.keys.push_back(std::move(out));
}

/// `least` is 0 where a role may have no keys.
PolicyRole read_role(const JsonField& json, std::uint64_t least, const Policy& policy) {
  const auto [keyids, threshold] = json.members("keyids", "threshold");
  PolicyRole role;
  for (const JsonField& field : keyids.elements(keys_max)) {
    const Digest keyid = field.digest();
    if (policy.find_key(keyid) == nullptr) field.refuse("no key has this keyid");
    if (role.has(keyid)) field.refuse("stands twice");
    role.keyids.push_back(keyid);
  }
  role.threshold = threshold.count();
  if (!role.keyids.empty()) least = 1;
  if (role.threshold < least || role.threshold > role.keyids.size()) {
    json.refuse("threshold must be between 1 and the number of keyids");
  }
  return role;
}

void read_log(const JsonField& json, Policy& policy) {
  const auto [keyid, origin] = json.members("keyid", "origin");
  PolicyLog log{std::string(origin.name(core::limits::name_bytes_max)), keyid.digest()};
  const PolicyKey* key = policy.find_key(log.keyid);
  if (key == nullptr || key->key.algorithm() != KeyAlgorithm::ed25519) {
    json.refuse("no Ed25519 key has this keyid");
  }
  if (!is_note_name(log.origin) || log.origin == seal_origin) {
    json.refuse("origin is no name of a log");
  }
  if (policy.find_log(log.origin) != nullptr) json.refuse("the origin stands twice");
  policy.logs.push_back(std::move(log));
}

void read_roles(const JsonField& json, Policy& policy) {
  const auto [certifier, logs, root, timestampers] =
      json.members("certifier", "log", "root", "timestamper");
  policy.certifier = read_role(certifier, 1, policy);
  policy.root = read_role(root, 0, policy);
  for (const JsonField& field : logs.elements(keys_max)) read_log(field, policy);
  for (const JsonField& field : timestampers.elements(keys_max)) {
    const core::Bytes& der = policy.timestampers.emplace_back(field.base64());
    if (!is_x509(der)) field.refuse("must be an X.509 certificate, base64 of its DER");
  }
}

void read_subjects(const JsonField& json, PolicyRule& rule) {
  const auto subjects = json.elements(names_max);
  if (subjects.empty()) json.refuse("must not be empty; \"any\" allows all");
  if (subjects.size() == 1 && subjects[0].is_text(any_word)) return;
  for (const JsonField& field : subjects) rule.subjects.push_back(field.digest());
}

void read_required_claim(const JsonField& field, PolicyRule& rule) {
  if (field.is_text(any_word)) {
    rule.any_property = true;
  } else if (field.is_text(replay_word)) {
    rule.replay = true;
  } else {
    constexpr std::string_view otherwise = "must be \"any\", \"replay\" or a property's SHA-256";
    rule.properties.push_back(field.digest(otherwise));
  }
}

void read_required_evidence(const JsonField& field, PolicyRule& rule) {
  const std::string_view word = field.name(word_max);
  bool known = word == "model";
  for (const auto& [name, member] : evidence_words) {
    if (word != name) continue;
    rule.evidence.*member = true;
    known = true;
  }
  if (!known) field.refuse("must be model, property, proof, trace, log or timestamp");
}

ClaimLevel read_level(const JsonField& field) {
  const auto level = find_named<ClaimLevel>(field.name(word_max));
  if (!level || *level == ClaimLevel::none) {
    field.refuse("must be exact_order, any_order or real");
  }
  return level.value_or(ClaimLevel::none);
}

void read_rule(const JsonField& json, PolicyRule& rule) {
  const auto [claims, evidence, assurance, levels, semantics, subjects] =
      json.members("claims", "evidence", "leastAssurance", "levels", "semantics", "subjects");
  read_subjects(subjects, rule);
  for (const JsonField& field : claims.elements(names_max)) read_required_claim(field, rule);
  for (const JsonField& field : evidence.elements(names_max)) read_required_evidence(field, rule);
  for (const JsonField& field : semantics.elements(names_max)) {
    rule.semantics.emplace_back(field.name(word_max));
  }
  for (const JsonField& field : levels.elements(names_max)) {
    rule.levels.push_back(read_level(field));
  }
  const auto least = find_named<Assurance>(assurance.name(word_max));
  if (!least) assurance.refuse("must be asserted, sampled, reproduced or proved");
  rule.least_assurance = least.value_or(Assurance::proved);
}

Policy read_policy(const JsonField& json) {
  const auto [expires, keys, roles, rules, schema, version] =
      json.members("expires", "keys", "roles", "rules", "schema", "version");
  schema.expect_text(policy_schema);
  Policy policy;
  policy.version = version.count();
  policy.expires = read_time(expires);
  for (const JsonField& field : keys.elements(keys_max)) read_key(field, policy);
  read_roles(roles, policy);
  for (const JsonField& field : rules.elements(rules_max)) {
    read_rule(field, policy.rules.emplace_back());
  }
  return policy;
}

}  // namespace

bool PolicyRule::applies_to(const Digest& subject) const {
  return subjects.empty() || std::find(subjects.begin(), subjects.end(), subject) != subjects.end();
}

const PolicyKey* Policy::find_key(const Digest& keyid) const {
  const auto found = std::find_if(keys.begin(), keys.end(),
                                  [&](const PolicyKey& key) { return key.key.keyid() == keyid; });
  return found == keys.end() ? nullptr : &*found;
}

const PolicyLog* Policy::find_log(std::string_view origin) const {
  const auto found = std::find_if(logs.begin(), logs.end(),
                                  [&](const PolicyLog& log) { return log.origin == origin; });
  return found == logs.end() ? nullptr : &*found;
}

bool PolicyRole::has(const Digest& keyid) const {
  return std::find(keyids.begin(), keyids.end(), keyid) != keyids.end();
}

std::string find_key_fault(const PolicyKey& key, UnixSeconds now,
                           const std::optional<UnixSeconds>& trusted_time) {
  const UnixSeconds time = trusted_time.value_or(now);
  if (key.revoked_at && (!trusted_time || time >= *key.revoked_at)) {
    return "revoked at " + write_utc(*key.revoked_at);
  }
  if (time < key.valid_from) return "not valid before " + write_utc(key.valid_from);
  if (time >= key.valid_until) return "expired at " + write_utc(key.valid_until);
  return {};
}

Result<Policy> parse_policy(core::ByteView bytes) {
  constexpr auto code = core::RefusalCode::policy_malformed;
  ISOTRACE_TRY(
      const JsonDocument json,
      parse_strict_json(bytes, {code, core::limits::policy_bytes_max, JsonForm::indented}));
  ISOTRACE_TRY(Policy policy, read_shape(json, code, read_policy));
  policy.sha256 = core::sha256(bytes);
  return policy;
}

}  // namespace isotrace::certificates
