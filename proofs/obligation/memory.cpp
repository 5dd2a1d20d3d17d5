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
  if (const Table& table = table_of(memory); table.bytes.size() >= table_size_min) {
    const auto below = bytes_.find({table.below.index, address.index});
    if (below != bytes_.end()) return look_up(table, address, below->second);
    open.push_back(table.below);
    return std::nullopt;
  }
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

const MemoryTerms::Table& MemoryTerms::table_of(Term memory) {
  const auto [place, is_new] = tables_.try_emplace(memory.index);
  Table& table = place->second;
  if (!is_new) return table;
  for (table.below = memory; pool_.operation(table.below) == Operation::store;
       table.below = pool_.operand(table.below, 0)) {
    const auto address = pool_.constant_value(pool_.operand(table.below, 1));
    if (!address) break;
    table.bytes.try_emplace(static_cast<std::uint32_t>(*address), pool_.operand(table.below, 2));
    ++work_;
  }
  return table;
}

/// Of base + index the index: it chooses, so that a table may begin anywhere.
MemoryTerms::Index MemoryTerms::index_of(Term address) {
  Index index{address, 0, {}};
  const auto base = pool_.operation(address) == Operation::bvadd
                        ? pool_.constant_value(pool_.operand(address, 1))
                        : std::nullopt;
  if (base) index = {pool_.operand(address, 0), static_cast<std::uint32_t>(*base), {}};
  index.known = known_.of(index.term);
  return index;
}

Term MemoryTerms::look_up(const Table& table, Term address, Term otherwise) {
  const Index index = index_of(address);
  Entries entries;
  for (const auto& [at, byte] : table.bytes) entries.emplace(at - index.base, byte);
  return choose(index, address_bits, entries.begin(), entries.end(), otherwise);
}

/// The byte at the indices that agree with these entries from `bit` up.
Term MemoryTerms::choose(const Index& index, unsigned bit, Entries::const_iterator begin,
                         Entries::const_iterator end, Term otherwise) {
  if (++work_ > work_max || begin == end) return otherwise;
  if (bit-- == 0) return begin->second;
  const auto middle =
      std::find_if(begin, end, [&](const auto& entry) { return (entry.first >> bit & 1) != 0; });
  return choose_by_bit(
      index, bit, [&] { return choose(index, bit, begin, middle, otherwise); },
      [&] { return choose(index, bit, middle, end, otherwise); });
}

template <class Low, class High>
Term MemoryTerms::choose_by_bit(const Index& index, unsigned bit, Low low, High high) {
  if ((index.known.zeros >> bit & 1) != 0) return low();
  if ((index.known.ones >> bit & 1) != 0) return high();
  const Term a = low();
  const Term b = high();
  const Term one = pool_.constant(1, 1);
  return pool_.ite(pool_.equal(pool_.extract(index.term, bit, bit), one), b, a);
}

Term MemoryTerms::read_initial(Term address) {
  if (image_ == nullptr) return pool_.select(initial_, address);
  return choose(index_of(address), address_bits, 0);
}

/// The byte at the indices that agree with `prefix` from `bit` up.
Term MemoryTerms::choose(const Index& index, unsigned bit, std::uint32_t prefix) {
  const std::uint32_t first = index.base + prefix;
  const auto last = static_cast<std::uint32_t>(first + (std::uint64_t{1} << bit) - 1);
  if (++work_ > work_max || (image_->untouched(first, bit) && image_->untouched(last, bit))) {
    return pool_.constant(image_->fill(), bits::byte_width);
  }
  if (bit-- == 0) return pool_.constant(image_->at(first), bits::byte_width);
  return choose_by_bit(
      index, bit, [&] { return choose(index, bit, prefix); },
      [&] { return choose(index, bit, prefix | 1U << bit); });
}

}  // namespace isotrace::proofs::obligation
