#include <isotrace/tools/commands/inspect_evidence.hpp>

#include <isotrace/certificates/keys.hpp>
#include <isotrace/signing/signing_key.hpp>
#include <isotrace/tools/commands/level.hpp>

namespace isotrace::tools {
namespace {

/// "PUBLIC KEY" of "-----BEGIN PUBLIC KEY-----"; printable ASCII alone, and not too much of it.
std::string pem_label(std::string_view text) {
  constexpr std::string_view begin = "-----BEGIN ";
  constexpr std::size_t most = 64;
  std::string label;
  for (const char c : text.substr(begin.size(), most)) {
    if (c == '-' || c < 0x20 || c > 0x7e) break;
    label += c;
  }
  return label;
}

}  // namespace

Json proof_json(const proofs::Proof& proof, std::size_t bytes) {
  std::size_t nodes = 0;
  std::size_t leaves = 0;
  for (const proofs::CaseProof& tree : proof.cases) {
    nodes += tree.nodes.size();
    for (const proofs::ProofNode& node : tree.nodes)
      leaves += node.kind == proofs::ProofNode::Kind::leaf ? 1 : 0;
  }
  return {{"kind", "proof"},
          {"claim", proof.outcome == proofs::Proof::Outcome::proved ? "proved" : "violated"},
          {"checked", false},
          {"level", level_name(proof.level)},
          {"semantics", proof.semantics},
          {"proofDigest", proofs::proof_digest(proof).hex()},
          {"propertyDigest", core::sha256(core::as_bytes(proof.property_text)).hex()},
          {"cases", proof.cases.size()},
          {"nodes", nodes},
          {"leaves", leaves},
          {"bytes", bytes}};
}

Json property_json(const proofs::Property& property, core::ByteView bytes) {
  Json cases = Json::array();
  for (const proofs::Case& one : property.cases) {
    cases.push_back({{"inputs", one.box.size()}, {"rows", one.rows.size()}});
  }
  return {{"kind", "property"},
          {"digest", core::sha256(bytes).hex()},
          {"inputs", property.inputs},
          {"outputs", property.outputs},
          {"cases", std::move(cases)}};
}

Json pem_json(core::ByteView bytes) {
  const std::string label = pem_label(core::as_text(bytes));
  const bool secret = label.ends_with("PRIVATE KEY");
  const bool open = label.ends_with("PUBLIC KEY");
  Json out = {{"kind", secret ? "private key" : open ? "public key" : "pem"}, {"label", label}};
  if (!secret && !open) return out;
  if (secret) out["encrypted"] = label == "ENCRYPTED PRIVATE KEY";
  const auto key = secret ? signing::parse_private_key(bytes).map(
                                [](const signing::SigningKey& pair) { return pair.public_key(); })
                          : certificates::parse_public_key(bytes);
  if (!key) {
    // Of a damaged private key not even a digest: it may differ from the good one in little.
    out["usable"] = false;
    out["problem"] = core::refusal_info(key.error().code).name;
    return out;
  }
  out["usable"] = true;
  out["algorithm"] = certificates::key_algorithm_name(key->algorithm());
  out["keyid"] = key->keyid().hex();
  if (open) out["digest"] = core::sha256(bytes).hex();
  return out;
}

}  // namespace isotrace::tools
