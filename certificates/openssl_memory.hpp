// Owners for OpenSSL's objects, and DER out of them. Trusted base.
#pragma once

#include <memory>

#include <openssl/crypto.h>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/check.hpp>

namespace isotrace::certificates {

template <auto Free>
struct OpensslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
template <class T, auto Free>
using OpensslOwned = std::unique_ptr<T, OpensslFree<Free>>;

/// Runs an i2d function on an object and takes the bytes.
template <class Function, class Object>
core::Bytes to_der(Function i2d, Object* object) {
  std::uint8_t* der = nullptr;
  const int size = i2d(object, &der);
  ISOTRACE_CHECK(size > 0, size);
  core::Bytes bytes(der, der + size);
  OPENSSL_clear_free(der, static_cast<std::size_t>(size));
  return bytes;
}

}  // namespace isotrace::certificates
