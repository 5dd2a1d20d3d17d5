#include <isotrace/trace/snapshot.hpp>

#include <isotrace/core/blake3.hpp>

namespace isotrace::trace {
namespace {

using core::ByteReader;
using core::Bytes;
using core::ByteView;
using core::ByteWriter;
using core::Done;
using core::RefusalCode;
using core::Result;

constexpr std::uint64_t chunks_per_page = 64;

void write_change(ByteWriter& out, const MemoryChange& change) {
  out.u64(change.chunks.size());
  for (const std::uint32_t chunk : change.chunks) out.u32(chunk);
  out.raw(change.bytes);
}

Result<Bytes> read_block(ByteReader& in) {
  ISOTRACE_TRY(const ByteView block, in.block());
  return Bytes(block.begin(), block.end());
}

/// Without the contents, whose place is given instead.
Result<MemoryChange> read_change(ByteReader& in, ByteView& contents) {
  MemoryChange change;
  ISOTRACE_TRY(const std::size_t count, in.count(4 + MemoryChange::chunk_bytes, UINT32_MAX));
  change.chunks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const std::uint32_t chunk, in.u32());
    change.chunks.push_back(chunk);
  }
  ISOTRACE_TRY(contents, in.raw(count * MemoryChange::chunk_bytes));
  return change;
}

/// The last memory's contents, most of the bytes, stay where they are.
Result<Snapshot> read_snapshot(Bytes bytes) {
  ByteReader in(bytes);
  Snapshot snapshot;
  ISOTRACE_TRY(snapshot.frames, read_block(in));
  ISOTRACE_TRY(snapshot.slots, read_block(in));
  ISOTRACE_TRY(snapshot.globals, read_block(in));
  ISOTRACE_TRY(const std::size_t tables, in.count(8, UINT32_MAX));
  for (std::size_t i = 0; i < tables; ++i) {
    ISOTRACE_TRY(Bytes table, read_block(in));
    snapshot.tables.push_back(std::move(table));
  }
  ISOTRACE_TRY(snapshot.segments, read_block(in));
  ISOTRACE_TRY(const std::size_t memories, in.count(8, UINT32_MAX));
  for (std::size_t i = 0; i < memories; ++i) {
    ByteView contents;
    ISOTRACE_TRY(MemoryChange change, read_change(in, contents));
    if (i + 1 < memories) change.bytes.assign(contents.begin(), contents.end());
    snapshot.memories.push_back(std::move(change));
  }
  ISOTRACE_TRY_DONE(in.end());
  if (memories == 0) return snapshot;
  const std::size_t last = snapshot.memories.back().chunks.size() * MemoryChange::chunk_bytes;
  bytes.erase(bytes.begin(), bytes.end() - static_cast<std::ptrdiff_t>(last));
  snapshot.memories.back().bytes = std::move(bytes);
  return snapshot;
}

Result<Done> check_part(const char* name, const Bytes& bytes, const Contents& contents,
                        std::size_t unit) {
  if (bytes.size() % unit == 0 && bytes.size() / unit == contents.size &&
      core::blake3(bytes) == contents.digest) {
    return Done{};
  }
  return core::refuse(RefusalCode::trace_digest_mismatch, {},
                      std::string("the snapshot's ") + name + " are not those of the state");
}

Result<Done> check_change(const MemoryChange& change, const Contents& memory) {
  std::uint64_t least = 0;
  for (const std::uint32_t chunk : change.chunks) {
    if (chunk < least || chunk / chunks_per_page >= memory.size) {
      return core::refuse(RefusalCode::trace_malformed, {},
                          "chunk " + std::to_string(chunk) + " of a snapshot's memory");
    }
    least = std::uint64_t{chunk} + 1;
  }
  return Done{};
}

}  // namespace

Bytes write_snapshot(const Snapshot& snapshot) {
  ByteWriter out;
  out.block(snapshot.frames).block(snapshot.slots).block(snapshot.globals);
  out.u64(snapshot.tables.size());
  for (const Bytes& table : snapshot.tables) out.block(table);
  out.block(snapshot.segments).u64(snapshot.memories.size());
  for (const MemoryChange& change : snapshot.memories) write_change(out, change);
  return out.take();
}

Result<Snapshot> parse_snapshot(Bytes bytes, const StateRecord& state) {
  auto read = read_snapshot(std::move(bytes));
  if (!read) {
    return core::refuse(RefusalCode::trace_malformed, {},
                        "snapshot: " + core::describe(read.error()));
  }
  ISOTRACE_TRY_DONE(check_part("frames", read->frames, state.frames, 16));
  ISOTRACE_TRY_DONE(check_part("slots", read->slots, state.slots, 8));
  ISOTRACE_TRY_DONE(check_part("globals", read->globals, state.globals, 8));
  ISOTRACE_TRY_DONE(check_part("segments", read->segments, state.segments, 4));
  if (read->tables.size() != state.tables.size() ||
      read->memories.size() != state.memories.size()) {
    return core::refuse(RefusalCode::trace_malformed, {},
                        "a snapshot with another number of tables or memories");
  }
  for (std::size_t i = 0; i < read->tables.size(); ++i) {
    ISOTRACE_TRY_DONE(check_part("tables", read->tables[i], state.tables[i], 8));
  }
  for (std::size_t i = 0; i < read->memories.size(); ++i) {
    ISOTRACE_TRY_DONE(check_change(read->memories[i], state.memories[i]));
  }
  return *std::move(read);
}

}  // namespace isotrace::trace
