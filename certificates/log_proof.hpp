// Proof that an entry stands in a log: index, audit path and signed checkpoint, as a text of its
// own (c2sp.org/tlog-proof@v1). Trusted base.
#pragma once

#include <optional>

#include <isotrace/certificates/signed_note.hpp>

namespace isotrace::certificates {

inline constexpr std::string_view log_proof_header = "c2sp.org/tlog-proof@v1";
inline constexpr std::size_t log_proof_hashes_max = 63;

struct LogProof {
  core::Bytes extra;  ///< opaque to the log; empty: none. Sealed certificates keep their payload
  std::uint64_t index = 0;
  std::vector<core::Digest> hashes;  ///< audit path, leaf to root
  SignedNote checkpoint;
};

/// Accepts what write_log_proof writes; refuses log_malformed.
core::Result<LogProof> parse_log_proof(std::string_view text);
std::string write_log_proof(const LogProof& proof);

/// What the log entry of a certificate is: the canonical Rekor v2 body ("dsse" 0.0.2) with the
/// payload's digest, the signature and the key that it verifies under.
std::string log_entry(core::ByteView payload, core::ByteView signature, const PublicKey& key);

/// The checkpoint, if it is of this origin, signed by this key, and the leaf stands in its tree;
/// refuses log_malformed and log_inconsistent. A checkpoint that is in `known` is not verified
/// again.
core::Result<Checkpoint> check_log_proof(const LogProof& proof, const core::Digest& leaf,
                                         std::string_view origin, const PublicKey& key,
                                         KnownNotes* known = nullptr);

}  // namespace isotrace::certificates
