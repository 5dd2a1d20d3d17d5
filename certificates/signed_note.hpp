// Signed notes and checkpoints of transparency logs, in one spelling. Trusted base.
// Spec: c2sp.org/signed-note, c2sp.org/tlog-checkpoint. Only Ed25519 (signature type 0x01).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/certificates/keys.hpp>

namespace isotrace::certificates {

/// SHA-256(name || LF || 0x01 || public key), and its first bytes: which key to try, proves
/// nothing.
core::Digest note_key_digest(std::string_view name, const PublicKey& key);
using NoteKeyId = std::array<std::uint8_t, 4>;
NoteKeyId note_key_id(std::string_view name, const PublicKey& key);

struct NoteSignature {
  std::string name;
  NoteKeyId key{};
  core::Bytes signature;

  bool operator==(const NoteSignature&) const = default;
};

struct SignedNote {
  std::string text;  ///< ends with a newline; what the signatures cover
  std::vector<NoteSignature> signatures;

  bool operator==(const SignedNote&) const = default;
};

/// Accepts what write_note writes: a text without control characters, an empty line, 1 to
/// signatures_max signature lines. Refuses log_malformed.
core::Result<SignedNote> parse_note(std::string_view bytes);
std::string write_note(const SignedNote& note);

/// The signature of this name and key, if it is there and good. A bad signature under a known name
/// and key makes the note as bad as none.
const NoteSignature* find_good_signature(const SignedNote& note, std::string_view name,
                                         const PublicKey& key);

/// One step of a leaf's way down a Merkle tree: whether it stands in the right half, the root of
/// the other half, and of its own.
struct MerkleStep {
  bool right = false;
  core::Digest beside;
  core::Digest node;
};
using MerkleWay = std::vector<MerkleStep>;

/// The last notes that were found good, byte for byte, each under its key: certificates of a batch
/// share one note, whose signature then is verified once. Bounded.
class KnownNotes {
 public:
  [[nodiscard]] bool has(const SignedNote& note, const PublicKey& key) {
    return find_way(note, key) != nullptr;
  }
  /// The way of the leaf that was last found in the tree of a known note; null if it is not known.
  [[nodiscard]] MerkleWay* find_way(const SignedNote& note, const PublicKey& key);
  MerkleWay& add(const SignedNote& note, const PublicKey& key);

 private:
  struct Known {
    core::Digest keyid;
    SignedNote note;
    MerkleWay way;
  };
  std::vector<Known> notes_;
  std::size_t oldest_ = 0;
};

/// What a log says about itself; extension lines are not accepted.
struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  core::Digest root;
};
core::Result<Checkpoint> parse_checkpoint(std::string_view text);
std::string write_checkpoint(const Checkpoint& checkpoint);

/// A name of a log or witness: printable ASCII without space and plus, at most 255 characters.
bool is_note_name(std::string_view name);

}  // namespace isotrace::certificates
