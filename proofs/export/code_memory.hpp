// The circuits of coq/bits/Memory.v: memory as bytes written over an initial one. Trust: none
// (function_circuit.hpp).
#pragma once

#include <isotrace/bits/word_gates.hpp>

#include "wasm_code.hpp"

namespace isotrace::proofs {

/// A byte that is written where the wire is true.
struct CodeWrite {
  bits::Wire on = bits::wire_true;
  bits::Word address;
  bits::Word byte;

  bool operator==(const CodeWrite&) const = default;
};
/// The oldest first.
using CodeWrites = std::vector<CodeWrite>;

/// `first` where the condition holds, else `second`.
CodeWrites choose_writes(bits::Gates& gates, bits::Wire condition, CodeWrites first,
                         const CodeWrites& second);

/// Bytes that one instruction fills or copies at most.
inline constexpr std::uint64_t row_most = 4096;
/// The largest number that a word can be.
std::uint64_t most_of(const bits::Word& word);

/// Loads and stores of a module's memory.
class CodeMemory {
 public:
  /// Both must outlive it.
  CodeMemory(bits::Gates& gates, const CodeModule& module) : gates_(gates), module_(module) {}

  struct Loaded {
    bits::Word value;
    bits::Wire trap;
  };
  Loaded load(const CodeNode& node, const bits::Word& address, const CodeWrites& writes);
  /// When it traps.
  bits::Wire store(const CodeNode& node, const bits::Word& address, const bits::Word& value,
                   CodeWrites& writes);
  /// memory.fill and memory.copy; `count` must be at most row_most.
  bits::Wire fill(const bits::Word& address, const bits::Word& value, const bits::Word& count,
                  CodeWrites& writes);
  bits::Wire copy(const bits::Word& address, const bits::Word& from, const bits::Word& count,
                  CodeWrites& writes);

 private:
  bits::Wire row_beyond(const bits::Word& address, const bits::Word& count);
  void write_row(const std::vector<bits::Word>& row, const bits::Word& address,
                 const bits::Word& count, CodeWrites& writes);
  bits::Wire beyond(const CodeNode& node, const bits::Word& address);
  bits::Word offset_word(const bits::Word& address, std::uint64_t offset);
  bits::Word byte_word(const CodeWrites& writes, const bits::Word& address);
  bits::Word image_word(const bits::Word& address, unsigned bit, std::uint32_t prefix);

  bits::Gates& gates_;
  const CodeModule& module_;
};

}  // namespace isotrace::proofs
