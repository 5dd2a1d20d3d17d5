#include "lean_memory.hpp"

#include <algorithm>

namespace isotrace::proofs {
namespace {

constexpr unsigned byte_bits = 8;
constexpr unsigned address_bits = 32;

/// The definition `exact_bits`.
LeanWord exact(std::uint64_t value) {
  LeanWord word;
  for (; value != 0; value >>= 1U) word.push_back(value & 1U);
  return word;
}

/// Some bit of one is the opposite of that bit of the other.
bool apart(const LeanWord& a, const LeanWord& b) {
  return !std::equal(a.begin(), a.end(), b.begin(), b.end(),
                     [](LeanLit one, LeanLit other) { return one != inverse(other); });
}

/// The sum with all of its bits.
LeanWord total(LeanGates& gates, const LeanWord& x, const LeanWord& y) {
  return lean_sum(gates, std::max(x.size(), y.size()) + 1, x, y, lean_no);
}

LeanWrite guarded(LeanGates& gates, LeanLit condition, LeanWrite write) {
  write.on = gates.both(condition, write.on);
  return write;
}

}  // namespace

LeanWrites lean_join_writes(LeanGates& gates, LeanLit condition, const LeanWrites& yes,
                            const LeanWrites& no) {
  const std::size_t both = std::min(yes.size(), no.size());
  std::size_t alike = 0;
  while (alike < both && yes[alike] == no[alike]) ++alike;
  LeanWrites joined(yes.begin(), yes.begin() + static_cast<std::ptrdiff_t>(alike));
  const auto add = [&](LeanLit where, const LeanWrites& writes, std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) joined.push_back(guarded(gates, where, writes[i]));
  };
  for (std::size_t i = alike; i < both; ++i) {
    add(inverse(condition), no, i, i + 1);
    add(condition, yes, i, i + 1);
  }
  add(inverse(condition), no, both, no.size());
  add(condition, yes, both, yes.size());
  return joined;
}

std::uint64_t lean_most(const LeanWord& word) {
  std::uint64_t most = 0;
  for (std::size_t i = word.size(); i-- > 0;) most = 2 * most + (word[i] == lean_no ? 0 : 1);
  return most;
}

LeanLit LeanMemory::beyond(const CodeNode& node, const LeanWord& address) {
  const std::uint64_t end = node.offset + node.bytes;
  if (end > bytes_) return lean_yes;
  return inverse(lean_ordered(gates_, address, exact(bytes_ - end), lean_yes));
}

LeanWord LeanMemory::load(const CodeNode& node, const LeanWord& address, const LeanWrites& writes) {
  LeanWord value;
  for (unsigned i = 0; i < node.bytes; ++i) {
    const LeanWord byte = byte_at(writes, place(address, node.offset + i));
    value.insert(value.end(), byte.begin(), byte.end());
  }
  CodeNode resized;
  resized.index = byte_bits * node.bytes;
  resized.wide = node.wide;
  resized.with_sign = node.with_sign;
  return lean_resize(resized, value);
}

void LeanMemory::store(const CodeNode& node, const LeanWord& address, const LeanWord& value,
                       LeanWrites& writes) {
  for (unsigned i = 0; i < node.bytes; ++i) {
    const auto low = value.begin() + static_cast<std::ptrdiff_t>(byte_bits) * i;
    writes.push_back({.on = lean_yes,
                      .address = place(address, node.offset + i),
                      .byte = LeanWord(low, low + byte_bits)});
  }
}

LeanLit LeanMemory::row_beyond(const LeanWord& address, const LeanWord& count) {
  return inverse(lean_ordered(gates_, total(gates_, address, count), exact(bytes_), lean_yes));
}

void LeanMemory::fill(const LeanWord& address, const LeanWord& value, const LeanWord& count,
                      LeanWrites& writes) {
  const LeanWord byte = lean_fit(lean_no, byte_bits, value);
  for (std::uint64_t i = 0; i < lean_most(count); ++i) {
    const LeanLit on = lean_ordered(gates_, exact(i), count, lean_no);
    writes.push_back({.on = on, .address = place(address, i), .byte = byte});
  }
}

void LeanMemory::copy(const LeanWord& address, const LeanWord& from, const LeanWord& count,
                      LeanWrites& writes) {
  const LeanWrites before = writes;
  for (std::uint64_t i = 0; i < lean_most(count); ++i) {
    const LeanLit on = lean_ordered(gates_, exact(i), count, lean_no);
    const LeanWord byte = byte_at(before, place(from, i));
    writes.push_back({.on = on, .address = place(address, i), .byte = byte});
  }
}

LeanWord LeanMemory::place(const LeanWord& address, std::uint64_t offset) {
  return lean_sum(gates_, address_bits, address, lean_constant(address_bits, offset), lean_no);
}

LeanWord LeanMemory::byte_at(const LeanWrites& writes, const LeanWord& address) {
  struct Candidate {
    LeanLit here;
    const LeanWord* byte;
  };
  std::vector<Candidate> candidates;
  bool hit = false;
  for (auto write = writes.rbegin(); write != writes.rend() && !hit; ++write) {
    if (apart(write->address, address)) continue;
    const LeanLit here = lean_equals(gates_, write->address, address, write->on);
    if (here == lean_no) continue;
    candidates.push_back({here, &write->byte});
    hit = here == lean_yes;
  }
  LeanWord chosen(byte_bits, lean_no);
  if (!hit) chosen = first_bytes(address, address_bits, 0);
  for (auto at = candidates.rbegin(); at != candidates.rend(); ++at)
    chosen = lean_choose(gates_, at->here, byte_bits, *at->byte, chosen);
  return chosen;
}

/// The first byte where the bits of the address above the lowest `bits` are those of `prefix`.
LeanWord LeanMemory::first_bytes(const LeanWord& address, unsigned bits, std::uint64_t prefix) {
  const std::uint64_t low = prefix << bits;
  const std::uint64_t high = low + (std::uint64_t{1} << bits) - 1;
  if (untouched(low, high)) return lean_constant(byte_bits, 0);
  if (bits == 0) {
    for (const auto& [start, run] : runs_)
      if (low >= start && low < start + run.size())
        return lean_constant(byte_bits, static_cast<std::uint64_t>(run[low - start]));
  }
  const LeanLit bit = address[--bits];
  if (bit == lean_no) return first_bytes(address, bits, 2 * prefix);
  if (bit == lean_yes) return first_bytes(address, bits, 2 * prefix + 1);
  const LeanWord set = first_bytes(address, bits, 2 * prefix + 1);
  return lean_choose(gates_, bit, byte_bits, set, first_bytes(address, bits, 2 * prefix));
}

bool LeanMemory::untouched(std::uint64_t low, std::uint64_t high) const {
  return std::none_of(runs_.begin(), runs_.end(), [&](const auto& run) {
    return run.first <= high && low < run.first + run.second.size();
  });
}

}  // namespace isotrace::proofs
