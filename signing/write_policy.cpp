#include <isotrace/signing/write_policy.hpp>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/strict_json.hpp>

namespace isotrace::signing {
namespace {

using namespace certificates;
using core::Digest;

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

Json to_json(const PolicyRole& role) {
  return {{"keyids", hex_list(role.keyids)}, {"threshold", role.threshold}};
}

Json to_json(const PolicyRule& rule) {
  Json claims = hex_list(rule.properties);
  if (rule.any_property) claims.push_back(any_word);
  if (rule.replay) claims.push_back(replay_word);
  Json evidence = Json::array({"model"});
  for (const auto& [name, member] : evidence_words) {
    if (rule.evidence.*member) evidence.push_back(name);
  }
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

std::string write_policy(const Policy& policy) {
  Json keys = Json::array();
  for (const PolicyKey& key : policy.keys) keys.push_back(to_json(key));
  Json rules = Json::array();
  for (const PolicyRule& rule : policy.rules) rules.push_back(to_json(rule));
  Json logs = Json::array();
  for (const PolicyLog& log : policy.logs) {
    logs.push_back({{"keyid", log.keyid.hex()}, {"origin", log.origin}});
  }
  Json timestampers = Json::array();
  for (const core::Bytes& der : policy.timestampers) timestampers.push_back(write_base64(der));
  Json json;
  json["expires"] = write_utc(policy.expires);
  json["keys"] = std::move(keys);
  json["roles"] = {{"certifier", to_json(policy.certifier)},
                   {"log", std::move(logs)},
                   {"root", to_json(policy.root)},
                   {"timestamper", std::move(timestampers)}};
  json["rules"] = std::move(rules);
  json["schema"] = policy_schema;
  json["version"] = policy.version;
  return write_json(json, JsonForm::indented);
}

certificates::Policy make_policy(const PublicKey& key, UnixSeconds now, UnixSeconds lifetime) {
  PolicyRule rule;
  rule.semantics = {std::string(core::semantics_id)};
  rule.levels = {ClaimLevel::exact_order, ClaimLevel::any_order};
  Policy policy;
  policy.expires = now + lifetime;
  policy.keys = {PolicyKey{key, now, now + lifetime, std::nullopt}};
  policy.certifier = {{key.keyid()}, 1};
  policy.rules = {std::move(rule)};
  return policy;
}

}  // namespace isotrace::signing
