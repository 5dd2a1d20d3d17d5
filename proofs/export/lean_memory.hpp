// Circuits of lean/bits/Memory.lean. Trust: none, as lean_gates.hpp.
#pragma once

#include "lean_gates.hpp"
#include "memory_runs.hpp"

namespace isotrace::proofs {

/// A byte that has been written where the literal is true.
struct LeanWrite {
  LeanLit on = lean_yes;
  LeanWord address;
  LeanWord byte;

  bool operator==(const LeanWrite&) const = default;
};
/// The oldest first; Lean's lists have the latest first.
using LeanWrites = std::vector<LeanWrite>;

/// `yes` where the condition holds, else `no`.
LeanWrites lean_join_writes(LeanGates& gates, LeanLit condition, const LeanWrites& yes,
                            const LeanWrites& no);
/// The definition `most`: no number that a word can be is larger.
std::uint64_t lean_most(const LeanWord& word);

/// Bytes that one instruction fills or copies at most.
inline constexpr std::uint64_t lean_row_most = 4096;

/// Loads and stores of a module's memory.
class LeanMemory {
 public:
  /// Both must outlive it.
  LeanMemory(LeanGates& gates, const CodeModule& module)
      : gates_(gates), bytes_(module.memory_bytes), runs_(find_memory_runs(module.image)) {}

  /// When a load or store traps.
  LeanLit beyond(const CodeNode& node, const LeanWord& address);
  LeanWord load(const CodeNode& node, const LeanWord& address, const LeanWrites& writes);
  void store(const CodeNode& node, const LeanWord& address, const LeanWord& value,
             LeanWrites& writes);
  /// When memory.fill or memory.copy traps.
  LeanLit row_beyond(const LeanWord& address, const LeanWord& count);
  /// lean_most(count) must be at most lean_row_most.
  void fill(const LeanWord& address, const LeanWord& value, const LeanWord& count,
            LeanWrites& writes);
  void copy(const LeanWord& address, const LeanWord& from, const LeanWord& count,
            LeanWrites& writes);

 private:
  LeanWord place(const LeanWord& address, std::uint64_t offset);
  LeanWord byte_at(const LeanWrites& writes, const LeanWord& address);
  LeanWord first_bytes(const LeanWord& address, unsigned bits, std::uint64_t prefix);
  [[nodiscard]] bool untouched(std::uint64_t low, std::uint64_t high) const;

  LeanGates& gates_;
  std::uint64_t bytes_;
  MemoryRuns runs_;
};

}  // namespace isotrace::proofs
