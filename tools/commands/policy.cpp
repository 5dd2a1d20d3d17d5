#include <isotrace/core/limits.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {
namespace {

core::Result<certificates::PublicKey> load_public_key(const Context& context,
                                                      const std::string& path) {
  ISOTRACE_TRY(const core::Bytes pem, context.read(path, core::limits::key_bytes_max));
  auto key = certificates::parse_public_key(pem);
  if (!key) return core::refuse_within(path, std::move(key).error());
  return key;
}

/// One key, or several of which any one may sign.
core::Result<certificates::Policy> policy_of(const Context& context,
                                             const std::vector<std::string>& paths,
                                             certificates::UnixSeconds now,
                                             certificates::UnixSeconds expires) {
  std::optional<certificates::Policy> policy;
  for (const std::string& path : paths) {
    ISOTRACE_TRY(const certificates::PublicKey key, load_public_key(context, path));
    certificates::Policy one = certificates::make_policy(key, now, expires - now);
    if (!policy) {
      policy = std::move(one);
    } else if (policy->find_key(key.keyid()) == nullptr) {
      policy->keys.push_back(one.keys.front());
      policy->certifiers.push_back(key.keyid());
    }
  }
  return *std::move(policy);
}

int init(const Context& context, const Arguments& arguments) {
  if (!arguments.has("--key") || !arguments.has("--out") || !arguments.has("--expires")) {
    return report_usage(context, "policy init: --key, --expires and --out are required");
  }
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds expires,
                     parse_date("--expires", arguments.value("--expires")));
  if (expires <= now) return report_usage(context, "policy init: --expires is in the past");
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     policy_of(context, arguments.values("--key"), now, expires));
  const std::string text = certificates::write_policy(policy);
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), core::as_bytes(text)));
  const std::string digest = core::sha256(core::as_bytes(text)).hex();
  if (context.json) {
    context.print(
        {{"policy", arguments.value("--out")}, {"sha256", digest}, {"keys", policy.keys.size()}});
  } else {
    context.out << "policy " << digest << ": " << policy.keys.size() << " key(s), expires "
                << certificates::write_utc(policy.expires) << "\n";
  }
  return exit_yes;
}

int check(const Context& context, const Arguments& arguments) {
  if (arguments.operands().size() != 2)
    return report_usage(context, "policy check: name the policy file");
  ISOTRACE_OR_REPORT(context, const certificates::Policy policy,
                     load_policy(context, arguments.operand(1)));
  ISOTRACE_OR_REPORT(context, const certificates::UnixSeconds now, load_time(arguments));
  const bool fresh = now <= policy.expires;
  if (context.json) {
    context.print({{"verdict", fresh ? "accepted" : "rejected"},
                   {"sha256", policy.sha256.hex()},
                   {"expires", certificates::write_utc(policy.expires)},
                   {"keys", policy.keys.size()},
                   {"threshold", policy.threshold},
                   {"rules", policy.rules.size()}});
  } else {
    context.out << (fresh ? "accepted" : "rejected: expired") << ": " << policy.keys.size()
                << " key(s), threshold " << policy.threshold << ", " << policy.rules.size()
                << " rule(s), expires " << certificates::write_utc(policy.expires) << "\n";
  }
  return fresh ? exit_yes : exit_no;
}

}  // namespace

int policy_command(const Context& context, const Arguments& arguments) {
  return arguments.operand(0) == "init" ? init(context, arguments) : check(context, arguments);
}

}  // namespace isotrace::tools
