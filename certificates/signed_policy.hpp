// Policies that roots have signed. A pinned policy vouches for the next one: enough of its roots
// and enough of the next one's own must have signed it, and its version must not be lower. So keys
// and rules can change without anybody trusting a file because it is there. Trusted base. Spec:
// docs/certificates.md, "Signed policies".
#pragma once

#include <isotrace/certificates/dsse.hpp>
#include <isotrace/certificates/policy.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view policy_payload_type = "application/vnd.isotrace.policy+json";

/// Whether these bytes are an envelope rather than a bare policy.
bool is_signed_policy(core::ByteView bytes);
/// The envelope around a policy, unchecked; refuses policy_malformed.
core::Result<Envelope> parse_policy_envelope(core::ByteView bytes);
core::Bytes write_policy_envelope(const Envelope& envelope);

/// The policy to judge by. `anchor` is what the caller pins; without it the file itself is pinned
/// and signatures add nothing. Refuses policy_untrusted (signatures by too few roots whose keys are
/// valid at `now`, an older version, a signature that is not good, a bare policy under an anchor
/// other than that very policy), policy_malformed and key_*.
core::Result<Policy> open_policy(core::ByteView bytes, const Policy* anchor, UnixSeconds now);

}  // namespace isotrace::certificates
