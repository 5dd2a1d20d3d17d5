// Public Ed25519 keys as other programs read them, and signatures over files in their formats. What
// these sign can never be what a certificate signs: both hash the file and put a prefix in front.
// Spec: minisign(1) format, openssh PROTOCOL.sshsig, signify(1), c2sp.org/signed-note.
#pragma once

#include <string>

#include <isotrace/signing/signing_key.hpp>

namespace isotrace::signing {

enum class PublicFormat : std::uint8_t { minisign, signify, ssh, vkey };
std::optional<PublicFormat> find_public_format(std::string_view name);

/// The key as a text file. `name` is the user (ssh) or the log's name (vkey). Refuses
/// key_algorithm_unsupported: these are formats of Ed25519 keys; log_malformed: a name that no log
/// can have.
core::Result<std::string> write_public_key_as(const certificates::PublicKey& key,
                                              PublicFormat format, const std::string& name);

/// A .minisig file (prehashed, BLAKE2b-512); the comment of printable ASCII is signed too. Refuses
/// key_algorithm_unsupported.
core::Result<std::string> sign_minisign(core::ByteView file, const std::string& comment,
                                        const SigningKey& key);
/// An armoured SSH signature (SHA-512) in a namespace, which says what the signature is for.
/// Refuses key_algorithm_unsupported.
core::Result<std::string> sign_ssh(core::ByteView file, std::string_view name_space,
                                   const SigningKey& key);

}  // namespace isotrace::signing
