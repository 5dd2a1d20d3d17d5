#include <isotrace/tools/commands/certificate_files.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/tools/commands/keys.hpp>

namespace isotrace::tools {

using certificates::Bundle;
using certificates::PublicKey;
using core::RefusalCode;
using core::Result;

Result<Bundle> load_bundle(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::certificate_bytes_max));
  auto bundle = certificates::parse_bundle(bytes);
  if (!bundle) return core::refuse_within(path, std::move(bundle).error());
  return bundle;
}

Result<std::vector<PublicKey>> load_signers(const Context& context,
                                            const std::vector<std::string>& paths) {
  std::vector<PublicKey> signers;
  for (const std::string& path : paths) {
    ISOTRACE_TRY(PublicKey key, load_public_key(context, path));
    signers.push_back(std::move(key));
  }
  return signers;
}

Result<std::string> entry_of(const Bundle& bundle, std::span<const PublicKey> signers,
                             const std::string& path) {
  const auto signer = std::ranges::find_if(
      signers, [&](const PublicKey& key) { return key.keyid() == bundle.keyid; });
  if (signer == signers.end() ||
      !signer->verifies(certificates::dsse_pae(certificates::payload_media_type, bundle.payload),
                        bundle.signature)) {
    return core::refuse(RefusalCode::evidence_inconsistent, path,
                        "none of the signers given has signed it");
  }
  return certificates::log_entry(bundle.payload, bundle.signature, *signer);
}

Result<certificates::Checkpoint> load_checkpoint(const Context& context, const std::string& path,
                                                 const std::string& origin, const PublicKey& key) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::certificate_bytes_max));
  auto note = certificates::parse_note(core::as_text(bytes));
  if (!note) return core::refuse_within(path, std::move(note).error());
  ISOTRACE_TRY(certificates::Checkpoint checkpoint, certificates::parse_checkpoint(note->text));
  if (checkpoint.origin != origin ||
      certificates::find_good_signature(*note, origin, key) == nullptr) {
    return core::refuse(RefusalCode::log_inconsistent, path, "not signed by this log's key");
  }
  return checkpoint;
}

Result<std::vector<core::Digest>> prove_consistency(const signing::MerkleLevels& tree,
                                                    const certificates::Checkpoint& old) {
  if (old.size > tree.size()) {
    return core::refuse(RefusalCode::log_inconsistent, "log",
                        "it had " + std::to_string(old.size) + " entries and now has " +
                            std::to_string(tree.size()));
  }
  if (tree.root_at(old.size) != old.root) {
    return core::refuse(RefusalCode::log_inconsistent, "log",
                        "its first " + std::to_string(old.size) + " entries are others now");
  }
  if (old.size == 0) return std::vector<core::Digest>();
  return tree.consistency_proof(old.size);
}

}  // namespace isotrace::tools
