// Proof files in Cap'n Proto. Trusted base. Hostile bytes meet three barriers: limits on traversal
// and nesting, counts that are compared with the bytes there are, and at the end a comparison with
// the one encoding that the parsed value has - so padding, overlapping pointers, unknown fields and
// numbers that are longer than they need to be are refused.
#include <algorithm>
#include <bit>
#include <cstring>

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/exception.h>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/checker/proof.hpp>

#include "proof.capnp.h"
#include "tree_bytes.hpp"

namespace isotrace::proofs {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

constexpr std::uint32_t format_version = 1;
constexpr std::size_t list_elements_max = (std::size_t{1} << 29) - 1;  // of Cap'n Proto
constexpr int nesting_max = 8;

kj::ArrayPtr<const kj::byte> data_of(core::ByteView bytes) {
  ISOTRACE_CHECK(bytes.size() <= list_elements_max, bytes.size());
  return {bytes.data(), bytes.size()};
}

core::ByteView view_of(capnp::Data::Reader data) { return {data.begin(), data.size()}; }

unsigned list_size(std::size_t size) {
  ISOTRACE_CHECK(size <= list_elements_max, size);
  return static_cast<unsigned>(size);
}

template <class List>
void write_floats(List list, const std::vector<float>& values) {
  for (unsigned i = 0; i < values.size(); ++i) list.set(i, std::bit_cast<std::uint32_t>(values[i]));
}

void fill(schema::ProofFile::Builder out, const Proof& proof) {
  out.setFormatVersion(format_version);
  out.setOutcome(static_cast<std::uint8_t>(proof.outcome));
  out.setLevel(static_cast<std::uint8_t>(proof.level));
  out.setSemantics(kj::StringPtr(proof.semantics.c_str(), proof.semantics.size()));
  out.setProgram(data_of(proof.program));
  out.setProperty(data_of(core::as_bytes(proof.property_text)));
  auto cases = out.initCases(list_size(proof.cases.size()));
  for (unsigned i = 0; i < proof.cases.size(); ++i) {
    cases.set(i, data_of(write_tree(proof.cases[i])));
  }
  const Counterexample& found = proof.counterexample;
  write_floats(out.initInputs(list_size(found.inputs.size())), found.inputs);
  write_floats(out.initOutputs(list_size(found.outputs.size())), found.outputs);
  out.setViolatedCase(found.violated_case);
  out.setDigest(data_of(proof_digest(proof).view()));
}

auto malformed(const std::string& where, const std::string& detail) {
  return core::refuse(RefusalCode::proof_malformed, where, detail);
}

template <class List>
std::vector<float> read_floats(List list) {
  std::vector<float> values(list.size());
  for (unsigned i = 0; i < list.size(); ++i) values[i] = std::bit_cast<float>(list[i]);
  return values;
}

/// Refuses trees that together have more nodes than the limit, before anything is allocated.
Result<Done> check_node_count(schema::ProofFile::Reader in) {
  std::size_t nodes = 0;
  for (const auto tree : in.getCases()) {
    const auto count = count_tree_nodes(view_of(tree));
    if (!count) return malformed("cases", core::describe(count.error()));
    nodes += *count;
  }
  if (nodes > core::limits::proof_nodes_max) {
    return core::refuse(RefusalCode::limit_exceeded, "proof", std::to_string(nodes) + " nodes");
  }
  return Done{};
}

Result<Proof> read_fields(schema::ProofFile::Reader in) {
  if (in.getFormatVersion() != format_version) {
    return core::refuse(RefusalCode::proof_version_unsupported, "proof",
                        "version " + std::to_string(in.getFormatVersion()));
  }
  Proof proof;
  proof.outcome = static_cast<Proof::Outcome>(in.getOutcome());
  proof.level = static_cast<Level>(in.getLevel());
  if (in.getOutcome() < 1 || in.getOutcome() > 2) return malformed("outcome", "unknown");
  if (in.getLevel() < 1 || in.getLevel() > 3) return malformed("level", "unknown");
  const auto semantics = in.getSemantics();
  proof.semantics.assign(semantics.begin(), semantics.end());
  const auto program = in.getProgram();
  proof.program.assign(program.begin(), program.end());
  const auto property = in.getProperty();
  proof.property_text.assign(property.begin(), property.end());
  ISOTRACE_TRY_DONE(check_node_count(in));
  const auto cases = in.getCases();
  for (unsigned i = 0; i < cases.size(); ++i) {
    auto tree = read_tree(view_of(cases[i]));
    if (!tree) return malformed("case " + std::to_string(i), core::describe(tree.error()));
    proof.cases.push_back(*std::move(tree));
  }
  proof.counterexample.inputs = read_floats(in.getInputs());
  proof.counterexample.outputs = read_floats(in.getOutputs());
  proof.counterexample.violated_case = in.getViolatedCase();
  const auto digest = core::digest_from_bytes({in.getDigest().begin(), in.getDigest().size()});
  if (!digest || *digest != proof_digest(proof)) {
    return core::refuse(RefusalCode::proof_digest_mismatch, "proof", "digest of the fields");
  }
  return proof;
}

/// A proved property has no counterexample, a violated one no trees.
Result<Done> check_outcome(const Proof& proof) {
  const Counterexample& found = proof.counterexample;
  const bool has_counterexample =
      !found.inputs.empty() || !found.outputs.empty() || found.violated_case != 0;
  if (proof.outcome == Proof::Outcome::proved ? has_counterexample : !proof.cases.empty()) {
    return malformed("outcome", "carries the evidence of the other outcome");
  }
  return Done{};
}

Result<Proof> parse_message(core::ByteView bytes) {
  // Cap'n Proto reads words, which must be aligned.
  auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
  std::memcpy(words.begin(), bytes.data(), bytes.size());
  capnp::ReaderOptions options;
  options.traversalLimitInWords = 2 * words.size() + 64;
  options.nestingLimit = nesting_max;
  capnp::FlatArrayMessageReader message(words, options);
  return read_fields(message.getRoot<schema::ProofFile>());
}

}  // namespace

core::Bytes write_proof(const Proof& proof) {
  capnp::MallocMessageBuilder draft;
  fill(draft.initRoot<schema::ProofFile>(), proof);
  // The canonical form is one segment, whose layout follows from the values alone.
  const auto words = capnp::canonicalize(draft.getRoot<schema::ProofFile>().asReader());
  const kj::ArrayPtr<const capnp::word> segment = words;
  const auto flat = capnp::messageToFlatArray(kj::arrayPtr(&segment, 1));
  const auto bytes = flat.asBytes();
  return {bytes.begin(), bytes.end()};
}

Result<Proof> parse_proof(core::ByteView bytes) {
  if (bytes.size() > core::limits::proof_bytes_max) {
    return core::refuse(RefusalCode::limit_exceeded, "proof",
                        std::to_string(bytes.size()) + " bytes");
  }
  if (bytes.size() % sizeof(capnp::word) != 0) return malformed("proof", "not whole words");
  try {
    ISOTRACE_TRY(Proof proof, parse_message(bytes));
    ISOTRACE_TRY_DONE(check_outcome(proof));
    const core::Bytes canonical = write_proof(proof);
    if (!std::equal(canonical.begin(), canonical.end(), bytes.begin(), bytes.end())) {
      return malformed("proof", "not the canonical encoding");
    }
    return proof;
  } catch (const kj::Exception& exception) {
    return malformed("proof", exception.getDescription().cStr());
  }
}

}  // namespace isotrace::proofs
