#include <isotrace/certificates/pem.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/signing/envelopes.hpp>
#include <isotrace/signing/write_policy.hpp>
#include <isotrace/tools/commands/actions.hpp>
#include <isotrace/tools/commands/keys.hpp>
#include <isotrace/tools/commands/policy_text.hpp>
#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {
namespace {

using certificates::Policy;
using certificates::UnixSeconds;
using core::Done;
using core::Result;

/// What `policy init` puts into a policy, in the order in which it reads its options.
class PolicyMaker {
 public:
  PolicyMaker(const Context& context, UnixSeconds now, UnixSeconds expires)
      : context_(context), now_(now), expires_(expires) {}

  Result<Policy> make(const Arguments& arguments) {
    for (const std::string& path : arguments.values("--key")) {
      ISOTRACE_TRY(const core::Digest keyid, add_key(path));
      if (!policy_.certifier.has(keyid)) policy_.certifier.keyids.push_back(keyid);
    }
    for (const std::string& path : arguments.values("--root")) {
      ISOTRACE_TRY(const core::Digest keyid, add_key(path));
      if (!policy_.root.has(keyid)) policy_.root.keyids.push_back(keyid);
    }
    for (const std::string& text : arguments.values("--log")) {
      const auto split = text.find('=');
      ISOTRACE_TRY(const core::Digest keyid, add_key(text.substr(split + 1)));
      policy_.logs.push_back({text.substr(0, split), keyid});
    }
    for (const std::string& path : arguments.values("--timestamper")) {
      ISOTRACE_TRY(const core::Bytes pem, context_.read(path, core::limits::key_bytes_max));
      ISOTRACE_TRY(policy_.timestampers.emplace_back(),
                   certificates::parse_pem(pem, "CERTIFICATE"));
    }
    ISOTRACE_TRY(policy_.certifier.threshold,
                 threshold(arguments, "--threshold", policy_.certifier));
    ISOTRACE_TRY(policy_.root.threshold, threshold(arguments, "--root-threshold", policy_.root));
    set_rule(arguments);
    // What was made must be what the strict reader accepts.
    const std::string text = signing::write_policy(policy_);
    return certificates::parse_policy(core::as_bytes(text));
  }

 private:
  Result<core::Digest> add_key(const std::string& path) {
    ISOTRACE_TRY(const certificates::PublicKey key, load_public_key(context_, path));
    if (policy_.keys.empty()) {
      policy_ = signing::make_policy(key, now_, expires_ - now_);
      policy_.certifier = {};
    } else if (policy_.find_key(key.keyid()) == nullptr) {
      policy_.keys.push_back({key, now_, expires_, std::nullopt});
    }
    return key.keyid();
  }

  static Result<std::uint64_t> threshold(const Arguments& arguments, const std::string& option,
                                         const certificates::PolicyRole& role) {
    const std::uint64_t fallback = role.keyids.empty() ? 0 : 1;
    if (!arguments.has(option)) return fallback;
    const auto count = parse_count(arguments.value(option));
    if (!count) {
      return core::refuse(core::RefusalCode::text_not_number, option, arguments.value(option));
    }
    return *count;
  }

  void set_rule(const Arguments& arguments) {
    certificates::PolicyRule& rule = policy_.rules.front();
    for (const std::string& word : arguments.values("--evidence")) {
      rule.evidence.property |= word == "property";
      rule.evidence.proof |= word == "proof";
      rule.evidence.trace |= word == "trace";
      rule.evidence.log |= word == "log";
      rule.evidence.timestamp |= word == "timestamp";
    }
    if (arguments.has("--semantics")) rule.semantics = arguments.values("--semantics");
    if (arguments.has("--least-assurance")) {
      rule.least_assurance =
          *certificates::find_named<certificates::Assurance>(arguments.value("--least-assurance"));
    }
  }

  const Context& context_;
  UnixSeconds now_;
  UnixSeconds expires_;
  Policy policy_;
};

int init(const Context& context, const Arguments& arguments) {
  for (const std::string& log : arguments.values("--log")) {
    if (log.find('=') == std::string::npos) {
      return report_usage(context, "policy init: --log wants ORIGIN=FILE");
    }
  }
  ISOTRACE_OR_REPORT(context, const UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const UnixSeconds expires,
                     parse_date("--expires", arguments.value("--expires")));
  if (expires <= now) return report_usage(context, "policy init: --expires is in the past");
  ISOTRACE_OR_REPORT(context, const Policy policy,
                     PolicyMaker(context, now, expires).make(arguments));
  return publish_policy(context, policy, arguments.value("--out"));
}

int check(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const Policy policy,
                     load_policy(context, arguments, arguments.operand(1), now));
  const bool fresh = now < policy.expires;
  if (context.json) {
    context.print({{"verdict", fresh ? "accepted" : "rejected"},
                   {"sha256", policy.sha256.hex()},
                   {"version", policy.version},
                   {"expires", certificates::write_utc(policy.expires)},
                   {"keys", policy.keys.size()},
                   {"threshold", policy.certifier.threshold},
                   {"rules", policy.rules.size()}});
  } else {
    context.out << (fresh ? "accepted" : "rejected: expired") << ": version " << policy.version
                << ", " << policy.keys.size() << " key(s), threshold " << policy.certifier.threshold
                << ", " << policy.rules.size() << " rule(s), expires "
                << certificates::write_utc(policy.expires) << "\n";
  }
  return fresh ? exit_yes : exit_no;
}

/// Adds a signature: to a bare policy the first, to a signed one another.
int sign(const Context& context, const Arguments& arguments) {
  if (arguments.values("--key").size() != 1) {
    return report_usage(context, "policy sign: one --key at a time");
  }
  ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                     context.read(arguments.operand(1), 2 * core::limits::policy_bytes_max));
  certificates::Envelope envelope;
  if (certificates::is_signed_policy(bytes)) {
    ISOTRACE_OR_REPORT(context, envelope, certificates::parse_policy_envelope(bytes));
  } else {
    envelope.payload = bytes;
  }
  ISOTRACE_OR_REPORT(context, const Policy policy, certificates::parse_policy(envelope.payload));
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
  signing::add_signature(envelope, certificates::policy_payload_type, key);
  ISOTRACE_OR_REPORT(
      context, [[maybe_unused]] const Done done,
      context.write(arguments.value("--out"), certificates::write_policy_envelope(envelope)));
  if (context.json) {
    context.print({{"policy", arguments.value("--out")},
                   {"sha256", policy.sha256.hex()},
                   {"version", policy.version},
                   {"signatures", envelope.signatures.size()}});
  } else {
    context.out << "policy " << policy.sha256.hex() << ", version " << policy.version << ": "
                << envelope.signatures.size() << " signature(s)\n";
  }
  return exit_yes;
}

int explain(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const Policy policy,
                     load_policy(context, arguments, arguments.operand(1), now));
  const std::vector<std::string> sentences = explain_policy(policy, now);
  if (context.json) {
    context.print({{"sha256", policy.sha256.hex()}, {"sentences", sentences}});
    return exit_yes;
  }
  for (const std::string& sentence : sentences) context.out << sentence << "\n";
  return exit_yes;
}

}  // namespace

int policy_command(const Context& context, const Arguments& arguments) {
  const Action actions[] = {
      {"init",
       init,
       "",
       0,
       0,
       {"--key", "--expires", "--out"},
       {"--at", "--root", "--log", "--timestamper", "--threshold", "--root-threshold", "--evidence",
        "--least-assurance", "--semantics"}},
      {"check", check, "the policy file", 1, 1, {}, {"--at", "--anchor"}},
      {"sign", sign, "the policy file", 1, 1, {"--key", "--out"}, {"--passphrase-file"}},
      {"explain", explain, "the policy file", 1, 1, {}, {"--at", "--anchor"}}};
  return run_action(context, arguments, "policy", actions);
}

}  // namespace isotrace::tools
