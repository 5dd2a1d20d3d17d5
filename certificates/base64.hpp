// Strict base64 (RFC 4648 section 4): standard alphabet, padded, no white space, zero slack bits;
// so every byte string has one spelling. Trusted base.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <isotrace/core/bytes.hpp>

namespace isotrace::certificates {

std::string write_base64(core::ByteView bytes);
std::optional<core::Bytes> parse_base64(std::string_view text);

}  // namespace isotrace::certificates
