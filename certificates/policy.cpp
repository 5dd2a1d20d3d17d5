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
using core::Done;
using core::Result;

constexpr std::size_t keys_max = 1024;
constexpr std::size_t rules_max = 1024;
constexpr std::size_t names_max = 1024;
constexpr std::size_t word_max = 64;

Result<UnixSeconds> parse_time(const JsonField& field) {
  ISOTRACE_TRY(const std::string text, field.name(word_max));
  const auto time = parse_utc(text);
  if (!time) return field.refuse("must be a UTC time like 2027-01-31T00:00:00Z");
  return *time;
}

Result<UnixSeconds> parse_time(const JsonField& parent, std::string_view member) {
  ISOTRACE_TRY(const JsonField field, parent.member(member));
  return parse_time(field);
}

Result<PolicyKey> parse_key(const JsonField& json) {
  ISOTRACE_TRY_DONE(
      json.check_members({"alg", "keyid", "revokedAt", "spki", "validFrom", "validUntil"}));
  ISOTRACE_TRY(const JsonField spki, json.member("spki"));
  ISOTRACE_TRY(const core::Bytes der, spki.base64());
  auto key = PublicKey::from_spki(der);
  if (!key) return core::refuse_within("policy", std::move(key).error());
  PolicyKey out{*std::move(key), 0, 0, std::nullopt};
  ISOTRACE_TRY(const std::string algorithm, json.name("alg", word_max));
  if (find_key_algorithm(algorithm) != out.key.algorithm()) {
    return json.refuse("alg does not name the algorithm of the key");
  }
  ISOTRACE_TRY(const Digest keyid, json.digest("keyid"));
  if (keyid != out.key.keyid()) return json.refuse("keyid is not the SHA-256 of spki");
  ISOTRACE_TRY(out.valid_from, parse_time(json, "validFrom"));
  ISOTRACE_TRY(out.valid_until, parse_time(json, "validUntil"));
  if (out.valid_from >= out.valid_until) return json.refuse("validFrom is not before validUntil");
  ISOTRACE_TRY(const JsonField revoked, json.member("revokedAt"));
  if (!revoked.is_null()) {
    ISOTRACE_TRY(out.revoked_at, parse_time(revoked));
  }
  return out;
}

/// `least` is 0 where a role may have no keys.
Result<PolicyRole> parse_role(const JsonField& json, std::uint64_t least, const Policy& policy) {
  ISOTRACE_TRY_DONE(json.check_members({"keyids", "threshold"}));
  PolicyRole role;
  ISOTRACE_TRY(const auto keyids, json.elements("keyids", keys_max));
  for (const JsonField& field : keyids) {
    ISOTRACE_TRY(const Digest keyid, field.digest());
    if (policy.find_key(keyid) == nullptr) return field.refuse("no key has this keyid");
    if (role.has(keyid)) return field.refuse("stands twice");
    role.keyids.push_back(keyid);
  }
  ISOTRACE_TRY(role.threshold, json.count("threshold"));
  if (!role.keyids.empty()) least = 1;
  if (role.threshold < least || role.threshold > role.keyids.size()) {
    return json.refuse("threshold must be between 1 and the number of keyids");
  }
  return role;
}

Result<Done> parse_logs(const JsonField& roles, Policy& policy) {
  ISOTRACE_TRY(const auto logs, roles.elements("log", keys_max));
  for (const JsonField& field : logs) {
    ISOTRACE_TRY_DONE(field.check_members({"keyid", "origin"}));
    PolicyLog log;
    ISOTRACE_TRY(log.keyid, field.digest("keyid"));
    ISOTRACE_TRY(log.origin, field.name("origin", core::limits::name_bytes_max));
    const PolicyKey* key = policy.find_key(log.keyid);
    if (key == nullptr || key->key.algorithm() != KeyAlgorithm::ed25519) {
      return field.refuse("no Ed25519 key has this keyid");
    }
    if (!is_note_name(log.origin) || log.origin == seal_origin) {
      return field.refuse("origin is no name of a log");
    }
    if (policy.find_log(log.origin) != nullptr) return field.refuse("the origin stands twice");
    policy.logs.push_back(std::move(log));
  }
  return Done{};
}

Result<Done> parse_roles(const JsonField& json, Policy& policy) {
  ISOTRACE_TRY_DONE(json.check_members({"certifier", "log", "root", "timestamper"}));
  ISOTRACE_TRY(const JsonField certifier, json.member("certifier"));
  ISOTRACE_TRY(policy.certifier, parse_role(certifier, 1, policy));
  ISOTRACE_TRY(const JsonField root, json.member("root"));
  ISOTRACE_TRY(policy.root, parse_role(root, 0, policy));
  ISOTRACE_TRY_DONE(parse_logs(json, policy));
  ISOTRACE_TRY(const auto timestampers, json.elements("timestamper", keys_max));
  for (const JsonField& field : timestampers) {
    ISOTRACE_TRY(core::Bytes der, field.base64());
    if (!is_x509(der)) return field.refuse("must be an X.509 certificate, base64 of its DER");
    policy.timestampers.push_back(std::move(der));
  }
  return Done{};
}

Result<Done> parse_subjects(const JsonField& json, PolicyRule& rule) {
  ISOTRACE_TRY(const auto subjects, json.elements("subjects", names_max));
  if (subjects.empty()) return json.refuse("subjects must not be empty; \"any\" allows all");
  if (subjects.size() == 1 && subjects[0].check_text(any_word)) return Done{};
  for (const JsonField& field : subjects) {
    ISOTRACE_TRY(rule.subjects.emplace_back(), field.digest());
  }
  return Done{};
}

Result<Done> parse_required_claims(const JsonField& json, PolicyRule& rule) {
  ISOTRACE_TRY(const auto claims, json.elements("claims", names_max));
  for (const JsonField& field : claims) {
    if (field.check_text(any_word)) {
      rule.any_property = true;
    } else if (field.check_text(replay_word)) {
      rule.replay = true;
    } else {
      const auto digest = field.digest();
      if (!digest) return field.refuse("must be \"any\", \"replay\" or a property's SHA-256");
      rule.properties.push_back(*digest);
    }
  }
  return Done{};
}

Result<Done> parse_required_evidence(const JsonField& json, PolicyRule& rule) {
  ISOTRACE_TRY(const auto evidence, json.elements("evidence", names_max));
  for (const JsonField& field : evidence) {
    ISOTRACE_TRY(const std::string word, field.name(word_max));
    bool known = word == "model";
    for (const auto& [name, member] : evidence_words) {
      if (word != name) continue;
      rule.evidence.*member = true;
      known = true;
    }
    if (!known) return field.refuse("must be model, property, proof, trace, log or timestamp");
  }
  return Done{};
}

Result<PolicyRule> parse_rule(const JsonField& json) {
  ISOTRACE_TRY_DONE(json.check_members(
      {"claims", "evidence", "leastAssurance", "levels", "semantics", "subjects"}));
  PolicyRule rule;
  ISOTRACE_TRY_DONE(parse_subjects(json, rule));
  ISOTRACE_TRY_DONE(parse_required_claims(json, rule));
  ISOTRACE_TRY_DONE(parse_required_evidence(json, rule));
  ISOTRACE_TRY(const auto semantics, json.elements("semantics", names_max));
  for (const JsonField& field : semantics) {
    ISOTRACE_TRY(rule.semantics.emplace_back(), field.name(word_max));
  }
  ISOTRACE_TRY(const auto levels, json.elements("levels", names_max));
  for (const JsonField& field : levels) {
    ISOTRACE_TRY(const std::string name, field.name(word_max));
    const auto level = find_named<ClaimLevel>(name);
    if (!level || *level == ClaimLevel::none) {
      return field.refuse("must be exact_order, any_order or real");
    }
    rule.levels.push_back(*level);
  }
  ISOTRACE_TRY(const std::string assurance, json.name("leastAssurance", word_max));
  const auto least = find_named<Assurance>(assurance);
  if (!least) return json.refuse("leastAssurance must be asserted, sampled, reproduced or proved");
  rule.least_assurance = *least;
  return rule;
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
  const JsonField root(json, code);
  ISOTRACE_TRY_DONE(root.check_members({"expires", "keys", "roles", "rules", "schema", "version"}));
  ISOTRACE_TRY(const JsonField schema, root.member("schema"));
  ISOTRACE_TRY_DONE(schema.check_text(policy_schema));

  Policy policy;
  policy.sha256 = core::sha256(bytes);
  ISOTRACE_TRY(policy.version, root.count("version"));
  ISOTRACE_TRY(policy.expires, parse_time(root, "expires"));
  ISOTRACE_TRY(const auto keys, root.elements("keys", keys_max));
  for (const JsonField& field : keys) {
    ISOTRACE_TRY(PolicyKey key, parse_key(field));
    if (policy.find_key(key.key.keyid()) != nullptr) return field.refuse("the key stands twice");
    policy.keys.push_back(std::move(key));
  }
  ISOTRACE_TRY(const JsonField roles, root.member("roles"));
  ISOTRACE_TRY_DONE(parse_roles(roles, policy));
  ISOTRACE_TRY(const auto rules, root.elements("rules", rules_max));
  for (const JsonField& field : rules) {
    ISOTRACE_TRY(PolicyRule rule, parse_rule(field));
    policy.rules.push_back(std::move(rule));
  }
  return policy;
}

}  // namespace isotrace::certificates
