// Facts about traces as lines `key value`, and bytes as Coq reads them. Trust: none, Coq computes
// what the lines claim.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/digest.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::proofs {

/// proof_malformed at a line, counted from 0.
tl::unexpected<core::Refusal> malformed_fact(std::size_t line, std::string detail);

/// At most `most` lines.
std::vector<std::string_view> lines_of(std::string_view text, std::size_t most);

/// What stands behind `key ` in a line.
std::optional<std::string_view> text_after(std::string_view line, std::string_view key);
std::optional<std::uint64_t> number_after(std::string_view line, std::string_view key);
std::optional<core::Digest> digest_after(std::string_view line, std::string_view key);
std::optional<core::Bytes> bytes_after(std::string_view line, std::string_view key);

/// A number whose digits after the leading 1 are the bytes: Coq reads that faster than a list.
std::string coq_bytes(core::ByteView bytes);

/// `Definition path` with the digests of an audit path, from the root down.
std::string coq_path(const std::vector<core::Digest>& leaf_to_root);

}  // namespace isotrace::proofs
