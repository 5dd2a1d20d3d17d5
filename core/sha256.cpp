// SHA-256 by OpenSSL's own entry points: the general ones (EVP) take several times as long to begin
// as a short message takes to be hashed, and a trace has millions of them.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <isotrace/core/digest.hpp>

#include <algorithm>

#include <openssl/sha.h>

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

namespace {

Digest finish_context(SHA256_CTX& context) {
  Digest digest;
  ISOTRACE_CHECK(SHA256_Final(digest.bytes.data(), &context) == 1);
  return digest;
}

}  // namespace

struct Sha256::State {
  SHA256_CTX context{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  ISOTRACE_CHECK(SHA256_Init(&state_->context) == 1);
}
Sha256::~Sha256() = default;

void Sha256::update(ByteView bytes) {
  ISOTRACE_CHECK(SHA256_Update(&state_->context, bytes.data(), bytes.size()) == 1);
}

Digest Sha256::finish() { return finish_context(state_->context); }

// OpenSSL's SHA256() goes through EVP.
Digest sha256(ByteView bytes) {
  SHA256_CTX context;
  ISOTRACE_CHECK(SHA256_Init(&context) == 1);
  ISOTRACE_CHECK(SHA256_Update(&context, bytes.data(), bytes.size()) == 1);
  return finish_context(context);
}

}  // namespace isotrace::core
