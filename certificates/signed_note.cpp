#include <isotrace/certificates/signed_note.hpp>

#include <algorithm>
#include <charconv>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

constexpr std::string_view signature_mark = "\xE2\x80\x94 ";  // em dash, space
constexpr std::uint8_t ed25519_type = 1;

tl::unexpected<core::Refusal> refuse(std::string where, std::string detail) {
  return core::refuse(core::RefusalCode::log_malformed, std::move(where), std::move(detail));
}

/// The next line without its newline; nothing if there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

Result<NoteSignature> parse_signature(std::string_view line) {
  if (!line.starts_with(signature_mark)) return refuse("note", "a signature line is expected");
  line.remove_prefix(signature_mark.size());
  const auto space = line.find(' ');
  NoteSignature signature;
  signature.name = line.substr(0, space);
  const auto bytes = space == std::string_view::npos ? std::optional<core::Bytes>()
                                                     : parse_base64(line.substr(space + 1));
  if (!is_note_name(signature.name) || !bytes || bytes->size() <= signature.key.size()) {
    return refuse("note", "a signature line is not NAME BASE64");
  }
  const auto split = bytes->begin() + static_cast<long>(signature.key.size());
  std::copy(bytes->begin(), split, signature.key.begin());
  signature.signature.assign(split, bytes->end());
  return signature;
}

}  // namespace

bool is_note_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && is_plain(name) &&
         name.find(' ') == std::string_view::npos && name.find('+') == std::string_view::npos;
}

core::Digest note_key_digest(std::string_view name, const PublicKey& key) {
  ISOTRACE_CHECK(key.algorithm() == KeyAlgorithm::ed25519);
  core::Sha256 hasher;
  hasher.update(core::as_bytes(name));
  const std::uint8_t separator[] = {'\n', ed25519_type};
  hasher.update(separator);
  hasher.update(core::ByteView(key.spki()).subspan(encoding::ed25519_spki.size()));
  return hasher.finish();
}

NoteKeyId note_key_id(std::string_view name, const PublicKey& key) {
  const core::Digest digest = note_key_digest(name, key);
  NoteKeyId id{};
  std::copy_n(digest.bytes.begin(), id.size(), id.begin());
  return id;
}

Result<SignedNote> parse_note(std::string_view bytes) {
  if (bytes.size() > core::limits::certificate_bytes_max) return refuse("note", "too large");
  const auto split = bytes.rfind("\n\n");
  if (split == std::string_view::npos || split == 0) return refuse("note", "no empty line");
  SignedNote note;
  note.text = bytes.substr(0, split + 1);
  bool clean = true;
  for (const char c : note.text) {
    const bool control = static_cast<std::uint8_t>(c) < 0x20 || c == 0x7f;
    clean &= !control || c == '\n';
  }
  if (!clean) return refuse("note", "control characters");
  std::string_view rest = bytes.substr(split + 2);
  while (!rest.empty()) {
    const auto line = take_line(rest);
    if (!line) return refuse("note", "the last line has no newline");
    if (note.signatures.size() == core::limits::signatures_max) {
      return refuse("note", "too many signatures");
    }
    ISOTRACE_TRY(note.signatures.emplace_back(), parse_signature(*line));
  }
  if (note.signatures.empty()) return refuse("note", "no signature");
  return note;
}

std::string write_note(const SignedNote& note) {
  std::string out = note.text + "\n";
  for (const NoteSignature& one : note.signatures) {
    core::Bytes bytes(one.key.begin(), one.key.end());
    bytes.insert(bytes.end(), one.signature.begin(), one.signature.end());
    out.append(signature_mark).append(one.name).append(" ").append(write_base64(bytes)) += '\n';
  }
  return out;
}

const NoteSignature* find_good_signature(const SignedNote& note, std::string_view name,
                                         const PublicKey& key) {
  if (key.algorithm() != KeyAlgorithm::ed25519) return nullptr;
  const NoteKeyId id = note_key_id(name, key);
  const NoteSignature* found = nullptr;
  for (const NoteSignature& one : note.signatures) {
    if (one.name != name || one.key != id) continue;
    if (!key.verifies(core::as_bytes(note.text), one.signature)) return nullptr;
    if (found == nullptr) found = &one;
  }
  return found;
}

MerkleWay* KnownNotes::find_way(const SignedNote& note, const PublicKey& key) {
  const auto found = std::find_if(notes_.begin(), notes_.end(), [&](const Known& known) {
    return known.keyid == key.keyid() && known.note == note;
  });
  return found == notes_.end() ? nullptr : &found->way;
}

MerkleWay& KnownNotes::add(const SignedNote& note, const PublicKey& key) {
  constexpr std::size_t notes_max = 16;
  if (notes_.size() < notes_max) return notes_.emplace_back(Known{key.keyid(), note, {}}).way;
  Known& replaced = notes_[oldest_];
  oldest_ = (oldest_ + 1) % notes_max;
  replaced = {key.keyid(), note, {}};
  return replaced.way;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  std::string_view rest = text;
  const auto origin = take_line(rest);
  const auto size = take_line(rest);
  const auto root = take_line(rest);
  if (!root || !rest.empty()) return refuse("checkpoint", "must have three lines");
  Checkpoint checkpoint;
  checkpoint.origin = *origin;
  const auto [end, error] =
      std::from_chars(size->data(), size->data() + size->size(), checkpoint.size);
  const auto hash = parse_base64(*root);
  const auto digest = hash ? core::digest_from_bytes(*hash) : std::nullopt;
  if (error != std::errc{} || !digest) return refuse("checkpoint", "size or root is malformed");
  checkpoint.root = *digest;
  // Leading zeros, signs and trailing characters end here; of a root there is one spelling.
  if (!is_note_name(checkpoint.origin) || std::to_string(checkpoint.size) != *size) {
    return refuse("checkpoint", "not in canonical form");
  }
  if (checkpoint.size > core::limits::log_entries_max) return refuse("checkpoint", "too large");
  return checkpoint;
}

std::string write_checkpoint(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
         write_base64(checkpoint.root.view()) + "\n";
}

}  // namespace isotrace::certificates
