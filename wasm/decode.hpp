// The binary format (specification, "Binary Format"): bytes to a Module whose form is right; the
// types are validation's part.
#pragma once

#include <isotrace/core/result.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::wasm {

/// Refuses wasm_malformed, wasm_unsupported and limit_exceeded with the byte's offset, and
/// file_too_large. Allocates in proportion to the bytes that are there. Custom sections are
/// skipped.
core::Result<Module> decode_module(core::Bytes bytes, Edition edition);

}  // namespace isotrace::wasm
