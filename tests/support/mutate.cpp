#include "tests/support/mutate.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace isotrace::tests {
namespace {

using core::Bytes;
using core::PhiloxStream;

std::size_t place(const Bytes& bytes, PhiloxStream& random) {
  return static_cast<std::size_t>(random.next_below(bytes.size()));
}

Bytes::iterator at(Bytes& bytes, std::size_t offset) {
  return bytes.begin() + static_cast<std::ptrdiff_t>(offset);
}

void overwrite_byte(Bytes& bytes, PhiloxStream& random) {
  constexpr std::array<std::uint8_t, 4> extremes = {0x00, 0x7F, 0x80, 0xFF};
  const auto word = random.next_u32();
  bytes[place(bytes, random)] =
      (word & 0x100) != 0 ? extremes[word % 4] : static_cast<std::uint8_t>(word);
}

void overwrite_integer(Bytes& bytes, PhiloxStream& random) {
  constexpr std::array<std::uint64_t, 6> extremes = {
      0, 1, 0xFFFFFFFFFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0x0000000100000000};
  const std::uint64_t value = extremes[random.next_below(extremes.size())];
  const std::size_t offset = place(bytes, random);
  for (std::size_t i = 0; i < 8 && offset + i < bytes.size(); ++i) {
    bytes[offset + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
}

void duplicate_slice(Bytes& bytes, PhiloxStream& random) {
  const std::size_t from = place(bytes, random);
  const std::size_t size = std::min<std::size_t>(bytes.size() - from, 1 + random.next_below(64));
  const Bytes slice(at(bytes, from), at(bytes, from + size));
  bytes.insert(at(bytes, place(bytes, random)), slice.begin(), slice.end());
}

void swap_slices(Bytes& bytes, PhiloxStream& random) {
  const std::size_t a = place(bytes, random);
  const std::size_t b = place(bytes, random);
  const std::size_t low = std::min(a, b);
  const std::size_t high = std::max(a, b);
  const std::size_t size = std::min({high - low, bytes.size() - high, std::size_t{32}});
  std::swap_ranges(at(bytes, low), at(bytes, low + size), at(bytes, high));
}

void edit(Bytes& bytes, PhiloxStream& random) {
  switch (random.next_below(9)) {
    case 0:
    case 1:
      bytes[place(bytes, random)] ^= static_cast<std::uint8_t>(1U << random.next_below(8));
      break;
    case 2: overwrite_byte(bytes, random); break;
    case 3: overwrite_integer(bytes, random); break;
    case 4:
      bytes.insert(at(bytes, place(bytes, random)), static_cast<std::uint8_t>(random.next_u32()));
      break;
    case 5: bytes.erase(at(bytes, place(bytes, random))); break;
    case 6: bytes.resize(place(bytes, random)); break;
    case 7: duplicate_slice(bytes, random); break;
    default: swap_slices(bytes, random); break;
  }
}

}  // namespace

Bytes mutate(const Bytes& original, PhiloxStream& random) {
  if (original.empty()) return original;
  Bytes bytes = original;
  while (bytes == original) {
    const auto edits = 1 + random.next_below(3);
    for (std::uint64_t i = 0; i < edits && !bytes.empty(); ++i) edit(bytes, random);
  }
  return bytes;
}

std::size_t mutant_count() {
  const char* text = std::getenv("ISOTRACE_MUTANTS");
  return text == nullptr ? 20000 : static_cast<std::size_t>(std::strtoul(text, nullptr, 10));
}

}  // namespace isotrace::tests
