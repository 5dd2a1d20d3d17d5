// Pieces that the messages of tensor programs and those of WebAssembly machines share, between
// plain values and Cap'n Proto. Internal to message.cpp, message_machine.cpp, message_step.cpp.
#pragma once

#include <optional>

#include <isotrace/core/limits.hpp>
#include <isotrace/trace/message.hpp>

#include <trace.capnp.h>

namespace isotrace::trace {

inline tl::unexpected<core::Refusal> malformed(std::string detail) {
  return core::refuse(core::RefusalCode::trace_malformed, {}, std::move(detail));
}

inline capnp::Data::Reader data_of(core::ByteView bytes) { return {bytes.data(), bytes.size()}; }
inline capnp::Text::Reader text_of(const std::string& text) { return {text.c_str(), text.size()}; }
inline unsigned count_of(std::size_t size) { return static_cast<unsigned>(size); }

inline core::Bytes get_bytes(capnp::Data::Reader data) { return {data.begin(), data.end()}; }

inline core::Result<core::Digest> get_digest(capnp::Data::Reader data) {
  const auto digest = core::digest_from_bytes({data.begin(), data.size()});
  if (!digest) return malformed("a digest of " + std::to_string(data.size()) + " bytes");
  return *digest;
}

inline core::Result<std::string> get_text(capnp::Text::Reader text) {
  if (text.size() > core::limits::name_bytes_max) {
    return malformed("a text of " + std::to_string(text.size()) + " bytes");
  }
  return std::string(text.begin(), text.size());
}

// ---- steps, the short way (message_step.cpp)

/// The number of steps in the union of trace.capnp.
inline constexpr std::uint64_t step_tag = 3;

/// The step whose message, without its frame, is exactly these bytes in canonical form. Nothing for
/// everything else, and for the few steps that the short way leaves out: such without operands or
/// results, with tensors without axes.
std::optional<StepRecord> decode_plain_step(core::ByteView body);

// ---- machines (message_machine.cpp)

void set_machine(wire::Machine::Builder out, const MachineIdentity& machine);
core::Result<MachineIdentity> get_machine(wire::Machine::Reader in);
void set_state(wire::State::Builder out, const StateRecord& state);
core::Result<StateRecord> get_state(wire::State::Reader in);
void set_checkpoint(wire::Checkpoint::Builder out, const CheckpointRecord& checkpoint);
core::Result<CheckpointRecord> get_checkpoint(wire::Checkpoint::Reader in);
void set_host_call(wire::HostCall::Builder out, const HostCallRecord& call);
core::Result<HostCallRecord> get_host_call(wire::HostCall::Reader in);
void set_slots(capnp::List<std::uint64_t>::Builder out, const std::vector<std::uint64_t>& slots);
std::vector<std::uint64_t> get_slots(capnp::List<std::uint64_t>::Reader in);

}  // namespace isotrace::trace
