// `isotrace key`: keys of a policy change. Rotation lets a new key take a role before the old one
// leaves it; revocation ends a key. Export writes public keys as other programs read them.
#include <algorithm>

#include <isotrace/core/check.hpp>
#include <isotrace/signing/public_formats.hpp>
#include <isotrace/tools/commands/actions.hpp>
#include <isotrace/tools/commands/keys.hpp>
#include <isotrace/tools/commands/policy_text.hpp>
#include <isotrace/tools/verify/certificate_evidence.hpp>

namespace isotrace::tools {
namespace {

using certificates::Policy;
using certificates::PolicyKey;
using certificates::UnixSeconds;
using core::Result;

tl::unexpected<core::Refusal> refuse(const std::string& where, std::string detail) {
  return core::refuse(core::RefusalCode::value_out_of_range, where, std::move(detail));
}

/// The policy's entry of the key in this file.
Result<PolicyKey*> find_entry(const Context& context, Policy& policy, const std::string& path) {
  ISOTRACE_TRY(const certificates::PublicKey key, load_public_key(context, path));
  const auto found = std::ranges::find_if(
      policy.keys, [&](const PolicyKey& entry) { return entry.key.keyid() == key.keyid(); });
  if (found == policy.keys.end()) return refuse(path, "the policy does not name this key");
  return &*found;
}

void replace_in_role(certificates::PolicyRole& role, const core::Digest& old_id,
                     const core::Digest& new_id) {
  if (role.has(old_id) && !role.has(new_id)) role.keyids.push_back(new_id);
}

/// The new key gets every role of the old one; the old one stays in them until its end. (A log has
/// one key: it changes with the log's name.)
Result<Policy> rotated(const Context& context, const Arguments& arguments, Policy policy,
                       UnixSeconds now) {
  ISOTRACE_TRY(const certificates::PublicKey fresh,
               load_public_key(context, arguments.value("--new")));
  ISOTRACE_TRY(PolicyKey * old, find_entry(context, policy, arguments.value("--key")));
  if (policy.find_key(fresh.keyid()) != nullptr) {
    return refuse("--new", "the policy already names this key");
  }
  UnixSeconds end = now;
  if (arguments.has("--until")) {
    ISOTRACE_TRY(end, parse_date("--until", arguments.value("--until")));
  }
  if (end <= old->valid_from || end > old->valid_until) {
    return refuse("--until", "not within the validity of the old key");
  }
  const core::Digest old_id = old->key.keyid();
  old->valid_until = end;
  policy.keys.push_back({fresh, now, policy.expires, std::nullopt});
  replace_in_role(policy.certifier, old_id, fresh.keyid());
  replace_in_role(policy.root, old_id, fresh.keyid());
  return policy;
}

Result<Policy> revoked(const Context& context, const Arguments& arguments, Policy policy,
                       UnixSeconds now) {
  ISOTRACE_TRY(PolicyKey * entry, find_entry(context, policy, arguments.value("--key")));
  UnixSeconds at = now;
  if (arguments.has("--since")) {
    ISOTRACE_TRY(at, parse_date("--since", arguments.value("--since")));
  }
  // A revocation can be moved to an earlier time when more is known, never to a later one.
  entry->revoked_at = entry->revoked_at ? std::min(*entry->revoked_at, at) : at;
  return policy;
}

template <class Change>
int change_policy(const Context& context, const Arguments& arguments, const Change& change) {
  ISOTRACE_OR_REPORT(context, const UnixSeconds now, load_time(arguments));
  ISOTRACE_OR_REPORT(context, Policy policy,
                     load_policy(context, arguments, arguments.value("--policy"), now));
  ++policy.version;
  ISOTRACE_OR_REPORT(context, const Policy changed,
                     change(context, arguments, std::move(policy), now));
  return publish_policy(context, changed, arguments.value("--out"));
}

int rotate(const Context& context, const Arguments& arguments) {
  return change_policy(context, arguments, rotated);
}

int revoke(const Context& context, const Arguments& arguments) {
  return change_policy(context, arguments, revoked);
}

int export_key(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const certificates::PublicKey key,
                     load_public_key(context, arguments.value("--key")));
  const auto format = signing::find_public_format(arguments.value("--format"));
  ISOTRACE_CHECK(format.has_value(), arguments.value("--format"));
  ISOTRACE_OR_REPORT(context, const std::string text,
                     signing::write_public_key_as(key, *format, arguments.value("--name")));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                     context.write(arguments.value("--out"), core::as_bytes(text)));
  if (context.json) {
    context.print({{"key", arguments.value("--out")},
                   {"format", arguments.value("--format")},
                   {"keyid", key.keyid().hex()}});
  }
  return exit_yes;
}

}  // namespace

int key_command(const Context& context, const Arguments& arguments) {
  const Action actions[] = {
      {"rotate",
       rotate,
       "",
       0,
       0,
       {"--policy", "--key", "--new", "--out"},
       {"--until", "--at", "--anchor"}},
      {"revoke", revoke, "", 0, 0, {"--policy", "--key", "--out"}, {"--since", "--at", "--anchor"}},
      {"export", export_key, "", 0, 0, {"--key", "--format", "--out"}, {"--name"}}};
  return run_action(context, arguments, "key", actions);
}

}  // namespace isotrace::tools
