// Makes witnesses of single steps. What a step reads is what its judge asks for: the judge runs on
// a witness that shows nothing, says what is hidden, gets it, and runs again.
#pragma once

#include <isotrace/wasm/execution.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/witness/witness.hpp>

namespace isotrace::wasm {

/// The chaining values of all whole subtrees of a string, so that any part of it can be opened.
class OpeningMaker {
 public:
  /// The bytes must outlive the maker.
  explicit OpeningMaker(core::ByteView bytes);
  /// `chunks`: at least one, ascending.
  [[nodiscard]] core::Blake3Opening open(const std::vector<std::uint64_t>& chunks) const;

 private:
  using Words = core::blake3_detail::Words;
  core::ByteView bytes_;
  std::vector<std::vector<Words>> levels_;  ///< [k][i]: chunks [i 2^k, (i + 1) 2^k)
  Words last_{};                            ///< of a last chunk that is not whole
};

class WitnessMaker {
 public:
  /// The store must outlive the maker. Refuses wasm_store_unsupported.
  static core::Result<WitnessMaker> make(const Store& store);
  WitnessMaker(WitnessMaker&&) = default;

  [[nodiscard]] const core::Digest& program() const { return digest_; }

  /// Of the next opcode of a running execution, in the state that the store is in. `next_call`: the
  /// next call of the host in the log. Refuses trace_digest_mismatch if the opcode makes a call of
  /// the host that is another one.
  [[nodiscard]] core::Result<Witness> make_witness(const Execution& execution,
                                                   const trace::HostCallRecord* next_call) const;

 private:
  explicit WitnessMaker(const Store& store);
  [[nodiscard]] core::Bytes string_bytes(const Execution& execution, std::uint32_t string) const;
  [[nodiscard]] std::uint32_t find_instruction(std::uint32_t pc) const;
  [[nodiscard]] bool is_call(std::uint32_t instruction) const;

  const Store& store_;
  ProgramTables tables_;
  Program program_;
  core::Digest digest_;
  std::vector<OpeningMaker> program_strings_;
};

}  // namespace isotrace::wasm
