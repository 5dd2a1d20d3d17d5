// `isotrace inspect` of what logs and time stamping authorities say: nothing is verified here.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

bool looks_like_log_proof(core::ByteView bytes);
/// Whether a line of a signature stands where a signed note has them.
bool looks_like_note(core::ByteView bytes);

/// A proof that a log holds an entry, or a sealed certificate, which has its payload inside.
/// Refuses log_malformed.
core::Result<Json> log_proof_json(core::ByteView bytes);

/// A signed note; if it is a checkpoint, what the checkpoint says. Refuses log_malformed.
core::Result<Json> note_json(core::ByteView bytes);

/// An RFC 3161 request or response, DER. Refuses timestamp_invalid.
core::Result<Json> timestamp_json(core::ByteView bytes);

}  // namespace isotrace::tools
