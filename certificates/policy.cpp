#include <isotrace/certificates/policy.hpp>

#include <algorithm>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/json_field.hpp>
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
constexpr std::string_view any_word = "any";
constexpr std::string_view replay_word = "replay";

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

Result<Done> parse_roles(const JsonField& json, Policy& policy) {
  ISOTRACE_TRY_DONE(json.check_members({"certifier"}));
  ISOTRACE_TRY(const JsonField certifier, json.member("certifier"));
  ISOTRACE_TRY_DONE(certifier.check_members({"keyids", "threshold"}));
  ISOTRACE_TRY(const auto keyids, certifier.elements("keyids", keys_max));
  for (const JsonField& field : keyids) {
    ISOTRACE_TRY(const Digest keyid, field.digest());
    if (policy.find_key(keyid) == nullptr) return field.refuse("no key has this keyid");
    if (policy.is_certifier(keyid)) return field.refuse("stands twice");
    policy.certifiers.push_back(keyid);
  }
  ISOTRACE_TRY(policy.threshold, certifier.count("threshold"));
  if (policy.threshold < 1 || policy.threshold > policy.certifiers.size()) {
    return certifier.refuse("threshold must be between 1 and the number of keyids");
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
    if (word == "property") {
      rule.evidence.property = true;
    } else if (word == "proof") {
      rule.evidence.proof = true;
    } else if (word == "trace") {
      rule.evidence.trace = true;
    } else if (word != "model") {
      return field.refuse("must be model, property, proof or trace");
    }
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
  if (!least) return json.refuse("leastAssurance must be asserted, reproduced or proved");
  rule.least_assurance = *least;
  return rule;
}

Json to_json(const PolicyKey& key) {
  return {{"alg", key_algorithm_name(key.key.algorithm())},
          {"keyid", key.key.keyid().hex()},
          {"revokedAt", key.revoked_at ? Json(write_utc(*key.revoked_at)) : Json(nullptr)},
          {"spki", write_base64(key.key.spki())},
          {"validFrom", write_utc(key.valid_from)},
          {"validUntil", write_utc(key.valid_until)}};
}

Json hex_list(const std::vector<Digest>& digests) {
  Json list = Json::array();
  for (const Digest& digest : digests) list.push_back(digest.hex());
  return list;
}

Json to_json(const PolicyRule& rule) {
  Json claims = hex_list(rule.properties);
  if (rule.any_property) claims.push_back(any_word);
  if (rule.replay) claims.push_back(replay_word);
  Json evidence = Json::array({"model"});
  if (rule.evidence.property) evidence.push_back("property");
  if (rule.evidence.proof) evidence.push_back("proof");
  if (rule.evidence.trace) evidence.push_back("trace");
  Json levels = Json::array();
  for (const ClaimLevel level : rule.levels) levels.push_back(name_of(level));
  return {{"claims", std::move(claims)},
          {"evidence", std::move(evidence)},
          {"leastAssurance", name_of(rule.least_assurance)},
          {"levels", std::move(levels)},
          {"semantics", Json(rule.semantics)},
          {"subjects", rule.subjects.empty() ? Json::array({any_word}) : hex_list(rule.subjects)}};
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

bool Policy::is_certifier(const Digest& keyid) const {
  return std::find(certifiers.begin(), certifiers.end(), keyid) != certifiers.end();
}

Result<Policy> parse_policy(core::ByteView bytes) {
  constexpr auto code = core::RefusalCode::policy_malformed;
  ISOTRACE_TRY(const Json json, parse_strict_json(bytes, {code, core::limits::policy_bytes_max,
                                                          JsonForm::indented}));
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

std::string write_policy(const Policy& policy) {
  Json keys = Json::array();
  for (const PolicyKey& key : policy.keys) keys.push_back(to_json(key));
  Json rules = Json::array();
  for (const PolicyRule& rule : policy.rules) rules.push_back(to_json(rule));
  const Json certifier = {{"keyids", hex_list(policy.certifiers)}, {"threshold", policy.threshold}};
  Json json;
  json["expires"] = write_utc(policy.expires);
  json["keys"] = std::move(keys);
  json["roles"]["certifier"] = certifier;
  json["rules"] = std::move(rules);
  json["schema"] = policy_schema;
  json["version"] = policy.version;
  return write_json(json, JsonForm::indented);
}

Policy make_policy(const PublicKey& key, UnixSeconds now, UnixSeconds lifetime) {
  PolicyRule rule;
  rule.semantics = {std::string(core::semantics_id)};
  rule.levels = {ClaimLevel::exact_order, ClaimLevel::any_order};
  Policy policy;
  policy.expires = now + lifetime;
  policy.keys = {PolicyKey{key, now, now + lifetime, std::nullopt}};
  policy.certifiers = {key.keyid()};
  policy.rules = {std::move(rule)};
  return policy;
}

}  // namespace isotrace::certificates
