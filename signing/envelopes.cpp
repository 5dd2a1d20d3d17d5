#include <isotrace/signing/envelopes.hpp>

#include <algorithm>

#include <openssl/ts.h>

#include <isotrace/certificates/openssl_memory.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/signing/merkle_levels.hpp>

namespace isotrace::signing {

using namespace certificates;

void add_signature(Envelope& envelope, std::string_view payload_type, const SigningKey& key) {
  const core::Digest& keyid = key.public_key().keyid();
  auto& signatures = envelope.signatures;
  std::erase_if(signatures, [&](const EnvelopeSignature& one) { return one.keyid == keyid; });
  const auto place = std::find_if(signatures.begin(), signatures.end(),
                                  [&](const EnvelopeSignature& one) { return keyid < one.keyid; });
  signatures.insert(place, {keyid, key.sign(dsse_pae(payload_type, envelope.payload))});
}

SignedNote sign_note(std::string text, std::string_view name, const SigningKey& key) {
  SignedNote note;
  note.signatures = {
      {std::string(name), note_key_id(name, key.public_key()), key.sign(core::as_bytes(text))}};
  note.text = std::move(text);
  return note;
}

core::Result<std::vector<core::Bytes>> seal_payloads(std::span<const core::Bytes> payloads,
                                                     const SigningKey& key) {
  if (key.public_key().algorithm() != KeyAlgorithm::ed25519) {
    return core::refuse(core::RefusalCode::key_algorithm_unsupported, "key",
                        "only Ed25519 keys seal");
  }
  if (payloads.empty() || payloads.size() > core::limits::log_entries_max) {
    return core::refuse(core::RefusalCode::limit_exceeded, "batch",
                        std::to_string(payloads.size()) + " certificates");
  }
  std::vector<core::Digest> leaves;
  leaves.reserve(payloads.size());
  for (const core::Bytes& payload : payloads) {
    leaves.push_back(core::merkle_leaf(dsse_pae(payload_media_type, payload)));
  }
  const Checkpoint checkpoint{std::string(seal_origin), leaves.size(), core::merkle_root(leaves)};
  LogProof proof;
  proof.checkpoint = sign_note(write_checkpoint(checkpoint), seal_origin, key);
  const MerkleLevels tree(leaves);
  std::vector<core::Bytes> sealed;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    proof.extra = payloads[i];
    proof.index = i;
    proof.hashes = tree.inclusion_proof(i);
    const std::string text = write_log_proof(proof);
    sealed.emplace_back(text.begin(), text.end());
  }
  return sealed;
}

core::Bytes make_timestamp_request(core::ByteView signature) {
  using Request = OpensslOwned<TS_REQ, TS_REQ_free>;
  using Imprint = OpensslOwned<TS_MSG_IMPRINT, TS_MSG_IMPRINT_free>;
  using Algorithm = OpensslOwned<X509_ALGOR, X509_ALGOR_free>;
  const Request request(TS_REQ_new());
  const Imprint imprint(TS_MSG_IMPRINT_new());
  const Algorithm algorithm(X509_ALGOR_new());
  ISOTRACE_CHECK(request && imprint && algorithm);
  core::Digest digest = core::sha256(signature);
  ISOTRACE_CHECK(X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) ==
                 1);
  ISOTRACE_CHECK(TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1);
  ISOTRACE_CHECK(TS_MSG_IMPRINT_set_msg(imprint.get(), digest.bytes.data(),
                                        static_cast<int>(digest.bytes.size())) == 1);
  ISOTRACE_CHECK(TS_REQ_set_version(request.get(), 1) == 1);
  ISOTRACE_CHECK(TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1);
  ISOTRACE_CHECK(TS_REQ_set_cert_req(request.get(), 1) == 1);
  return to_der(i2d_TS_REQ, request.get());
}

}  // namespace isotrace::signing
