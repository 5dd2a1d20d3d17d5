#include <isotrace/proofs/obligation/memory.hpp>

#include <algorithm>

#include <isotrace/proofs/obligation/integers.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Operation;
using bits::Relation;
using bits::Term;

constexpr unsigned address_bits = 32;

}  // namespace

void MemoryImage::write(std::uint64_t address, core::ByteView bytes) {
  for (const std::uint8_t byte : bytes) {
    const auto place = static_cast<std::uint32_t>(address++);
    core::Bytes& chunk = chunks_[place >> chunk_bits];
    chunk.resize(std::size_t{1} << chunk_bits, fill_);
    chunk[place & ((1U << chunk_bits) - 1)] = byte;
  }
}

std::uint8_t MemoryImage::at(std::uint32_t address) const {
  const auto chunk = chunks_.find(address >> chunk_bits);
  return chunk == chunks_.end() ? fill_ : chunk->second[address & ((1U << chunk_bits) - 1)];
}

bool MemoryImage::untouched(std::uint32_t address, unsigned bits) const {
  if (bits <= chunk_bits) return !chunks_.contains(address >> chunk_bits);
  const std::uint64_t first = std::uint64_t{address} >> bits << bits;
  const std::uint64_t end = first + (std::uint64_t{1} << bits);
  const auto chunk = chunks_.lower_bound(static_cast<std::uint32_t>(first >> chunk_bits));
  return chunk == chunks_.end() || chunk->first >= end >> chunk_bits;
}

MemoryTerms::MemoryTerms(bits::TermPool& pool, const MemoryImage* image, bool arbitrary)
    : pool_(pool),
      image_(image),
      arbitrary_(arbitrary),
      initial_(pool.variable("memory", bits::memory_sort)),
      known_(pool) {}

Term MemoryTerms::load(Term memory, Term address, unsigned size) {
  // Bytes of one vector that lie side by side are that vector's bits.
  Term value = read(memory, address);
  for (unsigned i = 1; i < size; ++i) {
    const Term next = read(memory, add_constant(pool_, address, i));
    const bool both_cut = pool_.operation(value) == Operation::extract &&
                          pool_.operation(next) == Operation::extract &&
                          pool_.operand(value, 0) == pool_.operand(next, 0);
    const unsigned width = pool_.width(value);
    if (both_cut && pool_.low_bit(next) == pool_.low_bit(value) + width) {
      const unsigned low = pool_.low_bit(value);
      value = pool_.extract(pool_.operand(value, 0), low + width + bits::byte_width - 1, low);
    } else {
      value = pool_.concat(next, value);
    }
  }
  return value;
}

Term MemoryTerms::store(Term memory, Term address, Term value, unsigned size) {
  for (unsigned i = 0; i < size; ++i) {
    const unsigned low = bits::byte_width * i;
    memory = pool_.store(memory, add_constant(pool_, address, i),
                         pool_.extract(value, low + bits::byte_width - 1, low));
    if (!pool_.full()) note_store(memory);
  }
  return memory;
}

/// Counts stores at constant addresses, one upon the other, and makes a row of each row_stores.
void MemoryTerms::note_store(Term memory) {
  if (!pool_.constant_value(pool_.operand(memory, 1))) return;
  const auto before = open_rows_.find(pool_.operand(memory, 0).index);
  const std::uint32_t stores = (before == open_rows_.end() ? 0 : before->second) + 1;
  open_rows_[memory.index] = stores % row_stores;
  if (stores < row_stores) return;
  Row row{.bytes = {}, .below = memory};
  for (std::uint32_t i = 0; i < row_stores; ++i) {
    const auto address = pool_.constant_value(pool_.operand(row.below, 1));
    row.bytes.try_emplace(static_cast<std::uint32_t>(*address), pool_.operand(row.below, 2));
    row.below = pool_.operand(row.below, 0);
  }
  rows_.insert_or_assign(memory.index, std::move(row));
}

Term MemoryTerms::read(Term memory, Term address) {
  std::vector<Term> open = {memory};
  while (!open.empty()) {
    if (pool_.full()) return {};  // who uses it asks the pool
    if (work_ > work_max) return pool_.constant(0, bits::byte_width);
    const Term now = open.back();
    const Place place{now.index, address.index};
    if (!bytes_.contains(place)) {
      const auto byte = read_top(now, address, open);
      if (!byte) continue;
      bytes_.emplace(place, *byte);
    }
    open.pop_back();
  }
  return bytes_.at({memory.index, address.index});
}

std::optional<Term> MemoryTerms::read_top(Term memory, Term address, std::vector<Term>& open) {
  const auto known = pool_.constant_value(address);
  while (true) {
    ++work_;
    if (memory == initial_) return read_initial(address);
    if (pool_.operation(memory) != Operation::store) break;
    if (const auto row = known ? rows_.find(memory.index) : rows_.end(); row != rows_.end()) {
      const auto byte = row->second.bytes.find(static_cast<std::uint32_t>(*known));
      if (byte != row->second.bytes.end()) return byte->second;
      memory = row->second.below;
      continue;
    }
    const Relation relation = known_.compare(pool_.operand(memory, 1), address);
    if (relation == Relation::equal) return pool_.operand(memory, 2);
    if (relation == Relation::unknown) break;
    memory = pool_.operand(memory, 0);
  }
  const auto same = bytes_.find({memory.index, address.index});
  if (same != bytes_.end()) return same->second;
  const bool stored = pool_.operation(memory) == Operation::store;
  const Term first = pool_.operand(memory, stored ? 0 : 1);
  const Term second = stored ? first : pool_.operand(memory, 2);
  const auto a = bytes_.find({first.index, address.index});
  const auto b = bytes_.find({second.index, address.index});
  if (a == bytes_.end()) open.push_back(first);
  if (b == bytes_.end() && second != first) open.push_back(second);
  if (a == bytes_.end() || b == bytes_.end()) return std::nullopt;
  if (!stored) return pool_.ite(pool_.operand(memory, 0), a->second, b->second);
  return pool_.ite(pool_.equal(pool_.operand(memory, 1), address), pool_.operand(memory, 2),
                   a->second);
}

Term MemoryTerms::read_initial(Term address) {
  if (image_ == nullptr) return pool_.select(initial_, address);
  return choose(address, KnownBits(known_.of(address)), address_bits, 0);
}

/// The byte at the addresses that agree with `prefix` from `bit` up.
Term MemoryTerms::choose(Term address, const KnownBits& known, unsigned bit, std::uint32_t prefix) {
  if (++work_ > work_max || image_->untouched(prefix, bit)) {
    return pool_.constant(image_->fill(), bits::byte_width);
  }
  if (bit == 0) return pool_.constant(image_->at(prefix), bits::byte_width);
  --bit;
  const std::uint32_t set = prefix | 1U << bit;
  if ((known.zeros >> bit & 1) != 0) return choose(address, known, bit, prefix);
  if ((known.ones >> bit & 1) != 0) return choose(address, known, bit, set);
  const Term low = choose(address, known, bit, prefix);
  const Term high = choose(address, known, bit, set);
  const Term one = pool_.constant(1, 1);
  return pool_.ite(pool_.equal(pool_.extract(address, bit, bit), one), high, low);
}

}  // namespace isotrace::proofs::obligation
