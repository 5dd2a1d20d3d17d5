#include <isotrace/certificates/keys.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {

int keygen_command(const Context& context, const Arguments& arguments) {
  const auto algorithm = certificates::find_key_algorithm(arguments.value("--alg"));
  ISOTRACE_CHECK(algorithm.has_value(), arguments.value("--alg"));
  const std::string name = arguments.value("--out");
  const certificates::SigningKey key = certificates::SigningKey::generate(*algorithm);
  core::PosixFiles secret_files(core::FileMode::owner_only);
  ISOTRACE_OR_REPORT(
      context, [[maybe_unused]] const core::Done secret,
      secret_files.write(name + ".key", core::as_bytes(certificates::write_private_key(key))));
  ISOTRACE_OR_REPORT(
      context, [[maybe_unused]] const core::Done open,
      context.files.write(name + ".pub",
                          core::as_bytes(certificates::write_public_key(key.public_key()))));
  const std::string keyid = key.public_key().keyid().hex();
  if (context.json) {
    context.print({{"keyid", keyid},
                   {"algorithm", certificates::key_algorithm_name(*algorithm)},
                   {"privateKey", name + ".key"},
                   {"publicKey", name + ".pub"}});
  } else {
    context.out << "key " << keyid << " (" << certificates::key_algorithm_name(*algorithm)
                << "): " << name << ".key, " << name << ".pub\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
