#include <isotrace/wasm/record/partial_trace.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/assemble.hpp>
#include <isotrace/trace/bisect.hpp>

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
  Result<Done> add(std::size_t snapshot, const StoredSnapshot::Change& change) {
    if (!change.chunks.empty() && change.chunks.back() >= chunks_max) return malformed();
    for (std::size_t i = 0; i < change.chunks.size(); ++i) {
      const std::uint32_t chunk = change.chunks[i];
      if (chunk >= known_.size()) known_.resize(chunk + std::size_t{1});
      if (known_[chunk]) continue;
      known_[chunk] = true;
      sources_.push_back({chunk, snapshot, change.contents + i * MemoryChange::chunk_bytes});
    }
    return Done{};
  }

  void sort() { std::ranges::sort(sources_, {}, &Source::chunk); }

  [[nodiscard]] std::uint64_t bytes() const {
    return sizeof(std::uint64_t) +
           sources_.size() * (sizeof(std::uint32_t) + MemoryChange::chunk_bytes);
  }

  /// As a snapshot has a memory. What stands side by side in a snapshot is read together.
  Result<Done> append(core::Bytes& to, std::vector<StoredSnapshot>& from) const {
    core::ByteWriter names;
    names.u64(sources_.size());
    for (const Source& source : sources_) names.u32(source.chunk);
    to.insert(to.end(), names.bytes().begin(), names.bytes().end());
    for (std::size_t i = 0; i < sources_.size();) {
      const Source& first = sources_[i];
      std::uint64_t size = 0;
      for (; i < sources_.size() && sources_[i].snapshot == first.snapshot &&
             sources_[i].offset == first.offset + size;
           ++i) {
        size += MemoryChange::chunk_bytes;
      }
      ISOTRACE_TRY_DONE(from[first.snapshot].append(to, first.offset, size));
    }
    return Done{};
  }

 private:
  static constexpr std::uint32_t chunks_max = std::uint32_t{1} << 22;  // of 4 GiB
  struct Source {
    std::uint32_t chunk = 0;
    std::size_t snapshot = 0;
    std::uint64_t offset = 0;  ///< in the snapshot
  };

  std::vector<Source> sources_;
  std::vector<bool> known_;
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
  core::Bytes framed;
  for (std::uint64_t offset = 0; offset < file_->size();) {
    ISOTRACE_TRY(const Head head, read_head(*file_, offset));
    if (head.is_snapshot) {
      // One for each checkpoint, at most.
      const bool second = !places_.empty() && places_.back().checkpoint + 1 == checkpoints;
      if (checkpoints == 0 || second) return malformed();
      ISOTRACE_TRY(auto messages, StoredSnapshot::find_messages(*file_, offset));
      offset = messages.back().offset + messages.back().bytes;
      places_.push_back({checkpoints - 1, std::move(messages)});
      continue;
    }
    framed.resize(head.bytes);
    ISOTRACE_TRY_DONE(file_->read(offset, framed));
    offset += head.bytes;
    if (offset == file_->size()) return take_footer(framed, assembler);
    ISOTRACE_TRY(trace::DecodedMessage decoded, trace::decode_message(framed));
    if (std::holds_alternative<trace::FooterMessage>(decoded.message)) return malformed();
    if (std::holds_alternative<trace::CheckpointRecord>(decoded.message)) ++checkpoints;
    ISOTRACE_TRY_DONE(assembler.accept(std::move(decoded.message), framed, 0, framed.size()));
  }
  return malformed();
}

/// The root vouches for everything but snapshots and the contents of tensors: for host calls by the
/// logs of the states behind them, the last one's too.
Result<Done> PartialTrace::take_footer(core::ByteView framed, trace::TraceAssembler& assembler) {
  ISOTRACE_TRY(trace::DecodedMessage decoded, trace::decode_message(framed));
  auto* footer = std::get_if<trace::FooterMessage>(&decoded.message);
  if (footer == nullptr || !footer->state) return malformed();
  ISOTRACE_TRY_DONE(assembler.check_last_state(*footer));
  trace::SubtreeRoots tree = assembler.tree();
  trace_ = assembler.take();
  footer->state->program = trace_.identity.program;
  tree.append(core::merkle_leaf(trace::state_root(*footer->state).view()));
  if (tree.leaves() != footer->leaves || tree.root() != footer->root) return malformed();
  trace_.machine.state = std::move(footer->state);
  trace_.machine.results = std::move(footer->results);
  trace_.root = footer->root;
  return Done{};
}

/// The snapshot at the place, with what its memories do not have but those before it do.
Result<core::Bytes> PartialTrace::read_snapshot(std::size_t place) const {
  std::vector<StoredSnapshot> stored;
  for (std::size_t i = 0; i <= place; ++i) stored.emplace_back(*file_, places_[i].messages);
  std::vector<Collection> memories;
  for (std::size_t i = place + 1; i-- > 0;) {
    ISOTRACE_TRY(const auto changes, stored[i].changes());
    if (i == place) memories.resize(changes.size());
    if (changes.size() != memories.size()) return malformed();
    for (std::size_t m = 0; m < memories.size(); ++m) {
      ISOTRACE_TRY_DONE(memories[m].add(i, changes[m]));
    }
  }
  std::uint64_t size = stored[place].memories_begin();
  for (const Collection& memory : memories) size += memory.bytes();
  core::Bytes bytes;
  bytes.reserve(size);
  ISOTRACE_TRY_DONE(stored[place].append(bytes, 0, stored[place].memories_begin()));
  for (Collection& memory : memories) {
    memory.sort();
    ISOTRACE_TRY_DONE(memory.append(bytes, stored));
  }
  return bytes;
}

Result<Done> PartialTrace::load_before(std::uint64_t step) {
  const auto& checkpoints = trace_.machine.checkpoints;
  const auto behind = std::ranges::upper_bound(
      places_, step, {}, [&](const Place& p) { return checkpoints[p.checkpoint].state.steps; });
  trace_.machine.snapshots.clear();
  if (behind == places_.begin()) return Done{};
  const auto latest = static_cast<std::size_t>(std::prev(behind) - places_.begin());
  const std::size_t checkpoint = places_[latest].checkpoint;
  ISOTRACE_TRY(core::Bytes bytes, read_snapshot(latest));
  ISOTRACE_TRY(trace::Snapshot snapshot,
               trace::parse_snapshot(std::move(bytes), checkpoints[checkpoint].state));
  snapshot.checkpoint = checkpoint;
  trace_.machine.snapshots.push_back(std::move(snapshot));
  return Done{};
}

}  // namespace isotrace::wasm
