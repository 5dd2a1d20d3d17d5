// `isotrace inspect` of keys and signatures as other programs write them: minisign, signify, ssh,
// signed notes. Nothing is verified here, and of a private key nothing but its kind is shown.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

bool looks_like_minisign(core::ByteView bytes);
bool looks_like_ssh_signature(core::ByteView bytes);
bool looks_like_ssh_key(core::ByteView bytes);

/// A key or signature of minisign or signify, told apart by lines and sizes. Refuses key_malformed.
core::Result<Json> minisign_json(core::ByteView bytes);

/// An armoured SSHSIG. Refuses key_malformed.
core::Result<Json> ssh_signature_json(core::ByteView bytes);

/// A line "ssh-ed25519 BASE64 COMMENT". Refuses key_malformed.
core::Result<Json> ssh_key_json(core::ByteView bytes);

/// A verifier key of a signed note, NAME+HASH+BASE64. Refuses key_malformed.
core::Result<Json> verifier_key_json(core::ByteView bytes);

}  // namespace isotrace::tools
