// Walks over the messages of a closed trace file without decoding them: where each lies and of what
// kind it is. For readers that need few of a million messages (compare_files.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <isotrace/core/bytes.hpp>

namespace isotrace::executor {

/// A file's bytes at any place. Used from several threads at once.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  /// Fills `out` with the bytes from `offset` on; false if that many cannot be read.
  [[nodiscard]] virtual bool read(std::uint64_t offset, std::span<std::uint8_t> out) const = 0;
};

/// As trace.capnp numbers them; a header is no message to walk over.
enum class MessageKind : std::uint8_t {
  program = 1,
  content = 2,
  step = 3,
  footer = 4,
  checkpoint = 5,
  host_call = 6,
  snapshot = 7,
};

/// Where a message lies in its file, framing included.
struct MessageSpan {
  MessageKind kind{};
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
  [[nodiscard]] std::uint64_t end() const { return offset + bytes; }
};

/// What the first bytes of a message in canonical form tell: its length and its kind.
inline constexpr std::size_t message_head_bytes = 24;

/// Passes the messages in their order. One that was begun counts once the next one is.
class MessageWalk {
 public:
  /// `first` is where the first message behind the header starts.
  MessageWalk(std::uint64_t first, std::uint64_t file_bytes)
      : next_(first), file_bytes_(file_bytes) {}

  /// Begins every message that starts before `limit`. `bytes` stand at `offset` of the file and
  /// hold the heads of those messages. False where none can start; then the walk is of no use.
  [[nodiscard]] bool pass(core::ByteView bytes, std::uint64_t offset, std::uint64_t limit);

  /// The message begun last; nothing before the first one.
  [[nodiscard]] const std::optional<MessageSpan>& begun() const { return begun_; }
  /// The last step before that.
  [[nodiscard]] const std::optional<MessageSpan>& last_step() const { return last_step_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  /// Steps, and leaves of the tree (steps and checkpoints), before the message begun last.
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  [[nodiscard]] std::uint64_t leaves() const { return leaves_; }
  /// Pieces of the program and of contents before the message begun last.
  [[nodiscard]] const std::vector<MessageSpan>& chunks() const { return chunks_; }
  /// Whether the message begun last is a footer and ends the file.
  [[nodiscard]] bool ended() const;

  /// Back before the message begun last, in a file where that starts at `next` and everything
  /// before it is the same.
  [[nodiscard]] MessageWalk rewound(std::uint64_t next, std::uint64_t file_bytes) const;

 private:
  void count();

  std::uint64_t next_;
  std::uint64_t file_bytes_;
  std::optional<MessageSpan> begun_;
  std::optional<MessageSpan> last_step_;
  std::uint64_t steps_ = 0;
  std::uint64_t leaves_ = 0;
  std::vector<MessageSpan> chunks_;
};

/// Walks one file from message to message, reading it in blocks.
class FileWalk {
 public:
  FileWalk(const BlockSource& file, MessageWalk walk) : file_(&file), walk_(std::move(walk)) {}

  /// Begins the next message; false where there is none, or where the file cannot be read.
  [[nodiscard]] bool advance();
  /// On to the next step or the footer; false as above.
  [[nodiscard]] bool advance_to_step();
  /// On to the footer, which must end the file.
  [[nodiscard]] bool advance_to_footer();
  /// Bytes of the file, valid until the next call; empty if they cannot be read.
  core::ByteView bytes(std::uint64_t offset, std::uint64_t size);
  [[nodiscard]] const MessageWalk& walk() const { return walk_; }
  [[nodiscard]] const MessageSpan& at() const { return *walk_.begun(); }
  /// The whole message begun last; empty if it cannot be read.
  core::ByteView message() { return bytes(at().offset, at().bytes); }

 private:
  const BlockSource* file_;
  MessageWalk walk_;
  core::Bytes window_;
  std::uint64_t window_at_ = 0;
};

}  // namespace isotrace::executor
