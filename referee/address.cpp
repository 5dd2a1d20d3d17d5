#include <isotrace/referee/address.hpp>

#include <charconv>

namespace isotrace::referee {

std::string Address::text() const {
  return is_local() ? "unix:" + path : "tcp:" + host + ":" + std::to_string(port);
}

std::optional<Address> parse_address(std::string_view text) {
  constexpr std::string_view local = "unix:";
  constexpr std::string_view tcp = "tcp:";
  if (text.starts_with(local)) {
    Address address{.path = std::string(text.substr(local.size())), .host = {}};
    if (address.path.empty() || address.path.find('\0') != std::string::npos) return std::nullopt;
    return address;
  }
  if (!text.starts_with(tcp)) return std::nullopt;
  text.remove_prefix(tcp.size());
  Address address{.path = {}, .host = "127.0.0.1"};
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    address.host = text.substr(0, colon);
    const bool bracketed = address.host.starts_with('[') && address.host.ends_with(']');
    if (address.host.empty() || (!bracketed && address.host.find(':') != std::string::npos)) {
      return std::nullopt;
    }
    text.remove_prefix(colon + 1);
  }
  const char* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, address.port);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return address;
}

}  // namespace isotrace::referee
