// `isotrace log`: an append-only log of certificates in a folder that any web server can serve.
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/signing/tile_log.hpp>
#include <isotrace/tools/commands/actions.hpp>
#include <isotrace/tools/commands/certificate_files.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {
namespace {

using certificates::Bundle;
using certificates::Checkpoint;
using core::Bytes;
using core::Done;
using core::RefusalCode;
using core::Result;
using signing::TileLog;

/// The largest file of a log: 256 entries of 65,535 bytes with their lengths.
constexpr std::uint64_t log_file_bytes_max = 256 * (65535 + 2);

signing::ReadTile reader(const Context& context, const std::string& folder) {
  return [&context, folder](const std::string& path) {
    return context.files.read(folder + "/" + path, log_file_bytes_max);
  };
}

/// One process at a time changes a log: two that append to one state would sign two logs of one
/// size, and lose the entries of one of them. The kernel ends the lock with the process.
class LogLock {
 public:
  explicit LogLock(const std::string& folder)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    while (fd_ >= 0 && ::flock(fd_, LOCK_EX) != 0 && errno == EINTR) continue;
  }
  ~LogLock() {
    if (fd_ >= 0) ::close(fd_);
  }
  LogLock(const LogLock&) = delete;
  LogLock& operator=(const LogLock&) = delete;

 private:
  int fd_;
};

Result<Done> write_all(const Context& context, const std::string& folder,
                       const std::vector<signing::TileFile>& files) {
  for (const signing::TileFile& file : files) {
    const std::filesystem::path path = std::filesystem::path(folder) / file.path;
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error) return core::refuse(RefusalCode::file_write_failed, path.string(), error.message());
    ISOTRACE_TRY_DONE(context.files.write(path.string(), file.bytes));
  }
  return Done{};
}

Json checkpoint_json(const TileLog& log) {
  return {{"origin", log.origin()}, {"size", log.tree().size()}, {"root", log.tree().root().hex()}};
}

int print_checkpoint(const Context& context, const TileLog& log) {
  if (context.json) {
    context.print(checkpoint_json(log));
  } else {
    context.out << "log " << log.origin() << ": " << log.tree().size() << " entries, root "
                << log.tree().root().hex() << "\n";
  }
  return exit_yes;
}

/// The key must be the one that has signed the log so far.
Result<Done> check_log_key(const TileLog& log, const certificates::PublicKey& key) {
  if (find_good_signature(log.note(), log.origin(), key) != nullptr) return Done{};
  return core::refuse(RefusalCode::log_inconsistent, "checkpoint", "not signed by this key");
}

int init(const Context& context, const Arguments& arguments) {
  const std::string& folder = arguments.operand(1);
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
  ISOTRACE_OR_REPORT(context, TileLog log, TileLog::make(arguments.value("--origin")));
  if (key.public_key().algorithm() != certificates::KeyAlgorithm::ed25519) {
    return report(context, core::refuse(RefusalCode::key_algorithm_unsupported, "--key",
                                        "logs are signed with Ed25519")
                               .value());
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  const LogLock lock(folder);
  if (std::filesystem::exists(folder + "/checkpoint")) {
    return report(
        context,
        core::refuse(RefusalCode::file_write_failed, folder, "there already is a log").value());
  }
  ISOTRACE_OR_REPORT(context, const auto files, log.append(reader(context, folder), {}, key));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done done, write_all(context, folder, files));
  return print_checkpoint(context, log);
}

/// Entries need the signer's key: the certificate names it, --signer gives it.
int add(const Context& context, const Arguments& arguments) {
  const std::string& folder = arguments.operand(1);
  const LogLock lock(folder);
  ISOTRACE_OR_REPORT(context, TileLog log, TileLog::open(reader(context, folder)));
  ISOTRACE_OR_REPORT(context, const signing::SigningKey key,
                     load_signing_key(context, arguments, arguments.value("--key")));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done same,
                     check_log_key(log, key.public_key()));
  ISOTRACE_OR_REPORT(context, const auto signers,
                     load_signers(context, arguments.values("--signer")));
  std::vector<std::string> entries;
  for (std::size_t i = 2; i < arguments.operands().size(); ++i) {
    ISOTRACE_OR_REPORT(context, const Bundle bundle, load_bundle(context, arguments.operand(i)));
    ISOTRACE_OR_REPORT(context, entries.emplace_back(),
                       entry_of(bundle, signers, arguments.operand(i)));
  }
  ISOTRACE_OR_REPORT(context, const auto files, log.append(reader(context, folder), entries, key));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done done, write_all(context, folder, files));
  return print_checkpoint(context, log);
}

/// With --old the log must contain the older checkpoint; the proof of that is printed.
int checkpoint(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const TileLog log,
                     TileLog::open(reader(context, arguments.operand(1))));
  ISOTRACE_OR_REPORT(context, const certificates::PublicKey key,
                     load_public_key(context, arguments.value("--log-key")));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done same, check_log_key(log, key));
  Json json = checkpoint_json(log);
  if (arguments.has("--old")) {
    ISOTRACE_OR_REPORT(context, const Checkpoint old,
                       load_checkpoint(context, arguments.value("--old"), log.origin(), key));
    ISOTRACE_OR_REPORT(context, const auto proof, prove_consistency(log.tree(), old));
    json["old"] = {{"size", old.size}, {"root", old.root.hex()}};
    json["consistencyProof"] = Json::array();
    for (const core::Digest& hash : proof) json["consistencyProof"].push_back(hash.hex());
  }
  if (context.json) {
    context.print(json);
    return exit_yes;
  }
  print_checkpoint(context, log);
  if (json.contains("old")) {
    context.out << "consistent with " << json["old"]["size"] << " entries:\n";
    for (const auto& hash : json["consistencyProof"]) {
      context.out << "  " << hash.get<std::string>() << "\n";
    }
  }
  return exit_yes;
}

int prove(const Context& context, const Arguments& arguments) {
  const std::string& folder = arguments.operand(1);
  ISOTRACE_OR_REPORT(context, const TileLog log, TileLog::open(reader(context, folder)));
  ISOTRACE_OR_REPORT(context, const Bundle bundle, load_bundle(context, arguments.operand(2)));
  ISOTRACE_OR_REPORT(context, const auto signers,
                     load_signers(context, arguments.values("--signer")));
  ISOTRACE_OR_REPORT(context, const std::string entry,
                     entry_of(bundle, signers, arguments.operand(2)));
  ISOTRACE_OR_REPORT(context, const auto found,
                     log.find_entry(reader(context, folder),
                                    [&](const std::string& one) { return one == entry; }));
  if (!found) {
    return report(context, core::refuse(RefusalCode::evidence_missing, arguments.operand(2),
                                        "the log does not hold this certificate")
                               .value());
  }
  certificates::LogProof proof;
  proof.index = found->index;
  proof.hashes = log.tree().inclusion_proof(found->index);
  proof.checkpoint = log.note();
  const std::string text = write_log_proof(proof);
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done done,
                     context.write(arguments.value("--out"), core::as_bytes(text)));
  if (context.json) {
    Json json = checkpoint_json(log);
    json["index"] = found->index;
    context.print(json);
  } else {
    context.out << "entry " << found->index << " of " << log.tree().size() << " in " << log.origin()
                << ", " << proof.hashes.size() << " hashes\n";
  }
  return exit_yes;
}

int verify(const Context& context, const Arguments& arguments) {
  const auto read = reader(context, arguments.operand(1));
  ISOTRACE_OR_REPORT(context, const TileLog log, TileLog::open(read));
  ISOTRACE_OR_REPORT(context, const certificates::PublicKey key,
                     load_public_key(context, arguments.value("--log-key")));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done same, check_log_key(log, key));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const Done whole, log.check_all(read));
  if (arguments.has("--old")) {
    ISOTRACE_OR_REPORT(context, const Checkpoint old,
                       load_checkpoint(context, arguments.value("--old"), log.origin(), key));
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto proof,
                       prove_consistency(log.tree(), old));
  }
  return print_checkpoint(context, log);
}

}  // namespace

int log_command(const Context& context, const Arguments& arguments) {
  const Action actions[] = {
      {"init", init, "the log's folder", 1, 1, {"--origin", "--key"}, {"--passphrase-file"}},
      {"add",
       add,
       "the log's folder and certificates",
       2,
       100'000,
       {"--key", "--signer"},
       {"--passphrase-file"}},
      {"checkpoint", checkpoint, "the log's folder", 1, 1, {"--log-key"}, {"--old"}},
      {"prove", prove, "the log's folder and a certificate", 2, 2, {"--signer", "--out"}, {}},
      {"verify", verify, "the log's folder", 1, 1, {"--log-key"}, {"--old"}}};
  return run_action(context, arguments, "log", actions);
}

}  // namespace isotrace::tools
