#include <isotrace/referee/machine_evidence.hpp>

#include <isotrace/core/blake3.hpp>
#include <isotrace/wasm/witness/step.hpp>

namespace isotrace::referee {

using trace::StateRecord;

const MachineModule* MachineEvidence::module() {
  if (module_) return &*module_;
  const trace::TraceIdentity& identity = hearing_.identity();
  const auto bytes = fetch_evidence(
      hearing_, {.kind = Evidence::Kind::module},
      [&](core::ByteView given) { return core::blake3(given) == identity.machine->module; },
      "the module");
  if (!bytes) return nullptr;
  auto made = MachineModule::make(identity, *bytes);
  if (!made) {
    hearing_.leave_undecided("the run that both state cannot begin: " +
                             core::describe(made.error()));
    return nullptr;
  }
  module_ = *std::move(made);
  return &*module_;
}

std::optional<StateRecord> MachineEvidence::fetch_state(std::uint64_t leaf, std::uint64_t position,
                                                        const core::Digest& root) {
  std::optional<StateRecord> state;
  const auto check = [&](core::ByteView bytes) {
    auto record = parse_record(bytes, hearing_.identity().program);
    auto* given = record ? std::get_if<StateRecord>(&*record) : nullptr;
    if (given == nullptr || trace::state_root(*given) != root) return false;
    state = std::move(*given);
    return true;
  };
  const Evidence evidence{.kind = Evidence::Kind::state, .leaf = leaf, .position = position};
  if (!fetch_evidence(hearing_, evidence, check, "a state")) return std::nullopt;
  return state;
}

std::optional<std::vector<wasm::Frame>> MachineEvidence::fetch_frames(std::uint64_t leaf,
                                                                      std::uint64_t position,
                                                                      const StateRecord& state) {
  const auto check = [&](core::ByteView given) {
    return given.size() % frame_bytes == 0 && given.size() / frame_bytes == state.frames.size &&
           core::blake3(given) == state.frames.digest;
  };
  const Evidence evidence{.kind = Evidence::Kind::frames, .leaf = leaf, .position = position};
  const auto bytes = fetch_evidence(hearing_, evidence, check, "frames");
  if (!bytes) return std::nullopt;
  return parse_frames(*bytes);
}

std::optional<MachineEvidence::Followed> MachineEvidence::hear_witness(const Side& side,
                                                                       std::uint64_t leaf,
                                                                       std::uint64_t position,
                                                                       const core::Digest& before) {
  if (side.finding.at_fault()) return std::nullopt;
  const Evidence evidence{.kind = Evidence::Kind::witness, .leaf = leaf, .position = position};
  ++hearing_.ruling.rounds;
  const auto bytes = take(side, side.party.fetch(evidence, hearing_.limits.evidence_bytes_max));
  if (!bytes) return std::nullopt;
  const auto witness = wasm::parse_witness(*bytes);
  if (!witness || trace::state_root(witness->before) != before) {
    side.blame(Standing::lied, "sent a witness that is none of this state");
    return std::nullopt;
  }
  wasm::Step step(*witness);
  step.run();
  if (step.hidden() || !step.fault().empty()) {
    side.blame(Standing::lied, "sent a witness that does not show the step" +
                                   (step.hidden() ? "" : ": " + step.fault()));
    return std::nullopt;
  }
  const wasm::OpcodeInfo* opcode = wasm::find_opcode(step.record().opcode);
  return Followed{trace::state_root(step.after()), opcode == nullptr ? "" : opcode->text,
                  witness->before.host_calls.size, witness->host_call};
}

}  // namespace isotrace::referee
