#include <isotrace/signing/public_formats.hpp>

#include <array>

#include <sodium.h>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/key_encoding.hpp>
#include <isotrace/certificates/signed_note.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::signing {
namespace {

using certificates::PublicKey;
using certificates::write_base64;
using core::Result;

constexpr std::string_view ssh_kind = "ssh-ed25519";
constexpr std::size_t key_number_bytes = 8;

Result<core::ByteView> point_of(const PublicKey& key) {
  if (key.algorithm() != certificates::KeyAlgorithm::ed25519) {
    return core::refuse(core::RefusalCode::key_algorithm_unsupported, "key",
                        "this is a format of Ed25519 keys");
  }
  return core::ByteView(key.spki()).subspan(certificates::encoding::ed25519_spki.size());
}

/// SSH's strings: big-endian u32 length, then the bytes.
class SshWriter {
 public:
  SshWriter& raw(core::ByteView bytes) {
    writer_.raw(bytes);
    return *this;
  }
  SshWriter& text(core::ByteView bytes) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      writer_.u8(static_cast<std::uint8_t>(bytes.size() >> shift));
    }
    return raw(bytes);
  }
  SshWriter& text(std::string_view text) { return this->text(core::as_bytes(text)); }
  [[nodiscard]] core::Bytes take() { return writer_.take(); }

 private:
  core::ByteWriter writer_;
};

/// minisign and signify: algorithm, number that tells keys apart, then key or signature.
core::Bytes numbered(std::string_view algorithm, const PublicKey& key, core::ByteView content) {
  return core::ByteWriter()
      .raw(core::as_bytes(algorithm))
      .raw(key.keyid().view().first(key_number_bytes))
      .raw(content)
      .take();
}

core::Bytes ssh_public(core::ByteView point) {
  return SshWriter().text(ssh_kind).text(point).take();
}

}  // namespace

std::optional<PublicFormat> find_public_format(std::string_view name) {
  if (name == "minisign") return PublicFormat::minisign;
  if (name == "signify") return PublicFormat::signify;
  if (name == "ssh") return PublicFormat::ssh;
  if (name == "vkey") return PublicFormat::vkey;
  return std::nullopt;
}

Result<std::string> write_public_key_as(const PublicKey& key, PublicFormat format,
                                        const std::string& name) {
  ISOTRACE_TRY(const core::ByteView point, point_of(key));
  switch (format) {
    case PublicFormat::minisign:
      return "untrusted comment: minisign public key " + key.keyid().hex() + "\n" +
             write_base64(numbered("Ed", key, point)) + "\n";
    case PublicFormat::signify:
      return "untrusted comment: signify public key " + key.keyid().hex() + "\n" +
             write_base64(numbered("Ed", key, point)) + "\n";
    case PublicFormat::ssh: {
      const std::string line = std::string(ssh_kind) + " " + write_base64(ssh_public(point));
      return line + (name.empty() ? "" : " " + name) + "\n";
    }
    case PublicFormat::vkey: break;
  }
  if (!certificates::is_note_name(name)) {
    return core::refuse(core::RefusalCode::log_malformed, "name",
                        certificates::quote(name) + " is no name of a log");
  }
  const core::Bytes typed = core::ByteWriter().u8(1).raw(point).take();
  return name + "+" + core::to_hex(certificates::note_key_id(name, key)) + "+" +
         write_base64(typed) + "\n";
}

Result<std::string> sign_minisign(core::ByteView file, const std::string& comment,
                                  const SigningKey& key) {
  ISOTRACE_TRY_DONE(point_of(key.public_key()));
  ISOTRACE_CHECK(certificates::is_plain(comment) && sodium_init() >= 0);
  std::array<std::uint8_t, 64> hash{};
  crypto_generichash(hash.data(), hash.size(), file.data(), file.size(), nullptr, 0);
  const core::Bytes signature = key.sign(hash);
  const core::Bytes with_comment =
      core::ByteWriter().raw(signature).raw(core::as_bytes(comment)).take();
  return "untrusted comment: signature by " + key.public_key().keyid().hex() + "\n" +
         write_base64(numbered("ED", key.public_key(), signature)) +
         "\ntrusted comment: " + comment + "\n" + write_base64(key.sign(with_comment)) + "\n";
}

Result<std::string> sign_ssh(core::ByteView file, std::string_view name_space,
                             const SigningKey& key) {
  ISOTRACE_TRY(const core::ByteView point, point_of(key.public_key()));
  constexpr std::string_view magic = "SSHSIG";
  constexpr std::string_view hash_name = "sha512";
  std::array<std::uint8_t, crypto_hash_sha512_BYTES> hash{};
  crypto_hash_sha512(hash.data(), file.data(), file.size());

  const core::Bytes covered = SshWriter()
                                  .raw(core::as_bytes(magic))
                                  .text(name_space)
                                  .text("")
                                  .text(hash_name)
                                  .text(core::ByteView(hash))
                                  .take();
  const core::Bytes signature = SshWriter().text(ssh_kind).text(key.sign(covered)).take();
  constexpr std::array<std::uint8_t, 4> version = {0, 0, 0, 1};
  const core::Bytes blob = SshWriter()
                               .raw(core::as_bytes(magic))
                               .raw(version)
                               .text(ssh_public(point))
                               .text(name_space)
                               .text("")
                               .text(hash_name)
                               .text(signature)
                               .take();

  constexpr std::size_t columns = 70;
  const std::string body = write_base64(blob);
  std::string text = "-----BEGIN SSH SIGNATURE-----\n";
  for (std::size_t i = 0; i < body.size(); i += columns) text += body.substr(i, columns) + "\n";
  return text + "-----END SSH SIGNATURE-----\n";
}

}  // namespace isotrace::signing
