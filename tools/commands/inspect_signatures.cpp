// Spec: jedisct1.github.io/minisign, man signify(1), PROTOCOL.sshsig of OpenSSH,
// c2sp.org/signed-note.
#include <isotrace/tools/commands/inspect_signatures.hpp>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/signed_note.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::tools {
namespace {

using core::Bytes;
using core::ByteView;
using core::Result;

constexpr std::string_view comment_mark = "untrusted comment: ";
constexpr std::string_view trusted_mark = "trusted comment: ";
constexpr std::string_view armour_begin = "-----BEGIN SSH SIGNATURE-----\n";
constexpr std::string_view armour_end = "-----END SSH SIGNATURE-----";
constexpr std::string_view ssh_kind = "ssh-ed25519";

tl::unexpected<core::Refusal> refuse(const char* where, std::string detail) {
  return core::refuse(core::RefusalCode::key_malformed, where, std::move(detail));
}

/// The lines of a small text, the last with or without its newline.
std::vector<std::string_view> lines_of(ByteView bytes) {
  std::string_view rest = core::as_text(bytes);
  std::vector<std::string_view> lines;
  while (!rest.empty() && rest.size() <= core::limits::key_bytes_max) {
    const auto end = std::min(rest.find('\n'), rest.size());
    lines.push_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

/// What our own keys are known by, of 32 bytes that should be a point.
void add_key(Json& out, ByteView point) {
  Bytes spki(certificates::encoding::ed25519_spki.begin(),
             certificates::encoding::ed25519_spki.end());
  spki.insert(spki.end(), point.begin(), point.end());
  const auto key = certificates::PublicKey::from_spki(spki);
  out["algorithm"] = "ed25519";
  out["usable"] = key.has_value();
  if (key) {
    out["keyid"] = key->keyid().hex();
  } else {
    out["problem"] = core::refusal_info(key.error().code).name;
  }
}

/// SSH's strings: big-endian u32 length, then the bytes.
class SshReader {
 public:
  explicit SshReader(ByteView bytes) : rest_(bytes) {}
  std::optional<ByteView> raw(std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    const ByteView bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }
  std::optional<std::uint32_t> number() {
    const auto bytes = raw(4);
    if (!bytes) return std::nullopt;
    std::uint32_t value = 0;
    for (const std::uint8_t byte : *bytes) value = value << 8U | byte;
    return value;
  }
  std::optional<ByteView> text() {
    const auto size = number();
    return size ? raw(*size) : std::nullopt;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  ByteView rest_;
};

std::string text_of(ByteView bytes) { return std::string(core::as_text(bytes)); }

/// Kind and, of Ed25519, point of an SSH public key.
Result<Json> ssh_public_json(ByteView blob) {
  SshReader reader(blob);
  const auto kind = reader.text();
  if (!kind) return refuse("key", "not the bytes of an SSH key");
  Json out = {{"type", text_of(*kind)}};
  const auto point = reader.text();
  if (core::as_text(*kind) != ssh_kind) return out;
  if (!point || point->size() != certificates::encoding::ed25519_point_bytes || !reader.at_end()) {
    return refuse("key", "not an Ed25519 key of SSH");
  }
  add_key(out, *point);
  return out;
}

/// One line of numbers: a public key, a private one, or a signature without a trusted comment.
Result<Json> numbered_json(std::string_view comment, const Bytes& data) {
  constexpr std::size_t head = 10;  // algorithm, number that tells keys apart
  constexpr std::size_t public_bytes = 42;
  constexpr std::size_t signature_bytes = 74;
  constexpr std::size_t signify_secret_bytes = 104;
  constexpr std::size_t minisign_secret_bytes = 158;
  if (data.size() == signify_secret_bytes || data.size() == minisign_secret_bytes) {
    return Json{{"kind", "private key"}, {"format", "minisign or signify"}};
  }
  const std::string algorithm =
      text_of(ByteView(data).first(std::min<std::size_t>(2, data.size())));
  const bool hashed = algorithm == "ED" && data.size() == signature_bytes;
  if ((algorithm != "Ed" && !hashed) ||
      (data.size() != public_bytes && data.size() != signature_bytes)) {
    return refuse("line 2", "neither a key nor a signature of minisign or signify");
  }
  Json out = {{"kind", data.size() == public_bytes ? "public key" : "signature"},
              {"format", "minisign or signify"},
              {"verified", false},
              {"untrustedComment", comment},
              {"keyNumber", core::to_hex(ByteView(data).subspan(2, head - 2))}};
  if (data.size() == public_bytes) {
    out.erase("verified");
    add_key(out, ByteView(data).subspan(head));
  } else {
    out["prehashed"] = hashed;
  }
  return out;
}

}  // namespace

bool looks_like_minisign(ByteView bytes) { return core::as_text(bytes).starts_with(comment_mark); }

bool looks_like_ssh_signature(ByteView bytes) {
  return core::as_text(bytes).starts_with(armour_begin);
}

bool looks_like_ssh_key(ByteView bytes) {
  const std::string_view text = core::as_text(bytes);
  return text.starts_with(ssh_kind) && text.substr(ssh_kind.size()).starts_with(' ');
}

Result<Json> minisign_json(ByteView bytes) {
  const auto lines = lines_of(bytes);
  if (lines.size() != 2 && lines.size() != 4) return refuse("file", "must have two lines or four");
  const auto data = certificates::parse_base64(lines[1]);
  if (!data) return refuse("line 2", "not base64");
  ISOTRACE_TRY(Json out, numbered_json(lines[0].substr(comment_mark.size()), *data));
  if (lines.size() == 2) return out;
  const auto over_comment = certificates::parse_base64(lines[3]);
  constexpr std::size_t signature_bytes = 64;
  if (out["kind"] != "signature" || !lines[2].starts_with(trusted_mark) || !over_comment ||
      over_comment->size() != signature_bytes) {
    return refuse("line 3", "not a trusted comment and its signature");
  }
  out["format"] = "minisign";
  out["trustedComment"] = lines[2].substr(trusted_mark.size());
  return out;
}

Result<Json> ssh_signature_json(ByteView bytes) {
  std::string body;
  bool ended = false;
  for (const std::string_view line : lines_of(bytes)) {
    if (ended) return refuse("file", "there is something behind the signature");
    ended = line == armour_end;
    if (!ended && !line.starts_with("-----")) body += line;
  }
  const auto blob = certificates::parse_base64(body);
  if (!ended || !blob) return refuse("file", "not an armoured signature");
  SshReader reader(*blob);
  const auto magic = reader.raw(6);
  const auto version = reader.number();
  const auto key = reader.text();
  const auto name_space = reader.text();
  const auto reserved = reader.text();
  const auto hash = reader.text();
  const auto signature = reader.text();
  if (!magic || core::as_text(*magic) != "SSHSIG" || version != 1U || !reserved || !signature ||
      !reader.at_end()) {
    return refuse("file", "not version 1 of SSHSIG");
  }
  ISOTRACE_TRY(Json signer, ssh_public_json(*key));
  const auto algorithm = SshReader(*signature).text();
  return Json{{"kind", "signature"},
              {"format", "ssh"},
              {"verified", false},
              {"namespace", text_of(*name_space)},
              {"hash", text_of(*hash)},
              {"signatureType", algorithm ? Json(text_of(*algorithm)) : Json(nullptr)},
              {"key", std::move(signer)}};
}

Result<Json> ssh_key_json(ByteView bytes) {
  const auto lines = lines_of(bytes);
  if (lines.size() != 1) return refuse("file", "must be one line");
  std::string_view rest = lines[0].substr(ssh_kind.size() + 1);
  const std::string_view encoded = rest.substr(0, rest.find(' '));
  rest.remove_prefix(encoded.size());
  const auto blob = certificates::parse_base64(encoded);
  if (!blob) return refuse("line 1", "not base64");
  ISOTRACE_TRY(const Json key, ssh_public_json(*blob));
  if (key["type"] != ssh_kind) return refuse("line 1", "the key is of another type");
  Json out = {{"kind", "public key"}, {"format", "ssh"}};
  out.update(key);
  out["comment"] = rest.empty() ? "" : rest.substr(1);
  return out;
}

Result<Json> verifier_key_json(ByteView bytes) {
  const auto lines = lines_of(bytes);
  const std::string_view line = lines.size() == 1 ? lines[0] : std::string_view();
  const auto first = line.find('+');
  const auto second = first == std::string_view::npos ? first : line.find('+', first + 1);
  if (second == std::string_view::npos) return refuse("line 1", "not NAME+HASH+BASE64");
  const std::string name(line.substr(0, first));
  const auto typed = certificates::parse_base64(line.substr(second + 1));
  constexpr std::size_t typed_bytes = 1 + certificates::encoding::ed25519_point_bytes;
  if (!certificates::is_note_name(name) || !typed || typed->size() != typed_bytes ||
      typed->front() != 1) {
    return refuse("line 1", "not an Ed25519 key of signed notes");
  }
  Json out = {{"kind", "public key"},
              {"format", "vkey"},
              {"name", name},
              {"keyHash", line.substr(first + 1, second - first - 1)}};
  add_key(out, ByteView(*typed).subspan(1));
  return out;
}

}  // namespace isotrace::tools
