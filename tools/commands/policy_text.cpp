#include <isotrace/tools/commands/policy_text.hpp>

#include <isotrace/signing/write_policy.hpp>

namespace isotrace::tools {
namespace {

using certificates::Policy;
using certificates::PolicyKey;
using certificates::PolicyRule;
using certificates::write_utc;

std::string join(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ", ") + word;
  return out.empty() ? "nothing" : out;
}

std::string describe_role(const std::string& what, const certificates::PolicyRole& role) {
  return what + " need signatures of " + std::to_string(role.threshold) + " of these " +
         std::to_string(role.keyids.size()) + " key(s):";
}

void add_key(const Policy& policy, const core::Digest& keyid, certificates::UnixSeconds now,
             std::vector<std::string>& out) {
  const PolicyKey& key = *policy.find_key(keyid);
  std::string line = "  " + keyid.hex() + " (" +
                     std::string(certificates::key_algorithm_name(key.key.algorithm())) +
                     "), from " + write_utc(key.valid_from) + " until " +
                     write_utc(key.valid_until);
  const std::string fault = certificates::find_key_fault(key, now, std::nullopt);
  out.push_back(line + (fault.empty() ? "" : "; does not count: " + fault));
}

void add_rule(const PolicyRule& rule, std::size_t number, std::vector<std::string>& out) {
  out.push_back("Rule " + std::to_string(number) +
                (rule.subjects.empty() ? ", for every model:" : ", for these models:"));
  for (const core::Digest& subject : rule.subjects) out.push_back("  sha256:" + subject.hex());
  out.push_back("  semantics allowed: " + join(rule.semantics));
  std::vector<std::string> claims;
  if (rule.any_property) claims.emplace_back("some property");
  if (rule.replay) claims.emplace_back("a replay");
  for (const core::Digest& property : rule.properties) {
    claims.push_back("property " + property.hex());
  }
  out.push_back("  claims demanded: " + join(claims));
  std::vector<std::string> levels;
  for (const auto level : rule.levels) levels.emplace_back(certificates::name_of(level));
  out.push_back("  levels allowed in claims: " + join(levels));
  out.push_back("  every claim at least: " +
                std::string(certificates::name_of(rule.least_assurance)));
  std::vector<std::string> evidence = {"the model"};
  if (rule.evidence.property) evidence.emplace_back("properties");
  if (rule.evidence.proof) evidence.emplace_back("proofs");
  if (rule.evidence.trace) evidence.emplace_back("the trace");
  if (rule.evidence.log) evidence.emplace_back("a log proof of every signature");
  if (rule.evidence.timestamp) evidence.emplace_back("a time stamp of every signature");
  out.push_back("  to be given for verification: " + join(evidence));
}

}  // namespace

std::vector<std::string> explain_policy(const Policy& policy, certificates::UnixSeconds now) {
  std::vector<std::string> out = {
      "Policy " + policy.sha256.hex() + ", version " + std::to_string(policy.version) +
      (now < policy.expires ? ", trusts until " : ", EXPIRED at ") + write_utc(policy.expires)};
  out.push_back(describe_role("Certificates", policy.certifier));
  for (const core::Digest& keyid : policy.certifier.keyids) add_key(policy, keyid, now, out);
  if (policy.root.keyids.empty()) {
    out.emplace_back("Nobody may sign the next policy: it must be pinned by hand.");
  } else {
    out.push_back(describe_role("The next policy will", policy.root));
    for (const core::Digest& keyid : policy.root.keyids) add_key(policy, keyid, now, out);
  }
  for (const certificates::PolicyLog& log : policy.logs) {
    out.push_back("Log " + log.origin + " signs its checkpoints with:");
    add_key(policy, log.keyid, now, out);
  }
  out.push_back(std::to_string(policy.timestampers.size()) + " time stamping authorities" +
                (policy.timestampers.empty()
                     ? ": there is no trusted time, and revoked keys count for nothing."
                     : " are believed."));
  for (std::size_t i = 0; i < policy.rules.size(); ++i) add_rule(policy.rules[i], i + 1, out);
  out.emplace_back("Whatever no rule allows is denied.");
  return out;
}

int publish_policy(const Context& context, const Policy& policy, const std::string& path) {
  const std::string text = signing::write_policy(policy);
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(path, core::as_bytes(text)));
  const std::string digest = core::sha256(core::as_bytes(text)).hex();
  if (context.json) {
    context.print({{"policy", path},
                   {"sha256", digest},
                   {"version", policy.version},
                   {"keys", policy.keys.size()}});
  } else {
    context.out << "policy " << digest << ", version " << policy.version << ": "
                << policy.keys.size() << " key(s), expires " << write_utc(policy.expires) << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
