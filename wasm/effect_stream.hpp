// The effects of a run as a stream of which only a digest is kept (docs/formats/effects.md):
// engines append what every stretch of straight code does, and a thread hashes it.
#pragma once

#include <condition_variable>
#include <cstring>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <isotrace/core/digest.hpp>
#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>
#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm {

/// Bytes that a value of the type has in the stream.
constexpr std::size_t effect_bytes(ValueType type) {
  return type == ValueType::i32 || type == ValueType::f32 ? 4 : 8;
}
/// Of every parameter and local of a function, in their order.
std::vector<std::uint8_t> effect_bytes_of_locals(const Module& module, const Function& function);

/// Operations on tables, sizes and segments, and bulk operations: their operands and results stand
/// in the stream, 8 bytes each.
bool has_noted_operands(Opcode opcode);

class EffectStream {
 public:
  static constexpr std::size_t piece_bytes = std::size_t{1} << 20;

  EffectStream();
  ~EffectStream();
  EffectStream(const EffectStream&) = delete;
  EffectStream& operator=(const EffectStream&) = delete;

  /// Whether make_room() has to be called before anything is put; then there is room for all that
  /// one opcode can have.
  [[nodiscard]] bool is_full() const { return next_ >= limit_; }
  void make_room();

  /// Where to put things; the stream has them when it is gone. It keeps the place in a register,
  /// which what is written could not do: that might be the place itself.
  class Cursor {
   public:
    explicit Cursor(EffectStream& stream) : stream_(stream), next_(stream.next_) {}
    ~Cursor() { stream_.next_ = next_; }
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    /// The low bytes of a slot: 4 or 8.
    void put(Slot value, std::size_t bytes) {
      std::memcpy(next_, &value, sizeof value);
      next_ += bytes;
    }

   private:
    EffectStream& stream_;
    std::uint8_t* next_;
  };
  void put(Slot value, std::size_t bytes) { Cursor(*this).put(value, bytes); }

  struct Summary {
    std::uint64_t bytes = 0;
    core::Digest digest;
  };
  /// Call once; nothing may follow.
  Summary finish(const core::Digest& program);

 private:
  using Buffer = std::vector<std::uint8_t>;

  void work();
  Buffer take_spare();
  void pass_on(Buffer full, std::size_t size);
  void start(Buffer buffer, std::size_t used);

  Buffer buffer_;
  std::uint8_t* next_ = nullptr;
  std::uint8_t* limit_ = nullptr;
  std::uint64_t bytes_ = 0;  ///< passed on

  std::mutex mutex_;
  std::condition_variable signal_;
  std::deque<std::pair<Buffer, std::size_t>> waiting_;
  std::vector<Buffer> spare_;
  std::vector<core::Digest> digests_;  ///< of pieces
  bool ending_ = false;
  std::thread thread_;  // the last: it uses all others
};

}  // namespace isotrace::wasm
