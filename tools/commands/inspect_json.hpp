// `isotrace inspect` of artifacts that are JSON: certificates, DSSE envelopes, statements,
// policies, manifests of proof bundles, and what our own commands print. What they claim is shown,
// not verified.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Nothing if the bytes are no JSON object, nested deeper than text_nesting_max included.
std::optional<Json> json_artifact(core::ByteView bytes);

/// The JSON that these bytes are; null if they are none, or nested deeper than any of ours.
Json shallow_json(core::ByteView bytes);

}  // namespace isotrace::tools
