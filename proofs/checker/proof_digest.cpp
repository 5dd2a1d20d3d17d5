// The canonical fields of a proof ("isotrace.proof.v1", docs/formats/proof.md). Trusted base:
// whatever a claim depends on stands here, so that no two proofs share an identity.
#include <isotrace/proofs/checker/proof.hpp>

namespace isotrace::proofs {
namespace {

constexpr std::size_t flush_bytes = std::size_t{1} << 16;

/// Hands the fields to the hash in pieces, so that a large proof is not copied.
class FieldHash {
 public:
  core::ByteWriter& fields() {
    if (writer_.bytes().size() >= flush_bytes) flush();
    return writer_;
  }
  void block(core::ByteView bytes) {
    fields().u64(bytes.size());
    flush();
    hash_.update(bytes);
  }
  core::Digest finish() {
    flush();
    return hash_.finish();
  }

 private:
  void flush() { hash_.update(writer_.take()), writer_ = {}; }

  core::ByteWriter writer_;
  core::Sha256 hash_;
};

void add_node(FieldHash& hash, const ProofNode& node) {
  core::ByteWriter& out = hash.fields();
  out.u8(static_cast<std::uint8_t>(node.kind));
  if (node.kind != ProofNode::Kind::leaf) out.u32(node.dimension);
  if (node.has_cut()) out.f64(node.at);
  if (!node.has_weights()) return;
  out.u64(node.multipliers.size());
  for (double multiplier : node.multipliers) out.f64(multiplier);
  out.block(node.slopes);
}

void add_floats(FieldHash& hash, const std::vector<float>& values) {
  hash.fields().u64(values.size());
  for (float value : values) hash.fields().f32(value);
}

}  // namespace

core::Digest proof_digest(const Proof& proof) {
  FieldHash hash;
  hash.fields().text("isotrace.proof.v1");
  hash.fields().u8(static_cast<std::uint8_t>(proof.outcome));
  hash.fields().u8(static_cast<std::uint8_t>(proof.level)).text(proof.semantics);
  hash.block(proof.program);
  hash.block(core::as_bytes(proof.property_text));
  hash.fields().u64(proof.cases.size());
  for (const CaseProof& tree : proof.cases) {
    hash.fields().u64(tree.nodes.size());
    for (const ProofNode& node : tree.nodes) add_node(hash, node);
  }
  add_floats(hash, proof.counterexample.inputs);
  add_floats(hash, proof.counterexample.outputs);
  hash.fields().u32(proof.counterexample.violated_case);
  return hash.finish();
}

}  // namespace isotrace::proofs
