// Where parties listen: "unix:PATH", "tcp:PORT" (on the loopback interface), "tcp:HOST:PORT".
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace isotrace::referee {

struct Address {
  std::string path;  ///< of a Unix socket; empty for TCP
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] bool is_local() const { return !path.empty(); }
  /// In the form that parse_address takes.
  [[nodiscard]] std::string text() const;
};

/// Nothing if the text is none of the forms. An IPv6 host stands in brackets.
std::optional<Address> parse_address(std::string_view text);

}  // namespace isotrace::referee
