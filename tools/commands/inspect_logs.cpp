#include <isotrace/tools/commands/inspect_logs.hpp>

#include <memory>

#include <openssl/err.h>
#include <openssl/ts.h>

#include <isotrace/certificates/log_proof.hpp>
#include <isotrace/tools/commands/inspect_json.hpp>

namespace isotrace::tools {
namespace {

using core::Result;

Json signatures_json(const certificates::SignedNote& note) {
  Json list = Json::array();
  for (const certificates::NoteSignature& one : note.signatures) {
    list.push_back({{"name", one.name},
                    {"keyHash", core::to_hex(one.key)},
                    {"signatureBytes", one.signature.size()}});
  }
  return list;
}

Json checkpoint_json(const certificates::Checkpoint& checkpoint) {
  return {
      {"origin", checkpoint.origin}, {"size", checkpoint.size}, {"root", checkpoint.root.hex()}};
}

struct FreeTimestamp {
  void operator()(TS_RESP* response) const { TS_RESP_free(response); }
  void operator()(TS_REQ* request) const { TS_REQ_free(request); }
};

Json imprint_json(TS_MSG_IMPRINT* imprint) {
  const ASN1_OBJECT* algorithm = nullptr;
  X509_ALGOR_get0(&algorithm, nullptr, nullptr, TS_MSG_IMPRINT_get_algo(imprint));
  const ASN1_OCTET_STRING* digest = TS_MSG_IMPRINT_get_msg(imprint);
  const char* name = OBJ_nid2sn(OBJ_obj2nid(algorithm));
  const core::ByteView bytes(ASN1_STRING_get0_data(digest),
                             static_cast<std::size_t>(ASN1_STRING_length(digest)));
  return {{"hash", name == nullptr ? "" : name}, {"digest", core::to_hex(bytes)}};
}

template <class Object>
std::unique_ptr<Object, FreeTimestamp> parse_der(Object* (*d2i)(Object**, const std::uint8_t**,
                                                                long),
                                                 core::ByteView der) {
  const std::uint8_t* at = der.data();
  std::unique_ptr<Object, FreeTimestamp> object(d2i(nullptr, &at, static_cast<long>(der.size())));
  if (at != der.data() + der.size()) object.reset();
  ERR_clear_error();
  return object;
}

Json response_json(TS_RESP* response) {
  const long status =
      ASN1_INTEGER_get(TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response)));
  Json out = {{"kind", "time stamp"}, {"verified", false}, {"granted", status == 0},
              {"status", status},     {"time", nullptr},   {"imprint", nullptr}};
  TS_TST_INFO* info = TS_RESP_get_tst_info(response);
  if (info == nullptr) return out;
  const ASN1_GENERALIZEDTIME* time = TS_TST_INFO_get_time(info);
  out["time"] = std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(time)),
                            static_cast<std::size_t>(ASN1_STRING_length(time)));
  out["imprint"] = imprint_json(TS_TST_INFO_get_msg_imprint(info));
  return out;
}

}  // namespace

bool looks_like_log_proof(core::ByteView bytes) {
  return core::as_text(bytes).starts_with(certificates::log_proof_header);
}

bool looks_like_note(core::ByteView bytes) {
  return core::as_text(bytes).find("\n\n\xE2\x80\x94 ") != std::string_view::npos;
}

Result<Json> log_proof_json(core::ByteView bytes) {
  ISOTRACE_TRY(const certificates::LogProof proof,
               certificates::parse_log_proof(core::as_text(bytes)));
  ISOTRACE_TRY(const certificates::Checkpoint checkpoint,
               certificates::parse_checkpoint(proof.checkpoint.text));
  Json out = {{"kind", proof.extra.empty() ? "log proof" : "sealed certificate"},
              {"verified", false},
              {"index", proof.index},
              {"hashes", proof.hashes.size()},
              {"checkpoint", checkpoint_json(checkpoint)},
              {"signatures", signatures_json(proof.checkpoint)}};
  if (!proof.extra.empty()) out["statement"] = shallow_json(proof.extra);
  return out;
}

Result<Json> note_json(core::ByteView bytes) {
  ISOTRACE_TRY(const certificates::SignedNote note, certificates::parse_note(core::as_text(bytes)));
  const auto checkpoint = certificates::parse_checkpoint(note.text);
  Json out = {{"kind", checkpoint ? "checkpoint" : "signed note"}, {"verified", false}};
  if (checkpoint) {
    out.update(checkpoint_json(*checkpoint));
  } else {
    out["text"] = note.text;
  }
  out["signatures"] = signatures_json(note);
  return out;
}

Result<Json> timestamp_json(core::ByteView bytes) {
  if (const auto request = parse_der<TS_REQ>(d2i_TS_REQ, bytes)) {
    return Json{{"kind", "time stamp request"},
                {"imprint", imprint_json(TS_REQ_get_msg_imprint(request.get()))},
                {"certificateWanted", TS_REQ_get_cert_req(request.get()) != 0}};
  }
  if (const auto response = parse_der<TS_RESP>(d2i_TS_RESP, bytes)) {
    return response_json(response.get());
  }
  return core::refuse(core::RefusalCode::timestamp_invalid, "",
                      "neither the DER of a request nor that of a response");
}

}  // namespace isotrace::tools
