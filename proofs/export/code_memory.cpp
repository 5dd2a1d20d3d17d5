#include "code_memory.hpp"

#include <algorithm>

#include "code_words.hpp"

namespace isotrace::proofs {
namespace {

using bits::Gates;
using bits::invert;
using bits::Wire;
using bits::wire_false;
using bits::wire_true;
using bits::Word;

constexpr unsigned byte_bits = 8;
constexpr unsigned address_bits = 32;
constexpr std::uint32_t less_unsigned = 3;  // Wasm.v's `relation`

/// Some bit of one is the negation of that bit of the other.
bool apart(const Word& a, const Word& b) {
  return !std::equal(a.begin(), a.end(), b.begin(), b.end(),
                     [](Wire one, Wire other) { return one != invert(other); });
}

/// The writes from `begin` on, only where the wire is true. Coq's lists have the latest first.
void enable(Gates& gates, Wire wire, CodeWrites& writes, std::size_t begin) {
  for (std::size_t i = writes.size(); i-- > begin;) {
    writes[i].on = gates.conjunction(wire, writes[i].on);
  }
}

}  // namespace

std::uint64_t most_of(const Word& word) {
  std::uint64_t most = 0;
  for (std::size_t i = word.size(); i-- > 0;) most = 2 * most + (word[i] != wire_false ? 1 : 0);
  return most;
}

CodeWrites choose_writes(Gates& gates, Wire condition, CodeWrites first, const CodeWrites& second) {
  const auto parting = std::mismatch(first.begin(), first.end(), second.begin(), second.end());
  const auto common = static_cast<std::size_t>(parting.first - first.begin());
  enable(gates, condition, first, common);
  CodeWrites chosen = second;
  enable(gates, invert(condition), chosen, common);
  std::move(first.begin() + static_cast<std::ptrdiff_t>(common), first.end(),
            std::back_inserter(chosen));
  return chosen;
}

CodeMemory::Loaded CodeMemory::load(const CodeNode& node, const Word& address,
                                    const CodeWrites& writes) {
  Loaded loaded{.value = {}, .trap = beyond(node, address)};
  for (unsigned i = 0; i < node.bytes; ++i) {
    const Word byte = byte_word(writes, offset_word(address, node.offset + i));
    loaded.value.insert(loaded.value.end(), byte.begin(), byte.end());
  }
  CodeNode extension;
  extension.index = byte_bits * node.bytes;
  extension.wide = node.wide;
  extension.with_sign = node.with_sign;
  loaded.value = extend_word(extension, loaded.value);
  return loaded;
}

Wire CodeMemory::store(const CodeNode& node, const Word& address, const Word& value,
                       CodeWrites& writes) {
  const Wire trap = beyond(node, address);
  for (unsigned i = 0; i < node.bytes; ++i) {
    const auto low = value.begin() + static_cast<std::ptrdiff_t>(byte_bits) * i;
    writes.push_back({.on = wire_true,
                      .address = offset_word(address, node.offset + i),
                      .byte = Word(low, low + byte_bits)});
  }
  return trap;
}

Wire CodeMemory::fill(const Word& address, const Word& value, const Word& count,
                      CodeWrites& writes) {
  const Wire trap = row_beyond(address, count);
  const Word byte(value.begin(), value.begin() + byte_bits);
  write_row(std::vector<Word>(most_of(count), byte), address, count, writes);
  return trap;
}

Wire CodeMemory::copy(const Word& address, const Word& from, const Word& count,
                      CodeWrites& writes) {
  const Wire unread = row_beyond(from, count);
  const Wire unwritten = row_beyond(address, count);
  const Wire trap = gates_.disjunction(unread, unwritten);
  std::vector<Word> row;
  for (std::uint64_t i = 0; i < most_of(count); ++i) {
    row.push_back(byte_word(writes, offset_word(from, i)));
  }
  write_row(row, address, count, writes);
  return trap;
}

/// The sum has a bit more than its terms.
Wire CodeMemory::row_beyond(const Word& address, const Word& count) {
  const auto wider = [](Word word) {
    word.push_back(wire_false);
    return word;
  };
  const Word end = bits::operation_gates(gates_, bits::Operation::bvadd,
                                         {wider(address), wider(count)}, 0, address_bits + 1);
  const Word bytes = bits::constant_word(module_.memory_bytes, address_bits + 1);
  return compare_words(gates_, less_unsigned, bytes, end);
}

void CodeMemory::write_row(const std::vector<Word>& row, const Word& address, const Word& count,
                           CodeWrites& writes) {
  CodeWrites made;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Word place = bits::constant_word(i, address_bits);
    const Wire on = compare_words(gates_, less_unsigned, place, count);
    made.push_back({.on = on, .address = offset_word(address, i), .byte = row[i]});
  }
  std::move(made.rbegin(), made.rend(), std::back_inserter(writes));
}

Wire CodeMemory::beyond(const CodeNode& node, const Word& address) {
  const std::uint64_t end = node.offset + node.bytes;
  if (module_.memory_bytes < end) return wire_true;
  const Word last = bits::constant_word(module_.memory_bytes - end, address_bits);
  return compare_words(gates_, less_unsigned, last, address);
}

Word CodeMemory::offset_word(const Word& address, std::uint64_t offset) {
  const Word constant = bits::constant_word(offset, address_bits);
  return bits::operation_gates(gates_, bits::Operation::bvadd, {address, constant}, 0,
                               address_bits);
}

Word CodeMemory::byte_word(const CodeWrites& writes, const Word& address) {
  struct Candidate {
    Wire here;
    const Word* byte;
  };
  std::vector<Candidate> candidates;
  std::optional<Word> byte;
  for (auto write = writes.rbegin(); write != writes.rend() && !byte; ++write) {
    const Wire equal = apart(write->address, address)
                           ? wire_false
                           : bits::equal_words(gates_, write->address, address);
    const Wire here = gates_.conjunction(write->on, equal);
    if (here == wire_true) {
      byte = write->byte;
    } else if (here != wire_false) {
      candidates.push_back({here, &write->byte});
    }
  }
  Word chosen = byte ? *byte : image_word(address, address_bits, 0);
  for (auto at = candidates.rbegin(); at != candidates.rend(); ++at) {
    chosen = bits::choose_word(gates_, at->here, *at->byte, chosen);
  }
  return chosen;
}

/// The initial byte at the addresses that agree with `prefix` from `bit` up.
Word CodeMemory::image_word(const Word& address, unsigned bit, std::uint32_t prefix) {
  if (module_.image.untouched(prefix, bit)) return bits::constant_word(0, byte_bits);
  if (bit == 0) return bits::constant_word(module_.image.at(prefix), byte_bits);
  --bit;
  const std::uint32_t set = prefix | 1U << bit;
  if (address[bit] == wire_true) return image_word(address, bit, set);
  if (address[bit] == wire_false) return image_word(address, bit, prefix);
  const Word high = image_word(address, bit, set);
  const Word low = image_word(address, bit, prefix);
  return bits::choose_word(gates_, address[bit], high, low);
}

}  // namespace isotrace::proofs
