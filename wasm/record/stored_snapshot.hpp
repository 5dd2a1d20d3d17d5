// A snapshot where it lies in the file of a trace: what is asked for is read, nothing else.
#pragma once

#include <span>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/record/random_access.hpp>

namespace isotrace::wasm {

/// Of one message of a trace.
struct MessagePlace {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class StoredSnapshot {
 public:
  StoredSnapshot(RandomAccess& file, std::span<const MessagePlace> messages)
      : file_(file), messages_(messages) {}

  /// Where the messages of a snapshot stand whose first one begins at `offset`, by the size that
  /// this states; the messages themselves are looked at when they are needed. Refuses
  /// trace_malformed where the file does not reach so far.
  static core::Result<std::vector<MessagePlace>> find_messages(RandomAccess& file,
                                                               std::uint64_t offset);

  /// Where the chunks of one memory are named, and where their contents begin.
  struct Change {
    std::vector<std::uint32_t> chunks;
    std::uint64_t contents = 0;
  };
  /// By memory. Like all that follow it refuses trace_malformed.
  core::Result<std::vector<Change>> changes();
  /// How many bytes stand before the first memory's; known behind changes().
  [[nodiscard]] std::uint64_t memories_begin() const { return memories_begin_; }
  /// Appends bytes of the snapshot.
  core::Result<core::Done> append(core::Bytes& to, std::uint64_t offset, std::uint64_t size);

 private:
  core::Result<core::Done> load(std::size_t message);
  core::Result<std::uint64_t> read_size();
  core::Result<core::Done> skip_block();
  core::Result<Change> read_change();

  RandomAccess& file_;
  std::span<const MessagePlace> messages_;
  std::uint64_t total_ = 0;
  std::uint64_t memories_begin_ = 0;
  std::uint64_t position_ = 0;
  std::size_t loaded_ = SIZE_MAX;  ///< the message that was looked at
  std::uint64_t data_ = 0;         ///< where its part of the snapshot stands in the file
};

}  // namespace isotrace::wasm
