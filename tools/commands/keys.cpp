#include <isotrace/tools/commands/keys.hpp>

#include <openssl/crypto.h>

#include <isotrace/core/limits.hpp>

namespace isotrace::tools {

Secret::~Secret() { OPENSSL_cleanse(text_.data(), text_.size()); }

core::Result<certificates::PublicKey> load_public_key(const Context& context,
                                                      const std::string& path) {
  ISOTRACE_TRY(const core::Bytes pem, context.read(path, core::limits::key_bytes_max));
  auto key = certificates::parse_public_key(pem);
  if (!key) return core::refuse_within(path, std::move(key).error());
  return key;
}

core::Result<std::optional<Secret>> load_passphrase(const Context& context,
                                                    const Arguments& arguments) {
  if (!arguments.has("--passphrase-file")) return std::optional<Secret>();
  const std::string path = arguments.value("--passphrase-file");
  ISOTRACE_TRY(core::Bytes bytes, context.read(path, core::limits::key_bytes_max));
  const std::string_view text = core::as_text(bytes);
  Secret secret(std::string(text.substr(0, text.find('\n'))));
  OPENSSL_cleanse(bytes.data(), bytes.size());
  if (secret.view().empty() || secret.view().size() > signing::passphrase_bytes_max) {
    return core::refuse(core::RefusalCode::value_out_of_range, path,
                        "the first line must have 1 to " +
                            std::to_string(signing::passphrase_bytes_max) + " bytes");
  }
  return std::optional<Secret>(std::move(secret));
}

core::Result<signing::SigningKey> load_signing_key(const Context& context,
                                                   const Arguments& arguments,
                                                   const std::string& path) {
  ISOTRACE_TRY(core::Bytes pem, context.read(path, core::limits::key_bytes_max));
  ISOTRACE_TRY(const std::optional<Secret> passphrase, load_passphrase(context, arguments));
  auto key = signing::parse_private_key(
      pem, passphrase ? std::optional(passphrase->view()) : std::nullopt);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!key) return core::refuse_within(path, std::move(key).error());
  return key;
}

}  // namespace isotrace::tools
