#include "fact_text.hpp"

#include <algorithm>
#include <charconv>

namespace isotrace::proofs {

tl::unexpected<core::Refusal> malformed_fact(std::size_t line, std::string detail) {
  return core::refuse(core::RefusalCode::proof_malformed, "line " + std::to_string(line + 1),
                      std::move(detail));
}

std::vector<std::string_view> lines_of(std::string_view text, std::size_t most) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < most) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

std::optional<std::string_view> text_after(std::string_view line, std::string_view key) {
  if (!line.starts_with(key) || line.size() <= key.size() || line[key.size()] != ' ')
    return std::nullopt;
  return line.substr(key.size() + 1);
}

std::optional<std::uint64_t> number_after(std::string_view line, std::string_view key) {
  const auto text = text_after(line, key);
  std::uint64_t value = 0;
  if (!text) return std::nullopt;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

std::optional<core::Digest> digest_after(std::string_view line, std::string_view key) {
  const auto text = text_after(line, key);
  return text ? core::parse_digest(*text) : std::nullopt;
}

std::optional<core::Bytes> bytes_after(std::string_view line, std::string_view key) {
  const auto text = text_after(line, key);
  return text ? core::from_hex(*text) : std::nullopt;
}

std::string coq_bytes(core::ByteView bytes) {
  return "(bytes_from 0x1" + core::to_hex(bytes) + ")";
}

std::string coq_path(const std::vector<core::Digest>& leaf_to_root) {
  std::string text =
      "(* The hashes of the other subtrees, from the root down. *)\n"
      "From Coq Require Import NArith List.\nFrom Isotrace.Trace Require Import Merkle.\n"
      "Import ListNotations.\nLocal Open Scope N_scope.\n\nDefinition path : list (list N) :=\n  [";
  for (std::size_t i = leaf_to_root.size(); i-- > 0;)
    text += coq_bytes(leaf_to_root[i].view()) + (i == 0 ? "" : ";\n   ");
  return text + "].\n";
}

}  // namespace isotrace::proofs
