// What parties show of a run of WebAssembly beside its leaves, checked against digests on which
// both agree (internal to the referee).
#pragma once

#include <isotrace/referee/hearing.hpp>
#include <isotrace/referee/machine_module.hpp>

namespace isotrace::referee {

class MachineEvidence {
 public:
  explicit MachineEvidence(Hearing& hearing) : hearing_(hearing) {}

  /// The module; nullptr: it cannot be had, or the run that both state cannot begin.
  const MachineModule* module();
  /// The state with that root, at a position behind a leaf.
  std::optional<trace::StateRecord> fetch_state(std::uint64_t leaf, std::uint64_t position,
                                                const core::Digest& root);
  /// The frames of that state.
  std::optional<std::vector<wasm::Frame>> fetch_frames(std::uint64_t leaf, std::uint64_t position,
                                                       const trace::StateRecord& state);

  /// The state that follows by one side's witness.
  struct Followed {
    core::Digest root;
    std::string_view opcode;
    std::uint64_t host_calls = 0;  ///< before
    /// The answer of a host by which it follows, as the side has shown it.
    std::optional<trace::HostCallRecord> host = {};
  };
  /// Of the state with the root `before`. Nothing: the side is at fault, or shows nothing.
  std::optional<Followed> hear_witness(const Side& side, std::uint64_t leaf, std::uint64_t position,
                                       const core::Digest& before);

 private:
  Hearing& hearing_;
  std::optional<MachineModule> module_;
};

}  // namespace isotrace::referee
