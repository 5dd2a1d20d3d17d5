// What a step's digest covers, for proofs that compute the digest themselves.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::trace {

/// step_digest is the SHA-256 of these bytes (docs/formats/trace.md).
core::Bytes step_bytes(const StepRecord& step);

}  // namespace isotrace::trace
