#include <isotrace/wasm/record/partial_trace.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include <isotrace/trace/assemble.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;
using trace::MemoryChange;

constexpr std::size_t frame_bytes = 8;  // u32 number of segments - 1 = 0, u32 words
/// What tells messages apart lies behind the frame and the root's pointer.
constexpr std::size_t tag_offset = 16;
constexpr std::uint16_t snapshot_tag = 7;

tl::unexpected<core::Refusal> malformed() {
  return core::refuse(core::RefusalCode::trace_malformed, "trace", "message");
}

/// The front of a message.
struct Head {
  std::uint64_t bytes = 0;
  bool is_snapshot = false;  ///< so it seems; who reads the message sees
};

Result<Head> read_head(RandomAccess& file, std::uint64_t offset) {
  const std::uint64_t left = file.size() - offset;
  std::array<std::uint8_t, tag_offset + sizeof snapshot_tag> bytes{};
  if (left < bytes.size()) return malformed();
  ISOTRACE_TRY_DONE(file.read(offset, bytes));
  std::uint32_t words = 0;
  std::uint16_t tag = 0;
  std::memcpy(&words, &bytes[4], sizeof words);
  std::memcpy(&tag, &bytes[tag_offset], sizeof tag);
  const std::uint64_t size = std::uint64_t{words} * 8;
  if (size > trace::message_bytes_max || size > left - frame_bytes) return malformed();
  return Head{frame_bytes + size, tag == snapshot_tag};
}

/// Of a memory, by its latest snapshot and then by those before, what none behind has.
class Collection {
 public:
  /// Of 4 GiB. The change must have none behind.
  static constexpr std::uint32_t chunks_max = std::uint32_t{1} << 22;

  explicit Collection(MemoryChange& change) : change_(change) {
    for (const std::uint32_t chunk : change.chunks) known_at(chunk) = true;
  }

  Result<Done> add(StoredSnapshot& from, const StoredSnapshot::Change& older) {
    if (!older.chunks.empty() && older.chunks.back() >= chunks_max) return malformed();
    for (std::size_t i = 0; i < older.chunks.size(); ++i) {
      auto known = known_at(older.chunks[i]);
      if (known) continue;
      known = true;
      sorted_ = false;
      change_.chunks.push_back(older.chunks[i]);
      ISOTRACE_TRY_DONE(from.append(change_.bytes, older.contents + i * MemoryChange::chunk_bytes,
                                    MemoryChange::chunk_bytes));
    }
    return Done{};
  }

  /// Puts the chunks into order.
  void finish() {
    if (sorted_) return;
    std::vector<std::pair<std::uint32_t, std::size_t>> order;
    for (std::size_t i = 0; i < change_.chunks.size(); ++i) {
      order.emplace_back(change_.chunks[i], i);
    }
    std::ranges::sort(order);
    MemoryChange sorted;
    sorted.bytes.reserve(change_.bytes.size());
    for (const auto& [chunk, place] : order) {
      const auto from =
          change_.bytes.begin() + static_cast<std::ptrdiff_t>(place * MemoryChange::chunk_bytes);
      sorted.chunks.push_back(chunk);
      sorted.bytes.insert(sorted.bytes.end(), from, from + MemoryChange::chunk_bytes);
    }
    change_ = std::move(sorted);
  }

 private:
  std::vector<bool>::reference known_at(std::uint32_t chunk) {
    if (chunk >= known_.size()) known_.resize(chunk + std::size_t{1});
    return known_[chunk];
  }

  MemoryChange& change_;
  std::vector<bool> known_;
  bool sorted_ = true;
};

}  // namespace

std::optional<PartialTrace> PartialTrace::open(RandomAccess& file) {
  PartialTrace opened(file);
  if (!opened.read_messages() || !opened.trace_.machine.state) return std::nullopt;
  return opened;
}

Result<Done> PartialTrace::read_messages() {
  trace::TraceAssembler assembler;
  std::size_t checkpoints = 0;
  bool in_snapshot = false;
  core::Bytes framed;
  for (std::uint64_t offset = 0; offset < file_->size();) {
    ISOTRACE_TRY(const Head head, read_head(*file_, offset));
    const MessagePlace place{offset, head.bytes};
    offset += head.bytes;
    if (head.is_snapshot) {
      if (checkpoints == 0) return malformed();
      if (!in_snapshot) places_.push_back({checkpoints - 1, {}});
      places_.back().messages.push_back(place);
      in_snapshot = true;
      continue;
    }
    in_snapshot = false;
    framed.resize(place.bytes);
    ISOTRACE_TRY_DONE(file_->read(place.offset, framed));
    if (offset == file_->size()) {
      trace_ = assembler.take();
      return take_footer(framed);
    }
    ISOTRACE_TRY(trace::DecodedMessage decoded, trace::decode_message(framed));
    if (std::holds_alternative<trace::FooterMessage>(decoded.message)) return malformed();
    if (std::holds_alternative<trace::CheckpointRecord>(decoded.message)) ++checkpoints;
    ISOTRACE_TRY_DONE(assembler.accept(std::move(decoded.message), framed, 0, framed.size()));
  }
  return malformed();
}

/// The root vouches for everything but snapshots and the contents of tensors.
Result<Done> PartialTrace::take_footer(core::ByteView framed) {
  ISOTRACE_TRY(trace::DecodedMessage decoded, trace::decode_message(framed));
  auto* footer = std::get_if<trace::FooterMessage>(&decoded.message);
  if (footer == nullptr || !footer->state || !trace_.identity.machine) return malformed();
  footer->state->program = trace_.identity.program;
  trace_.machine.state = std::move(footer->state);
  trace_.machine.results = std::move(footer->results);
  const std::vector<core::Digest> leaves = trace::trace_leaves(trace_);
  if (leaves.size() != footer->leaves || core::merkle_root(leaves) != footer->root) {
    return malformed();
  }
  trace_.root = footer->root;
  return Done{};
}

/// Of all places before `end`, the latest first, what the snapshot's memories do not have.
Result<Done> PartialTrace::add_older(trace::Snapshot& snapshot, std::size_t end) const {
  for (const MemoryChange& change : snapshot.memories) {
    if (!change.chunks.empty() && change.chunks.back() >= Collection::chunks_max) {
      return malformed();
    }
  }
  std::vector<Collection> memories(snapshot.memories.begin(), snapshot.memories.end());
  for (std::size_t place = end; place-- > 0;) {
    StoredSnapshot stored(*file_, places_[place].messages);
    ISOTRACE_TRY(const auto changes, stored.changes());
    if (changes.size() != memories.size()) return malformed();
    for (std::size_t i = 0; i < changes.size(); ++i) {
      ISOTRACE_TRY_DONE(memories[i].add(stored, changes[i]));
    }
  }
  for (Collection& memory : memories) memory.finish();
  return Done{};
}

Result<Done> PartialTrace::load_before(std::uint64_t step) {
  const auto& checkpoints = trace_.machine.checkpoints;
  const auto behind = std::ranges::upper_bound(
      places_, step, {}, [&](const Place& p) { return checkpoints[p.checkpoint].state.steps; });
  trace_.machine.snapshots.clear();
  if (behind == places_.begin()) return Done{};
  const Place& latest = *std::prev(behind);
  ISOTRACE_TRY(core::Bytes bytes, StoredSnapshot(*file_, latest.messages).all());
  ISOTRACE_TRY(trace::Snapshot snapshot,
               trace::parse_snapshot(std::move(bytes), checkpoints[latest.checkpoint].state));
  snapshot.checkpoint = latest.checkpoint;
  const auto index = static_cast<std::size_t>(std::prev(behind) - places_.begin());
  ISOTRACE_TRY_DONE(add_older(snapshot, index));
  trace_.machine.snapshots.push_back(std::move(snapshot));
  return Done{};
}

}  // namespace isotrace::wasm
