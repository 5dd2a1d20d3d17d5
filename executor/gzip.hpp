// gzip files (RFC 1952), in which collections of models and properties are kept.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::executor {

/// Whether they begin as gzip files do.
bool is_gzip(core::ByteView bytes);
/// The contents of all members, one after the other. Refuses bytes_truncated for bytes that are
/// no gzip file, are cut off or have a wrong CRC-32 or size, and limit_exceeded for contents of
/// more than `bytes_max` bytes, of which no more than that and a block are ever held.
core::Result<core::Bytes> gunzip(core::ByteView bytes, std::uint64_t bytes_max);

}  // namespace isotrace::executor
