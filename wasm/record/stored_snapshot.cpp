#include <isotrace/wasm/record/stored_snapshot.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include <isotrace/trace/message.hpp>
#include <isotrace/trace/snapshot.hpp>

namespace isotrace::wasm {

using core::Done;
using core::Result;

namespace {

// Words of a message (trace.capnp).
constexpr std::uint64_t snapshot_tag = 7;
constexpr std::uint64_t one_pointer = 1ULL << 48;        // of a struct, which stands behind
constexpr std::uint64_t list_of_bytes = 1 | 2ULL << 32;  // which stands behind, too

constexpr std::uint64_t word = sizeof(std::uint64_t);
/// Before the bytes of the chunk: frame, root, tag, pointer, total, offset, list. The first chunk's
/// offset, zero, is left out.
constexpr std::uint64_t head_words = 7;
constexpr std::uint64_t total_place = 4;

std::uint64_t head_of(std::size_t message) { return head_words - (message == 0 ? 1 : 0); }
std::uint64_t words_of(std::uint64_t bytes) { return (bytes + word - 1) / word; }

tl::unexpected<core::Refusal> malformed() {
  return core::refuse(core::RefusalCode::trace_malformed, "trace", "snapshot");
}

}  // namespace

Result<std::vector<MessagePlace>> StoredSnapshot::find_messages(RandomAccess& file,
                                                                std::uint64_t offset) {
  if (offset > file.size() || file.size() - offset < head_words * word) return malformed();
  std::array<std::uint8_t, word> bytes{};
  ISOTRACE_TRY_DONE(file.read(offset + total_place * word, bytes));
  std::uint64_t left = *core::ByteReader(bytes).u64();
  if (left == 0 || left > file.size() - offset) return malformed();
  std::vector<MessagePlace> places;
  for (; left > 0; left -= std::min(left, trace::chunk_bytes)) {
    const std::uint64_t chunk = std::min(left, trace::chunk_bytes);
    places.push_back({offset, (head_of(places.size()) + words_of(chunk)) * word});
    offset += places.back().bytes;
  }
  if (offset > file.size()) return malformed();
  return places;
}

/// A message in canonical form has one layout: what stands before the bytes of its chunk follows
/// from total, offset and size. So it is compared, and the bytes are read where they lie.
Result<Done> StoredSnapshot::load(std::size_t message) {
  if (message == loaded_) return Done{};
  if (message >= messages_.size()) return malformed();
  const MessagePlace& place = messages_[message];
  const bool first = message == 0;
  std::array<std::uint64_t, head_words> found{};
  const std::uint64_t words = head_of(message);
  if (place.bytes < words * word) return malformed();
  std::array<std::uint8_t, sizeof found> head{};
  ISOTRACE_TRY_DONE(file_.read(place.offset, std::span(head).first(words * word)));
  std::memcpy(found.data(), head.data(), sizeof found);
  if (first) total_ = found[total_place];
  const std::uint64_t offset = message * trace::chunk_bytes;
  if (total_ == 0 || (total_ - 1) / trace::chunk_bytes + 1 != messages_.size()) return malformed();
  const std::uint64_t size = std::min(trace::chunk_bytes, total_ - offset);
  const std::uint64_t body = words - 1 + words_of(size);
  std::array<std::uint64_t, head_words> expected = {
      body << 32,   one_pointer | 1ULL << 32,
      snapshot_tag, one_pointer | (first ? 1ULL : 2ULL) << 32,
      total_,       offset};
  expected[words - 1] = size << 35 | list_of_bytes;
  if (found != expected || place.bytes != word + body * word) return malformed();
  data_ = place.offset + words * word;
  const std::uint64_t padding = place.offset + place.bytes - (data_ + size);
  ISOTRACE_TRY_DONE(file_.read(data_ + size, std::span(head).first(padding)));
  if (std::any_of(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(padding),
                  [](std::uint8_t byte) { return byte != 0; })) {
    return malformed();
  }
  loaded_ = message;
  return Done{};
}

Result<Done> StoredSnapshot::append(core::Bytes& to, std::uint64_t offset, std::uint64_t size) {
  if (total_ == 0) ISOTRACE_TRY_DONE(load(0));
  if (offset > total_ || size > total_ - offset) return malformed();
  std::size_t end = to.size();
  to.resize(end + size);
  while (size > 0) {
    ISOTRACE_TRY_DONE(load(offset / trace::chunk_bytes));
    const std::uint64_t begin = offset % trace::chunk_bytes;
    const std::uint64_t here = std::min(size, trace::chunk_bytes - begin);
    ISOTRACE_TRY_DONE(file_.read(data_ + begin, std::span(to).subspan(end, here)));
    end += here;
    offset += here;
    size -= here;
  }
  return Done{};
}

Result<std::uint64_t> StoredSnapshot::read_size() {
  core::Bytes bytes;
  ISOTRACE_TRY_DONE(append(bytes, position_, sizeof(std::uint64_t)));
  position_ += sizeof(std::uint64_t);
  const std::uint64_t size = *core::ByteReader(bytes).u64();
  if (size > total_ - position_) return malformed();
  return size;
}

Result<Done> StoredSnapshot::skip_block() {
  ISOTRACE_TRY(const std::uint64_t size, read_size());
  position_ += size;
  return Done{};
}

Result<StoredSnapshot::Change> StoredSnapshot::read_change() {
  constexpr std::uint64_t name_bytes = sizeof(std::uint32_t);
  ISOTRACE_TRY(const std::uint64_t count, read_size());
  if (count > (total_ - position_) / (name_bytes + trace::MemoryChange::chunk_bytes)) {
    return malformed();
  }
  core::Bytes names;
  ISOTRACE_TRY_DONE(append(names, position_, name_bytes * count));
  Change change{std::vector<std::uint32_t>(count), position_ + name_bytes * count};
  if (count > 0) std::memcpy(change.chunks.data(), names.data(), names.size());
  const bool ascending = std::ranges::adjacent_find(change.chunks, std::ranges::greater_equal()) ==
                         change.chunks.end();
  if (!ascending) return malformed();
  position_ = change.contents + trace::MemoryChange::chunk_bytes * count;
  return change;
}

Result<std::vector<StoredSnapshot::Change>> StoredSnapshot::changes() {
  position_ = 0;
  for (int i = 0; i < 3; ++i) ISOTRACE_TRY_DONE(skip_block());  // frames, slots, globals
  ISOTRACE_TRY(const std::uint64_t tables, read_size());
  for (std::uint64_t i = 0; i < tables; ++i) ISOTRACE_TRY_DONE(skip_block());
  ISOTRACE_TRY_DONE(skip_block());  // segments
  ISOTRACE_TRY(const std::uint64_t memories, read_size());
  memories_begin_ = position_;
  std::vector<Change> changes;
  for (std::uint64_t i = 0; i < memories; ++i) {
    ISOTRACE_TRY(changes.emplace_back(), read_change());
  }
  if (position_ != total_) return malformed();
  return changes;
}

}  // namespace isotrace::wasm
