// Digests. SHA-256 (OpenSSL) for everything the outside world checks and for Merkle nodes; BLAKE3
// (ours) for tensor contents, where speed matters and chunks can be hashed apart.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <isotrace/core/bytes.hpp>

namespace isotrace::core {

struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;
  [[nodiscard]] ByteView view() const { return bytes; }
  [[nodiscard]] std::string hex() const { return to_hex(bytes); }
};

/// 64 lower-case hex digits; nothing otherwise.
std::optional<Digest> parse_digest(std::string_view hex);
/// 32 bytes; nothing otherwise.
std::optional<Digest> digest_from_bytes(ByteView bytes);

Digest sha256(ByteView bytes);

/// SHA-256 of bytes that arrive in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(ByteView bytes);
  /// Call once, at the end.
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace isotrace::core
