// `isotrace inspect` of WebAssembly: modules, witnesses of single steps, logs of effects.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// What it imports, exports and holds, section by section. Whether it validates is said, not asked
/// for. Refuses what decode_module refuses.
core::Result<Json> module_json(core::ByteView bytes);

bool looks_like_witness(core::ByteView bytes);
/// What it claims; it is not judged. Refuses what parse_witness refuses.
core::Result<Json> witness_json(core::ByteView bytes);

bool looks_like_effects(core::ByteView bytes);
/// Refuses bytes_truncated for a log that ends early.
core::Result<Json> effects_json(core::ByteView bytes);

}  // namespace isotrace::tools
