#include <isotrace/certificates/pem.hpp>

#include <sodium.h>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/limits.hpp>

namespace isotrace::certificates {
namespace {

constexpr auto malformed = core::RefusalCode::key_malformed;
constexpr std::string_view begin_mark = "-----BEGIN ";
constexpr std::string_view dashes = "-----";

/// Why a text is not the one spelling, in words that help.
std::string explain(std::string_view text) {
  if (text.find('\r') != std::string_view::npos) return "the lines end with CR LF; use LF";
  if (text.find(begin_mark, begin_mark.size()) != std::string_view::npos) {
    return "there is more than one block";
  }
  return "not strict PEM: one block of 64-column base64, nothing before or after it";
}

}  // namespace

std::string write_pem(std::string_view label, core::ByteView der) {
  constexpr std::size_t columns = 64;
  const std::string body = write_base64(der);
  std::string text = "-----BEGIN " + std::string(label) + "-----\n";
  for (std::size_t i = 0; i < body.size(); i += columns) text += body.substr(i, columns) + "\n";
  return text + "-----END " + std::string(label) + "-----\n";
}

core::Result<std::string> find_pem_label(core::ByteView bytes) {
  const std::string_view text = core::as_text(bytes);
  if (text.size() > core::limits::key_bytes_max)
    return core::refuse(malformed, "size", "too large");
  if (!text.starts_with(begin_mark)) {
    return core::refuse(malformed, "byte 0", "does not start with -----BEGIN");
  }
  const std::string_view rest = text.substr(begin_mark.size());
  const std::string_view line = rest.substr(0, rest.find_first_of("\r\n"));
  if (!line.ends_with(dashes)) return core::refuse(malformed, "line 1", explain(text));
  return std::string(line.substr(0, line.size() - dashes.size()));
}

core::Result<core::Bytes> parse_pem(core::ByteView bytes, std::string_view label) {
  const std::string_view text = core::as_text(bytes);
  const std::string head = "-----BEGIN " + std::string(label) + "-----\n";
  const auto end = text.find("-----END");
  if (!text.starts_with(head) || end == std::string_view::npos || end < head.size()) {
    return core::refuse(malformed, "PEM", explain(text));
  }
  std::string body(text.substr(head.size(), end - head.size()));
  std::erase(body, '\n');
  auto der = parse_base64(body);
  sodium_memzero(body.data(), body.size());
  if (!der) return core::refuse(malformed, "PEM", explain(text));

  std::string canonical = write_pem(label, *der);
  const std::string_view expected = canonical;
  const bool same = text == expected || text == expected.substr(0, expected.size() - 1);
  sodium_memzero(canonical.data(), canonical.size());
  if (!same) return core::refuse(malformed, "PEM", explain(text));
  return *std::move(der);
}

}  // namespace isotrace::certificates
