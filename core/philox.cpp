#include <isotrace/core/philox.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::core {

PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

PhiloxStream::PhiloxStream(std::uint64_t seed, std::uint32_t operation, std::uint32_t step)
    : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      counter_{0, 0, operation, step} {}

std::uint32_t PhiloxStream::next_u32() {
  if (used_ == 4) {
    words_ = philox4x32(counter_, key_);
    if (++counter_[0] == 0) ++counter_[1];
    used_ = 0;
  }
  return words_[used_++];
}

std::uint64_t PhiloxStream::next_u64() {
  const std::uint64_t low = next_u32();
  return low | std::uint64_t{next_u32()} << 32;
}

float PhiloxStream::next_f32() { return static_cast<float>(next_u32() >> 8) * 0x1p-24F; }

std::uint64_t PhiloxStream::next_below(std::uint64_t bound) {
  ISOTRACE_CHECK(bound > 0);
  const std::uint64_t unbiased = UINT64_MAX - UINT64_MAX % bound;  // a multiple of bound
  std::uint64_t word = next_u64();
  while (word >= unbiased) word = next_u64();
  return word % bound;
}

}  // namespace isotrace::core
