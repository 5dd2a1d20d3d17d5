#include "tree_bytes.hpp"

#include <bit>

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;
using Kind = ProofNode::Kind;

auto malformed(const std::string& detail) {
  return core::refuse(RefusalCode::proof_malformed, "tree", detail);
}

/// Seven bits a byte, the lowest first; the top bit says that more follow (LEB128).
void put_count(core::ByteWriter& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7U) out.u8(static_cast<std::uint8_t>(value | 0x80U));
  out.u8(static_cast<std::uint8_t>(value));
}

/// The sign comes lowest, then exponent and fraction from the top: short numbers stay short.
std::uint64_t reversed(std::uint64_t bits) {
  std::uint64_t result = 0;
  for (int i = 0; i < 64; ++i, bits >>= 1U) result = (result << 1U) | (bits & 1U);
  return result;
}

void put_number(core::ByteWriter& out, double value) {
  put_count(out, reversed(std::bit_cast<std::uint64_t>(value)));
}

Result<std::uint64_t> take_count(core::ByteReader& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    ISOTRACE_TRY(const std::uint8_t byte, in.u8());
    const std::uint64_t bits = byte & 0x7FU;
    if (shift == 63 && bits > 1) break;
    value |= bits << shift;
    if (byte < 0x80) return value;
  }
  return malformed("a number of more than 64 bits");
}

Result<double> take_number(core::ByteReader& in) {
  ISOTRACE_TRY(const std::uint64_t bits, take_count(in));
  return std::bit_cast<double>(reversed(bits));
}

/// A count of things that take at least a byte each.
Result<std::size_t> take_size(core::ByteReader& in, core::ByteView bytes) {
  ISOTRACE_TRY(const std::uint64_t size, take_count(in));
  if (size > bytes.size() - in.offset()) return malformed("is longer than its bytes");
  return static_cast<std::size_t>(size);
}

Result<Done> take_node(core::ByteReader& in, core::ByteView bytes, ProofNode& node) {
  ISOTRACE_TRY(const std::uint8_t kind, in.u8());
  if (kind < 1 || kind > 5) return malformed("kind of a node");
  node.kind = static_cast<Kind>(kind);
  if (node.kind != Kind::leaf) {
    ISOTRACE_TRY(const std::uint64_t dimension, take_count(in));
    node.dimension = static_cast<std::uint32_t>(dimension);
    if (node.dimension != dimension) return malformed("dimension of a split");
  }
  if (node.has_cut()) {
    ISOTRACE_TRY(node.at, take_number(in));
  }
  if (!node.has_weights()) return Done{};
  ISOTRACE_TRY(const std::size_t multipliers, take_size(in, bytes));
  node.multipliers.resize(multipliers);
  for (double& value : node.multipliers) {
    ISOTRACE_TRY(value, take_number(in));
  }
  ISOTRACE_TRY(const std::size_t slopes, take_size(in, bytes));
  ISOTRACE_TRY(const core::ByteView raw, in.raw(slopes));
  node.slopes.assign(raw.begin(), raw.end());
  return Done{};
}

}  // namespace

core::Bytes write_tree(const CaseProof& tree) {
  core::ByteWriter out;
  put_count(out, tree.nodes.size());
  for (const ProofNode& node : tree.nodes) {
    out.u8(static_cast<std::uint8_t>(node.kind));
    if (node.kind != Kind::leaf) put_count(out, node.dimension);
    if (node.has_cut()) put_number(out, node.at);
    if (!node.has_weights()) continue;
    put_count(out, node.multipliers.size());
    for (const double value : node.multipliers) put_number(out, value);
    put_count(out, node.slopes.size());
    out.raw(node.slopes);
  }
  return out.take();
}

Result<std::size_t> count_tree_nodes(core::ByteView bytes) {
  core::ByteReader in(bytes);
  return take_size(in, bytes);
}

Result<CaseProof> read_tree(core::ByteView bytes) {
  core::ByteReader in(bytes);
  CaseProof tree;
  ISOTRACE_TRY(const std::size_t nodes, take_size(in, bytes));
  tree.nodes.resize(nodes);
  for (ProofNode& node : tree.nodes) ISOTRACE_TRY_DONE(take_node(in, bytes, node));
  if (in.offset() != bytes.size()) return malformed("bytes behind its last node");
  return tree;
}

}  // namespace isotrace::proofs
