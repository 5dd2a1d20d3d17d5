#include <isotrace/certificates/key_encoding.hpp>

#include <algorithm>

namespace isotrace::certificates::encoding {

std::optional<core::ByteView> strip_frame(core::ByteView der, core::ByteView frame,
                                          std::size_t size) {
  if (der.size() != frame.size() + size) return std::nullopt;
  if (!std::equal(frame.begin(), frame.end(), der.begin())) return std::nullopt;
  return der.subspan(frame.size());
}

bool names_other_algorithm(core::ByteView der) {
  // OIDs with tag and length: rsaEncryption, RSASSA-PSS, ecPublicKey (other curves, compressed
  // points, explicit parameters), DSA, X25519, X448, Ed448.
  static constexpr std::string_view oids[] = {"06092a864886f70d010101",
                                              "06092a864886f70d01010a",
                                              "06072a8648ce3d0201",
                                              "06072a8648ce380401",
                                              "06032b656e",
                                              "06032b656f",
                                              "06032b6571"};
  constexpr std::size_t head_bytes = 32;
  const std::string head = core::to_hex(der.first(std::min(der.size(), head_bytes)));
  return std::any_of(std::begin(oids), std::end(oids),
                     [&](std::string_view oid) { return head.find(oid) != std::string::npos; });
}

}  // namespace isotrace::certificates::encoding
