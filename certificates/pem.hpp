// PEM, strictly: one block, one spelling (64 columns, LF), nothing before or after it. Trusted
// base. Spec: RFC 7468, strict textual encoding.
#pragma once

#include <string>
#include <string_view>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

std::string write_pem(std::string_view label, core::ByteView der);

/// The label of the block that a text starts with ("PUBLIC KEY"); refuses key_malformed.
core::Result<std::string> find_pem_label(core::ByteView text);

/// The contents of the only block. Accepts what write_pem writes, with or without the last newline;
/// refuses key_malformed.
core::Result<core::Bytes> parse_pem(core::ByteView text, std::string_view label);

}  // namespace isotrace::certificates
