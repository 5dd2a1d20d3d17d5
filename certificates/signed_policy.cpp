#include <isotrace/certificates/signed_policy.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

constexpr auto malformed = core::RefusalCode::policy_malformed;

tl::unexpected<core::Refusal> untrusted(std::string detail) {
  return core::refuse(core::RefusalCode::policy_untrusted, "policy", std::move(detail));
}

/// Signatures of the envelope by roots of `policy` whose keys count at `now`. A signature that
/// names a root and is not good refuses everything: somebody has changed something.
Result<std::uint64_t> count_roots(const Envelope& envelope, const Policy& policy, UnixSeconds now) {
  const core::Bytes signed_bytes = dsse_pae(policy_payload_type, envelope.payload);
  std::uint64_t count = 0;
  for (const EnvelopeSignature& one : envelope.signatures) {
    if (!policy.root.has(one.keyid)) continue;
    const PolicyKey& key = *policy.find_key(one.keyid);
    if (!key.key.verifies(signed_bytes, one.signature)) {
      return untrusted("the signature of root " + one.keyid.hex() + " is bad");
    }
    if (find_key_fault(key, now, std::nullopt).empty()) ++count;
  }
  return count;
}

Result<core::Done> check_roots(const Envelope& envelope, const Policy& policy, UnixSeconds now,
                               const char* whose) {
  ISOTRACE_TRY(const std::uint64_t count, count_roots(envelope, policy, now));
  if (policy.root.threshold == 0 || count < policy.root.threshold) {
    return untrusted(std::to_string(count) + " of " + std::to_string(policy.root.threshold) +
                     " roots of " + whose + " have signed");
  }
  return core::Done{};
}

}  // namespace

bool is_signed_policy(core::ByteView bytes) {
  return core::as_text(bytes).starts_with("{\"payload\"");
}

Result<Envelope> parse_policy_envelope(core::ByteView bytes) {
  // Base64 takes a third more than the policy.
  ISOTRACE_TRY(const JsonDocument json,
               parse_strict_json(bytes, {malformed, 2 * core::limits::policy_bytes_max}));
  return read_shape(json, malformed, [](const JsonField& root) {
    return read_envelope(root, policy_payload_type, core::limits::signatures_max);
  });
}

core::Bytes write_policy_envelope(const Envelope& envelope) {
  const std::string text = write_json(envelope_json(envelope, policy_payload_type));
  return {text.begin(), text.end()};
}

Result<Policy> open_policy(core::ByteView bytes, const Policy* anchor, UnixSeconds now) {
  if (!is_signed_policy(bytes)) {
    ISOTRACE_TRY(Policy policy, parse_policy(bytes));
    if (anchor != nullptr && policy.sha256 != anchor->sha256) return untrusted("it is not signed");
    return policy;
  }
  ISOTRACE_TRY(const Envelope envelope, parse_policy_envelope(bytes));
  ISOTRACE_TRY(Policy policy, parse_policy(envelope.payload));
  if (anchor == nullptr || policy.sha256 == anchor->sha256) return policy;
  if (policy.version <= anchor->version) {
    return untrusted("version " + std::to_string(policy.version) + " does not follow version " +
                     std::to_string(anchor->version));
  }
  ISOTRACE_TRY_DONE(check_roots(envelope, *anchor, now, "the pinned policy"));
  ISOTRACE_TRY_DONE(check_roots(envelope, policy, now, "the policy itself"));
  return policy;
}

}  // namespace isotrace::certificates
