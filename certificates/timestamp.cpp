#include <isotrace/certificates/timestamp.hpp>

#include <algorithm>

#include <openssl/err.h>
#include <openssl/ts.h>
#include <openssl/x509.h>

#include <isotrace/certificates/openssl_memory.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

using Response = OpensslOwned<TS_RESP, TS_RESP_free>;
using Certificate = OpensslOwned<X509, X509_free>;
using Store = OpensslOwned<X509_STORE, X509_STORE_free>;
using Context = OpensslOwned<TS_VERIFY_CTX, TS_VERIFY_CTX_free>;
using Time = OpensslOwned<ASN1_TIME, ASN1_TIME_free>;

tl::unexpected<core::Refusal> refuse(std::string detail) {
  ERR_clear_error();
  return core::refuse(core::RefusalCode::timestamp_invalid, "time stamp", std::move(detail));
}

template <class Owned, class Object>
Owned parse_whole(Object* (*d2i)(Object**, const std::uint8_t**, long),
                  int (*i2d)(const Object*, std::uint8_t**), core::ByteView der) {
  const std::uint8_t* at = der.data();
  Owned object(d2i(nullptr, &at, static_cast<long>(der.size())));
  if (object == nullptr) return object;
  const core::Bytes again = to_der(i2d, object.get());
  if (!std::equal(again.begin(), again.end(), der.begin(), der.end())) object.reset();
  return object;
}

/// The time of the token, as seconds; fractions of a second count as a whole one.
std::optional<UnixSeconds> seconds_of(const ASN1_GENERALIZEDTIME* time) {
  const Time epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  if (epoch == nullptr || ASN1_TIME_diff(&days, &seconds, epoch.get(), time) != 1) {
    return std::nullopt;
  }
  const std::string_view text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(time)),
                              static_cast<std::size_t>(ASN1_STRING_length(time)));
  const UnixSeconds fraction = text.find('.') == std::string_view::npos ? 0 : 1;
  return UnixSeconds{days} * 86400 + seconds + fraction;
}

bool is_strong(TS_TST_INFO* info) {
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr,
                  TS_MSG_IMPRINT_get_algo(TS_TST_INFO_get_msg_imprint(info)));
  const int name = OBJ_obj2nid(algorithm);
  return name == NID_sha256 || name == NID_sha384 || name == NID_sha512;
}

/// Trusts exactly these certificates, roots or not, as of `time`.
Store make_store(std::span<const core::Bytes> authorities, UnixSeconds time) {
  Store store(X509_STORE_new());
  ISOTRACE_CHECK(store != nullptr);
  for (const core::Bytes& der : authorities) {
    const Certificate certificate = parse_whole<Certificate>(d2i_X509, i2d_X509, der);
    if (certificate == nullptr || X509_STORE_add_cert(store.get(), certificate.get()) != 1) {
      return nullptr;
    }
  }
  X509_VERIFY_PARAM* parameters = X509_STORE_get0_param(store.get());
  X509_VERIFY_PARAM_set_time(parameters, time);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_X509_STRICT);
  return store;
}

}  // namespace

bool is_x509(core::ByteView der) {
  const bool good = parse_whole<Certificate>(d2i_X509, i2d_X509, der) != nullptr;
  ERR_clear_error();
  return good;
}

Result<UnixSeconds> check_timestamp(core::ByteView response, core::ByteView signature,
                                    std::span<const core::Bytes> authorities) {
  const Response parsed = parse_whole<Response>(d2i_TS_RESP, i2d_TS_RESP, response);
  if (parsed == nullptr) return refuse("not the DER of a response");
  TS_TST_INFO* info = TS_RESP_get_tst_info(parsed.get());
  const TS_STATUS_INFO* status = TS_RESP_get_status_info(parsed.get());
  if (info == nullptr || ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(status)) != 0) {
    return refuse("it was not granted as asked for");
  }
  const auto time = seconds_of(TS_TST_INFO_get_time(info));
  if (!time || *time < 0) return refuse("its time cannot be read");
  if (!is_strong(info)) return refuse("its hash is not SHA-256, SHA-384 or SHA-512");
  if (authorities.empty()) return refuse("the policy names no authority");

  Store store = make_store(authorities, *time);
  if (store == nullptr) return refuse("an authority of the policy cannot be read");
  const Context context(TS_VERIFY_CTX_new());
  BIO* data = BIO_new_mem_buf(signature.data(), static_cast<int>(signature.size()));
  ISOTRACE_CHECK(context != nullptr && data != nullptr);
  TS_VERIFY_CTX_add_flags(context.get(), TS_VFY_SIGNATURE | TS_VFY_VERSION | TS_VFY_DATA);
  TS_VERIFY_CTX_set_data(context.get(), data);              // belongs to the context
  TS_VERIFY_CTX_set_store(context.get(), store.release());  // likewise
  if (TS_RESP_verify_response(context.get(), parsed.get()) != 1) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    return refuse(reason == nullptr ? "it does not verify" : reason);
  }
  ERR_clear_error();
  return *time;
}

}  // namespace isotrace::certificates
