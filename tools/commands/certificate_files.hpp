// Certificates and what a log says about them, as commands read them.
#pragma once

#include <vector>

#include <isotrace/certificates/bundle.hpp>
#include <isotrace/signing/merkle_levels.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// A certificate with one signature; refuses certificate_malformed.
core::Result<certificates::Bundle> load_bundle(const Context& context, const std::string& path);

/// Public keys that certificates may name.
core::Result<std::vector<certificates::PublicKey>> load_signers(
    const Context& context, const std::vector<std::string>& paths);

/// The log entry of a certificate whose key is among `signers` and whose signature is good; refuses
/// evidence_inconsistent otherwise: a log must not hold what nobody signed.
core::Result<std::string> entry_of(const certificates::Bundle& bundle,
                                   std::span<const certificates::PublicKey> signers,
                                   const std::string& path);

/// A checkpoint of this origin with a good signature of this key; refuses log_malformed and
/// log_inconsistent.
core::Result<certificates::Checkpoint> load_checkpoint(const Context& context,
                                                       const std::string& path,
                                                       const std::string& origin,
                                                       const certificates::PublicKey& key);

/// That the tree begins with the one of the older checkpoint; refuses log_inconsistent if it does
/// not: the log was rolled back, or shows different entries to different readers.
core::Result<std::vector<core::Digest>> prove_consistency(const signing::MerkleLevels& tree,
                                                          const certificates::Checkpoint& old);

}  // namespace isotrace::tools
