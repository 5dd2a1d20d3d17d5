#include <isotrace/certificates/dsse.hpp>

#include <string>

namespace isotrace::certificates {

core::Bytes dsse_pae(std::string_view payload_type, core::ByteView payload) {
  std::string head = "DSSEv1 " + std::to_string(payload_type.size()) + " ";
  head.append(payload_type);
  head += " " + std::to_string(payload.size()) + " ";
  core::Bytes bytes(head.begin(), head.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

}  // namespace isotrace::certificates
