// Judges one signature: the key, the time, the signature itself, and what a log says about it.
// Trusted base; not for other rooms.
#pragma once

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/certificates/check_list.hpp>
#include <isotrace/certificates/policy.hpp>

namespace isotrace::certificates {

/// One signature and what is known of it. The views must outlive the judgement.
struct SignatureInput {
  const Bundle* bundle = nullptr;             ///< either this one
  const SealedCertificate* sealed = nullptr;  ///< or this one
  std::optional<core::ByteView> log_proof;    ///< from outside
  std::optional<core::ByteView> timestamp;    ///< from outside
  KnownNotes* known_seals = nullptr;          ///< seals verified before, if somebody keeps them
};

/// Notes key.trusted, timestamp, key.valid, signature and log, each followed by `suffix`. Only what
/// this returns something for has been signed by a certifier.
std::optional<SignerReport> check_signer(const SignatureInput& input, const Policy& policy,
                                         UnixSeconds now, const std::string& suffix,
                                         CheckList& checks);

}  // namespace isotrace::certificates
