#include <isotrace/core/digest.hpp>

#include <algorithm>

#include <openssl/evp.h>

#include <isotrace/core/check.hpp>

namespace isotrace::core {

std::optional<Digest> digest_from_bytes(ByteView bytes) {
  Digest digest;
  if (bytes.size() != digest.bytes.size()) return std::nullopt;
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

std::optional<Digest> parse_digest(std::string_view hex) {
  const auto bytes = from_hex(hex);
  return bytes ? digest_from_bytes(*bytes) : std::nullopt;
}

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  ISOTRACE_CHECK(state_->context != nullptr);
  ISOTRACE_CHECK(EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  ISOTRACE_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() {
  Digest digest;
  unsigned int size = 0;
  ISOTRACE_CHECK(EVP_DigestFinal_ex(state_->context, digest.bytes.data(), &size) == 1);
  ISOTRACE_CHECK(size == digest.bytes.size(), size);
  return digest;
}

Digest sha256(ByteView bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace isotrace::core
