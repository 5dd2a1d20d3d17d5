#include <isotrace/certificates/log_proof.hpp>

#include <algorithm>
#include <bit>
#include <charconv>

#include <isotrace/certificates/base64.hpp>
#include <isotrace/certificates/strict_json.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>

namespace isotrace::certificates {
namespace {

using core::Result;

tl::unexpected<core::Refusal> refuse(std::string detail) {
  return core::refuse(core::RefusalCode::log_malformed, "proof", std::move(detail));
}

/// "WORD VALUE" gives the value.
std::optional<std::string_view> value_of(std::string_view line, std::string_view word) {
  if (!line.starts_with(word) || line.substr(word.size(), 1) != " ") return std::nullopt;
  return line.substr(word.size() + 1);
}

/// As core::verify_merkle_inclusion. `known` is empty, or the way of a leaf that was found in the
/// same tree: nodes on both ways are not computed again. The way that is found takes its place.
bool find_leaf(const LogProof& proof, const core::Digest& leaf, const Checkpoint& tree,
               MerkleWay& known) {
  const auto& hashes = proof.hashes;
  std::uint64_t index = proof.index;
  if (index >= tree.size) return false;
  MerkleWay way;
  way.reserve(hashes.size());
  for (std::uint64_t size = tree.size; size > 1;) {
    if (way.size() == hashes.size()) return false;
    const std::uint64_t left = std::bit_floor(size - 1);  // where RFC 6962 splits
    const bool right = index >= left;
    way.push_back({right, hashes[hashes.size() - 1 - way.size()], {}});
    index -= right ? left : 0;
    size = right ? size - left : left;
  }
  if (way.size() != hashes.size()) return false;
  // As long as both turn the same way past the same nodes, they come through the same nodes.
  std::size_t shared = 0;
  for (; shared < std::min(way.size(), known.size()); ++shared) {
    const MerkleStep& step = known[shared];
    if (step.right != way[shared].right || step.beside != way[shared].beside) break;
    way[shared].node = step.node;
  }
  core::Digest node = leaf;
  for (std::size_t depth = way.size(); depth > shared; --depth) {
    MerkleStep& step = way[depth - 1];
    step.node = node;
    node = step.right ? core::merkle_node(step.beside, node) : core::merkle_node(node, step.beside);
  }
  if (node != (shared == 0 ? tree.root : way[shared - 1].node)) return false;
  known = std::move(way);
  return true;
}

}  // namespace

Result<LogProof> parse_log_proof(std::string_view text) {
  constexpr std::string_view end_of_head = "\n\n";
  // A sealed certificate is at most one and a half times its payload's base64.
  if (text.size() > 2 * core::limits::certificate_bytes_max) return refuse("too large");
  const auto split = text.find(end_of_head);
  if (split == std::string_view::npos) return refuse("there is no empty line");
  LogProof proof;
  bool index_seen = false;
  std::string_view head = text.substr(0, split + 1);
  for (bool first = true; !head.empty(); first = false) {
    const std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(line.size() + 1);
    if (first) {
      if (line != log_proof_header) return refuse("does not begin with " + quote(log_proof_header));
    } else if (const auto extra = value_of(line, "extra");
               extra && !index_seen && proof.extra.empty()) {
      auto bytes = parse_base64(*extra);
      if (!bytes || bytes->empty()) return refuse("extra is not strict base64");
      proof.extra = *std::move(bytes);
    } else if (const auto index = value_of(line, "index"); index && !index_seen) {
      const auto error =
          std::from_chars(index->data(), index->data() + index->size(), proof.index).ec;
      if (error != std::errc{} || std::to_string(proof.index) != *index) {
        return refuse("index is not a number in its one spelling");
      }
      index_seen = true;
    } else {
      const auto bytes = parse_base64(line);
      const auto digest = bytes ? core::digest_from_bytes(*bytes) : std::nullopt;
      if (!digest || !index_seen) return refuse("line " + quote(line) + " is not expected");
      if (proof.hashes.size() == log_proof_hashes_max) return refuse("too many hashes");
      proof.hashes.push_back(*digest);
    }
  }
  ISOTRACE_TRY(proof.checkpoint, parse_note(text.substr(split + end_of_head.size())));
  if (!index_seen) return refuse("there is no index");
  return proof;
}

std::string write_log_proof(const LogProof& proof) {
  std::string out(log_proof_header);
  if (!proof.extra.empty()) out += "\nextra " + write_base64(proof.extra);
  out += "\nindex " + std::to_string(proof.index) + "\n";
  for (const core::Digest& hash : proof.hashes) out += write_base64(hash.view()) + "\n";
  return out + "\n" + write_note(proof.checkpoint);
}

std::string log_entry(core::ByteView payload, core::ByteView signature, const PublicKey& key) {
  const bool ed25519 = key.algorithm() == KeyAlgorithm::ed25519;
  const Json verifier = {{"keyDetails", ed25519 ? "PKIX_ED25519" : "PKIX_ECDSA_P256_SHA_256"},
                         {"publicKey", {{"rawBytes", write_base64(key.spki())}}}};
  Json json;
  json["apiVersion"] = "0.0.2";
  json["kind"] = "dsse";
  Json& spec = json["spec"]["dsseV002"];
  spec["payloadHash"] = {{"algorithm", "SHA2_256"},
                         {"digest", write_base64(core::sha256(payload).view())}};
  spec["signatures"] =
      Json::array({{{"content", write_base64(signature)}, {"verifier", verifier}}});
  return write_json(json);
}

Result<Checkpoint> check_log_proof(const LogProof& proof, const core::Digest& leaf,
                                   std::string_view origin, const PublicKey& key,
                                   KnownNotes* known) {
  ISOTRACE_TRY(Checkpoint checkpoint, parse_checkpoint(proof.checkpoint.text));
  constexpr auto code = core::RefusalCode::log_inconsistent;
  if (checkpoint.origin != origin) {
    return core::refuse(code, "checkpoint", "it is of log " + quote(checkpoint.origin));
  }
  MerkleWay fresh;
  MerkleWay* way = known == nullptr ? nullptr : known->find_way(proof.checkpoint, key);
  if (way == nullptr) {
    if (find_good_signature(proof.checkpoint, origin, key) == nullptr) {
      return core::refuse(code, "checkpoint", "not signed by the log's key");
    }
    way = known == nullptr ? &fresh : &known->add(proof.checkpoint, key);
  }
  if (!find_leaf(proof, leaf, checkpoint, *way)) {
    return core::refuse(code, "proof", "the entry is not in the log at this place");
  }
  return checkpoint;
}

}  // namespace isotrace::certificates
