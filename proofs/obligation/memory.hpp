// Linear memory as terms. What code stores is a chain of stores; a load looks through it and gives
// a term without memories: a byte that was stored there, or a byte of the initial memory, chosen
// bit by bit of the address. Only a memory of which nothing is known at the start stays a variable.
// Trust: part of the trusted base.
#pragma once

#include <map>
#include <unordered_map>

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/proofs/obligation/known_bits.hpp>

namespace isotrace::proofs::obligation {

/// What executing on terms may do: instructions, slots joined, stores and bytes looked at.
inline constexpr std::uint64_t work_max = std::uint64_t{1} << 26;

/// The bytes that instantiation writes; all others are the same.
class MemoryImage {
 public:
  explicit MemoryImage(std::uint8_t fill = 0) : fill_(fill) {}
  void write(std::uint64_t address, core::ByteView bytes);
  [[nodiscard]] std::uint8_t at(std::uint32_t address) const;
  [[nodiscard]] std::uint8_t fill() const { return fill_; }
  /// Whether nothing was written to [2^bits * k, 2^bits * (k + 1)) around the address.
  [[nodiscard]] bool untouched(std::uint32_t address, unsigned bits) const;

 private:
  static constexpr unsigned chunk_bits = 8;
  std::uint8_t fill_;
  std::map<std::uint32_t, core::Bytes> chunks_;  // by address >> chunk_bits
};

/// Memories of one instance. A memory is a term; the first one is `initial()`.
class MemoryTerms {
 public:
  /// `image`: nothing if the initial memory is a variable of which nothing is known. `arbitrary`:
  /// it is not what instantiation left.
  MemoryTerms(bits::TermPool& pool, const MemoryImage* image, bool arbitrary);

  [[nodiscard]] bits::Term initial() const { return initial_; }
  [[nodiscard]] bool arbitrary() const { return arbitrary_; }
  /// Little-endian, from `size` bytes (1..8) at an address of 32 bits; modulo 2^32.
  bits::Term load(bits::Term memory, bits::Term address, unsigned size);
  /// The lowest `size` bytes of a vector.
  bits::Term store(bits::Term memory, bits::Term address, bits::Term value, unsigned size);
  /// How often it looked at a store or a byte. Beyond work_max it goes no further, and what it
  /// gives then means nothing.
  [[nodiscard]] std::uint64_t work() const { return work_; }
  KnownBitsTable& known_bits() { return known_; }

 private:
  struct Place {
    std::uint32_t memory = 0;
    std::uint32_t address = 0;
    bool operator==(const Place&) const = default;
  };
  struct PlaceHash {
    std::size_t operator()(Place place) const {
      return (std::uint64_t{place.memory} << 32 | place.address) * 0x9e3779b97f4a7c15U >> 16;
    }
  };
  /// A row of stores at constant addresses, so that reads at such ones need not look at each.
  struct Row {
    std::unordered_map<std::uint32_t, bits::Term> bytes;  ///< by address: the newest
    bits::Term below;                                     ///< the memory before them
  };
  static constexpr std::uint32_t row_stores = 64;
  using Entries = std::map<std::uint32_t, bits::Term>;
  /// All stores at constant addresses, one upon the other; fewer than table_size_min are read one
  /// by one.
  struct Table {
    Entries bytes;  ///< by address: the newest
    bits::Term below;
  };
  static constexpr std::size_t table_size_min = 4;
  /// The address base + term.
  struct Index {
    bits::Term term;
    std::uint32_t base = 0;
    KnownBits known;
  };

  void note_store(bits::Term memory);
  bits::Term read(bits::Term memory, bits::Term address);
  /// Its byte, if the memories that it depends on have theirs; else adds those to `open`.
  std::optional<bits::Term> read_top(bits::Term memory, bits::Term address,
                                     std::vector<bits::Term>& open);
  bits::Term read_initial(bits::Term address);
  const Table& table_of(bits::Term memory);
  Index index_of(bits::Term address);
  bits::Term look_up(const Table& table, bits::Term address, bits::Term otherwise);
  bits::Term choose(const Index& index, unsigned bit, std::uint32_t prefix);
  bits::Term choose(const Index& index, unsigned bit, Entries::const_iterator begin,
                    Entries::const_iterator end, bits::Term otherwise);
  template <class Low, class High>
  bits::Term choose_by_bit(const Index& index, unsigned bit, Low low, High high);

  bits::TermPool& pool_;
  const MemoryImage* image_;
  bool arbitrary_;
  bits::Term initial_;
  KnownBitsTable known_;
  std::unordered_map<Place, bits::Term, PlaceHash> bytes_;
  std::unordered_map<std::uint32_t, std::uint32_t> open_rows_;  // by memory: stores so far
  std::unordered_map<std::uint32_t, Row> rows_;                 // by the memory at their top
  std::unordered_map<std::uint32_t, Table> tables_;             // likewise
  std::uint64_t work_ = 0;
};

}  // namespace isotrace::proofs::obligation
