#include <isotrace/wasm/record/stored_snapshot.hpp>

#include <algorithm>
#include <cstring>

#include <isotrace/trace/message.hpp>
#include <isotrace/trace/snapshot.hpp>

namespace isotrace::wasm {

using core::Done;
using core::Result;

namespace {

tl::unexpected<core::Refusal> malformed() {
  return core::refuse(core::RefusalCode::trace_malformed, "trace", "snapshot");
}

}  // namespace

Result<Done> StoredSnapshot::load(std::size_t message) {
  if (message == loaded_) return Done{};
  if (message >= messages_.size()) return malformed();
  core::Bytes framed(messages_[message].bytes);
  ISOTRACE_TRY_DONE(file_.read(messages_[message].offset, framed));
  ISOTRACE_TRY(trace::DecodedMessage decoded, trace::decode_message(framed));
  auto* chunk = std::get_if<trace::SnapshotChunk>(&decoded.message);
  if (chunk == nullptr) return malformed();
  const std::uint64_t offset = message * trace::chunk_bytes;
  const std::uint64_t pieces =
      chunk->total / trace::chunk_bytes + (chunk->total % trace::chunk_bytes == 0 ? 0 : 1);
  if (pieces != messages_.size() || chunk->offset != offset ||
      chunk->data.size() != std::min(trace::chunk_bytes, chunk->total - offset)) {
    return malformed();
  }
  total_ = chunk->total;
  data_ = std::move(chunk->data);
  loaded_ = message;
  return Done{};
}

Result<Done> StoredSnapshot::append(core::Bytes& to, std::uint64_t offset, std::uint64_t size) {
  if (total_ == 0) ISOTRACE_TRY_DONE(load(0));
  if (offset > total_ || size > total_ - offset) return malformed();
  while (size > 0) {
    ISOTRACE_TRY_DONE(load(offset / trace::chunk_bytes));
    const std::uint64_t begin = offset % trace::chunk_bytes;
    const std::uint64_t here = std::min<std::uint64_t>(size, data_.size() - begin);
    const auto from = data_.begin() + static_cast<std::ptrdiff_t>(begin);
    to.insert(to.end(), from, from + static_cast<std::ptrdiff_t>(here));
    offset += here;
    size -= here;
  }
  return Done{};
}

Result<core::Bytes> StoredSnapshot::all() {
  ISOTRACE_TRY_DONE(load(0));
  core::Bytes bytes;
  ISOTRACE_TRY_DONE(append(bytes, 0, total_));
  return bytes;
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
  std::vector<Change> changes;
  for (std::uint64_t i = 0; i < memories; ++i) {
    ISOTRACE_TRY(changes.emplace_back(), read_change());
  }
  return changes;
}

}  // namespace isotrace::wasm
