#include <isotrace/referee/tree_party.hpp>

#include <isotrace/referee/tree.hpp>
#include <isotrace/trace/message.hpp>

namespace isotrace::referee {
namespace {

/// Beyond this no further leaf goes into an answer, so that it fits one message.
constexpr std::size_t opened_bytes_max = std::size_t{8} << 20;

}  // namespace

TreeParty::TreeParty(trace::Trace trace) : trace_(std::move(trace)) {
  const std::vector<core::Digest> leaves = trace_leaves(trace_);
  if (trace_.tree.leaves() != leaves.size()) trace_.tree = trace::SubtreeRoots(leaves);
}

Answer<Commitment> TreeParty::commit() {
  auto identity = trace::encode_message(trace::HeaderMessage{trace_.identity, trace_.provenance});
  if (!identity) return decline(core::describe(identity.error()));
  return Commitment{.root = trace_.root,
                    .leaves = trace_.tree.leaves(),
                    .identity = *std::move(identity),
                    .path = find_path(trace_.tree, 0),
                    .peaks = find_peaks(trace_.tree)};
}

Answer<Children> TreeParty::halve(unsigned level, std::uint64_t index) {
  if (level == 0 || level >= trace_.tree.levels() || trace_.tree.find(level, index) == nullptr) {
    return decline("the tree has no such subtree");
  }
  return Children{*trace_.tree.find(level - 1, 2 * index),
                  *trace_.tree.find(level - 1, 2 * index + 1)};
}

Answer<std::vector<OpenedLeaf>> TreeParty::open(std::span<const std::uint64_t> leaves) {
  if (leaves.size() > leaves_asked_max) return decline("too many leaves");
  std::vector<OpenedLeaf> opened;
  std::size_t bytes = 0;
  for (const std::uint64_t leaf : leaves) {
    if (bytes > opened_bytes_max) break;
    if (leaf == 0 || leaf >= trace_.tree.leaves()) return decline("the tree has no such leaf");
    auto written = record(leaf);
    if (!written) return decline(core::describe(written.error()));
    bytes += written->size();
    opened.push_back({*std::move(written), find_path(trace_.tree, leaf)});
  }
  return opened;
}

Answer<core::Bytes> TreeParty::fetch(const Evidence& evidence, std::uint64_t bytes_max) {
  auto bytes = make(evidence);
  if (bytes && bytes->size() > bytes_max) {
    return tl::unexpected<Fault>(Fault{Fault::Kind::large, {}});
  }
  return bytes;
}

Answer<std::uint64_t> TreeParty::span(std::uint64_t) {
  return decline("this is no run of WebAssembly");
}

Answer<std::vector<core::Digest>> TreeParty::roots(std::uint64_t, std::span<const std::uint64_t>) {
  return decline("this is no run of WebAssembly");
}

}  // namespace isotrace::referee
