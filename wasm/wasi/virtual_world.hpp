// A clock and randomness that are the same in every run.
#pragma once

#include <isotrace/core/philox.hpp>
#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::wasm::wasi {

/// Every reading, of whichever clock, is 1 ms after the one before; the first is 1 ms after the
/// start, which is 2000-01-01T00:00:00Z for the real time and 0 for the monotonic clock. Sleeping
/// takes no time but moves the clocks on.
class VirtualClock final : public Clock {
 public:
  static constexpr std::uint64_t start_ns = 946'684'800'000'000'000;
  static constexpr std::uint64_t tick_ns = 1'000'000;

  Answer<std::uint64_t> now(ClockId clock) override {
    elapsed_ns_ += tick_ns;
    return elapsed_ns_ + (clock == ClockId::realtime ? start_ns : 0);
  }
  Answer<std::uint64_t> resolution(ClockId /*clock*/) override { return tick_ns; }
  void sleep(std::uint64_t duration) override { elapsed_ns_ += duration; }

 private:
  std::uint64_t elapsed_ns_ = 0;
};

/// The words of a PhiloxStream, little-endian, one byte after the other.
class SeededRandomness final : public Randomness {
 public:
  explicit SeededRandomness(std::uint64_t seed) : words_(seed) {}

  Answer<core::Done> fill(std::span<std::uint8_t> bytes) override {
    for (std::uint8_t& byte : bytes) {
      if (left_ == 0) {
        word_ = words_.next_u32();
        left_ = 4;
      }
      byte = static_cast<std::uint8_t>(word_);
      word_ >>= 8;
      --left_;
    }
    return core::Done{};
  }

 private:
  core::PhiloxStream words_;
  std::uint32_t word_ = 0;
  unsigned left_ = 0;
};

}  // namespace isotrace::wasm::wasi
