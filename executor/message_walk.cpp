#include <isotrace/executor/message_walk.hpp>

#include <algorithm>
#include <array>
#include <cstring>

#include <isotrace/core/check.hpp>
#include <isotrace/trace/message.hpp>

namespace isotrace::executor {
namespace {

constexpr std::uint64_t window_bytes = 256 << 10;
constexpr std::uint64_t word_bytes = 8;
constexpr std::uint64_t frame_bytes = 8;

/// A root that points to the struct behind it, with one word of data (the kind) and one pointer.
constexpr std::uint64_t root_pointer = 0x0001'0001'0000'0000;

struct Head {
  MessageKind kind;
  std::uint64_t bytes;
};

std::optional<Head> read_head(const std::uint8_t* bytes) {
  std::array<std::uint64_t, 3> words{};
  std::memcpy(words.data(), bytes, message_head_bytes);
  const auto [frame, root, kind] = words;
  const std::uint64_t body = (frame >> 32) * word_bytes;
  const bool framed = static_cast<std::uint32_t>(frame) == 0 && body <= trace::message_bytes_max;
  if (!framed || frame_bytes + body < message_head_bytes || root != root_pointer) return {};
  if (kind < std::uint64_t{1} || kind > static_cast<std::uint64_t>(MessageKind::snapshot)) {
    return std::nullopt;
  }
  return Head{static_cast<MessageKind>(kind), frame_bytes + body};
}

}  // namespace

void MessageWalk::count() {
  if (!begun_) return;
  switch (begun_->kind) {
    case MessageKind::step:
      ++steps_;
      ++leaves_;
      last_step_ = begun_;
      break;
    case MessageKind::checkpoint: ++leaves_; break;
    case MessageKind::program:
    case MessageKind::content: chunks_.push_back(*begun_); break;
    case MessageKind::footer:
    case MessageKind::host_call:
    case MessageKind::snapshot: break;
  }
}

bool MessageWalk::pass(core::ByteView bytes, std::uint64_t offset, std::uint64_t limit) {
  while (next_ < limit) {
    const std::uint64_t at = next_ - offset;
    if (at > bytes.size() || bytes.size() - at < message_head_bytes) return false;
    const auto head = read_head(bytes.data() + at);
    const bool behind_footer = begun_ && begun_->kind == MessageKind::footer;
    if (!head || behind_footer || head->bytes > file_bytes_ - next_) return false;
    count();
    begun_ = {head->kind, next_, head->bytes};
    next_ = begun_->end();
  }
  return true;
}

bool MessageWalk::ended() const {
  return begun_ && begun_->kind == MessageKind::footer && next_ == file_bytes_;
}

MessageWalk MessageWalk::rewound(std::uint64_t next, std::uint64_t file_bytes) const {
  MessageWalk other = *this;
  const std::uint64_t by = next - (begun_ ? begun_->offset : next_);  // modulo 2^64: either way
  other.file_bytes_ = file_bytes;
  other.next_ = next;
  other.begun_.reset();
  if (other.last_step_) other.last_step_->offset += by;
  for (MessageSpan& chunk : other.chunks_) chunk.offset += by;
  return other;
}

core::ByteView FileWalk::bytes(std::uint64_t offset, std::uint64_t size) {
  if (offset > file_->size() || size > file_->size() - offset) return {};
  const bool held = offset >= window_at_ && offset - window_at_ <= window_.size() &&
                    size <= window_.size() - (offset - window_at_);
  if (!held) {
    window_.resize(std::min(file_->size() - offset, std::max(size, window_bytes)));
    window_at_ = offset;
    if (!file_->read(offset, window_)) {
      window_.clear();
      return {};
    }
  }
  return core::ByteView(window_).subspan(offset - window_at_, size);
}

bool FileWalk::advance() {
  const core::ByteView head = bytes(walk_.next(), message_head_bytes);
  return !head.empty() && walk_.pass(head, walk_.next(), walk_.next() + 1);
}

bool FileWalk::advance_to_step() {
  while (advance()) {
    if (at().kind == MessageKind::step || at().kind == MessageKind::footer) return true;
  }
  return false;
}

bool FileWalk::advance_to_footer() {
  while (!walk_.ended()) {
    if (!advance()) return false;
  }
  return true;
}

}  // namespace isotrace::executor
