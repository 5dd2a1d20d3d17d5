#include <isotrace/tools/commands/inspect_json.hpp>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/policy.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::tools {
namespace {

/// nlohmann's parser recurses; what is nested deeper than any artifact of ours is not parsed.
bool is_shallow(std::string_view text) {
  std::size_t depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == '{' || text[i] == '[')) {
      if (++depth > core::limits::text_nesting_max) return false;
    } else if (!quoted && (text[i] == '}' || text[i] == ']') && depth > 0) {
      --depth;
    }
  }
  return true;
}

bool has(const Json& object, std::initializer_list<const char*> keys) {
  return std::ranges::all_of(keys, [&](const char* key) { return object.contains(key); });
}

/// {"wellFormed", "problem"}: what the reader that decides says of the bytes.
template <class T>
void add_judgement(Json& out, const core::Result<T>& parsed) {
  out["wellFormed"] = parsed.has_value();
  out["problem"] = parsed ? Json(nullptr) : Json(core::describe(parsed.error()));
}

/// The payload of an envelope as JSON; null where it is none.
Json payload_of(const Json& envelope) {
  const auto payload = envelope.find("payload");
  if (payload == envelope.end() || !payload->is_string()) return nullptr;
  const auto bytes = certificates::parse_base64(payload->get<std::string>());
  return bytes ? shallow_json(*bytes) : Json(nullptr);
}

Json certificate_json(const Json& content, core::ByteView bytes) {
  Json out = {{"kind", "certificate"}, {"verified", false}};
  const auto bundle = certificates::parse_bundle(bytes);
  add_judgement(out, bundle);
  out["keyid"] = bundle ? Json(bundle->keyid.hex()) : Json(nullptr);
  const Json& envelope = content["dsseEnvelope"];
  out["statement"] = envelope.is_object() ? payload_of(envelope) : Json(nullptr);
  out["content"] = content;
  return out;
}

Json policy_json(const Json& content, core::ByteView bytes) {
  Json out = {{"kind", "policy"}, {"verified", false}};
  const auto policy = certificates::parse_policy(bytes);
  add_judgement(out, policy);
  if (policy) {
    out["sha256"] = policy->sha256.hex();
    out["expires"] = certificates::write_utc(policy->expires);
    out["version"] = policy->version;
    out["threshold"] = policy->certifier.threshold;
    out["rootThreshold"] = policy->root.threshold;
    Json keys = Json::array();
    for (const certificates::PolicyKey& key : policy->keys) {
      keys.push_back({{"keyid", key.key.keyid().hex()},
                      {"algorithm", certificates::key_algorithm_name(key.key.algorithm())},
                      {"certifier", policy->certifier.has(key.key.keyid())},
                      {"root", policy->root.has(key.key.keyid())},
                      {"revoked", key.revoked_at.has_value()}});
    }
    out["keys"] = std::move(keys);
    out["logs"] = policy->logs.size();
    out["timestampers"] = policy->timestampers.size();
    out["rules"] = policy->rules.size();
  }
  out["content"] = content;
  return out;
}

Json manifest_json(const Json& content) {
  Json obligations = Json::array();
  for (const Json& one : content["obligations"]) {
    if (!one.is_object()) continue;
    obligations.push_back({{"id", one.value("id", Json())},
                           {"theorem", one.value("theorem", Json())},
                           {"file", one.value("file", Json())}});
  }
  return {{"kind", "proof bundle"},
          {"verified", false},
          {"version", content.value("version", Json())},
          {"subjects", content.value("subjects", Json())},
          {"obligations", std::move(obligations)},
          {"files", content["files"].size()}};
}

/// What our own commands print with --json, by the keys that only they have together.
const char* kind_of_output(const Json& content) {
  if (has(content, {"refusal"})) return "refusal";
  if (has(content, {"checks", "policySha256"})) return "verification report";
  if (has(content, {"_type", "predicateType", "subject"})) return "statement";
  if (has(content, {"verdict"})) return "verdict";
  if (has(content, {"root", "steps"})) return "run";
  return "json";
}

}  // namespace

Json shallow_json(core::ByteView bytes) {
  if (!is_shallow(core::as_text(bytes))) return nullptr;
  Json parsed = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  return parsed.is_discarded() ? Json(nullptr) : parsed;
}

std::optional<Json> json_artifact(core::ByteView bytes) {
  if (!is_shallow(core::as_text(bytes))) return std::nullopt;
  const Json content = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (content.is_discarded() || !content.is_object()) return std::nullopt;
  if (has(content, {"dsseEnvelope"})) return certificate_json(content, bytes);
  if (has(content, {"roles"})) return policy_json(content, bytes);
  if (has(content, {"payload", "payloadType", "signatures"})) {
    return Json{{"kind", "dsse envelope"},
                {"verified", false},
                {"payloadType", content["payloadType"]},
                {"signatures", content["signatures"].size()},
                {"payload", payload_of(content)},
                {"content", content}};
  }
  if (has(content, {"format", "obligations", "files"}) && content["format"] == "isotrace.bundle") {
    return manifest_json(content);
  }
  return Json{{"kind", kind_of_output(content)}, {"verified", false}, {"content", content}};
}

}  // namespace isotrace::tools
