#include <filesystem>

#include <openssl/crypto.h>

#include <isotrace/core/check.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {

int keygen_command(const Context& context, const Arguments& arguments) {
  const auto algorithm = certificates::find_key_algorithm(arguments.value("--alg"));
  ISOTRACE_CHECK(algorithm.has_value(), arguments.value("--alg"));
  const std::string name = arguments.value("--out");
  if (name.empty()) return report_usage(context, "keygen: --out is empty");
  // What a lost key has signed can be verified, but nothing more can be signed as its owner.
  for (const char* ending : {".key", ".pub"}) {
    if (!std::filesystem::exists(std::filesystem::symlink_status(name + ending))) continue;
    return report(context, core::refuse(core::RefusalCode::file_write_failed, name + ending,
                                        "there already is a key; keys are not replaced")
                               .value());
  }
  ISOTRACE_OR_REPORT(context, const std::optional<Secret> passphrase,
                     load_passphrase(context, arguments));
  const signing::SigningKey key = signing::SigningKey::generate(*algorithm);
  core::PosixFiles secret_files(core::FileMode::owner_only);
  std::string pem = signing::write_private_key(
      key, passphrase ? std::optional(passphrase->view()) : std::nullopt);
  const auto secret = secret_files.write(name + ".key", core::as_bytes(pem));
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!secret) return report(context, secret.error());
  ISOTRACE_OR_REPORT(
      context, [[maybe_unused]] const core::Done open,
      context.files.write(name + ".pub",
                          core::as_bytes(certificates::write_public_key(key.public_key()))));
  const std::string keyid = key.public_key().keyid().hex();
  if (context.json) {
    context.print({{"keyid", keyid},
                   {"algorithm", certificates::key_algorithm_name(*algorithm)},
                   {"encrypted", passphrase.has_value()},
                   {"privateKey", name + ".key"},
                   {"publicKey", name + ".pub"}});
  } else {
    context.out << "key " << keyid << " (" << certificates::key_algorithm_name(*algorithm)
                << (passphrase ? ", encrypted" : "") << "): " << name << ".key, " << name
                << ".pub\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
