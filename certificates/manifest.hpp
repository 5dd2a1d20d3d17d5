// The canonical manifest of a model that is a folder: every file with path, size and SHA-256. Its
// own SHA-256 is the subject of a certificate, so names are bound as well as contents. Trusted
// base. Spec: docs/formats/certificate.md, "Manifest".
#pragma once

#include <string>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

/// Walks the folder without ever following a link and hashes each file through the descriptor that
/// was checked. Refuses file_not_found, file_read_failed (also if a file changes meanwhile),
/// file_not_regular (links, pipes, sockets, devices anywhere in it), manifest_name_unsafe,
/// limit_exceeded, evidence_missing (no file at all).
core::Result<core::Bytes> make_manifest(const std::string& folder);

}  // namespace isotrace::certificates
