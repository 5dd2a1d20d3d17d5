#include <isotrace/trace/reader.hpp>

#include <isotrace/trace/assemble.hpp>

namespace isotrace::trace {
namespace {

using core::RefusalCode;
using core::Result;

/// Where the messages of a file stop making sense, and why.
struct Reading {
  std::uint64_t valid_bytes = 0;
  std::uint64_t messages = 0;
  std::uint64_t resumable_bytes = 0;
  std::optional<core::Refusal> damage;
};

std::string place(const Reading& reading) {
  return "message " + std::to_string(reading.messages) + " (byte " +
         std::to_string(reading.valid_bytes) + ")";
}

/// Reads the message at reading.valid_bytes and moves past it.
Result<core::Done> read_message(core::ByteView bytes, Reading& reading, TraceAssembler& assembler) {
  const std::size_t offset = reading.valid_bytes;
  ISOTRACE_TRY(DecodedMessage decoded, decode_message(bytes.subspan(offset)));
  const std::size_t end = offset + decoded.bytes;
  ISOTRACE_TRY_DONE(assembler.accept(std::move(decoded.message), bytes, offset, end));
  reading.valid_bytes = end;
  ++reading.messages;
  if (assembler.resumable()) reading.resumable_bytes = end;
  return core::Done{};
}

Reading read_messages(core::ByteView bytes, TraceAssembler& assembler) {
  Reading reading;
  while (reading.valid_bytes < bytes.size() && !reading.damage) {
    auto read = read_message(bytes, reading, assembler);
    if (!read) reading.damage = core::refuse_within(place(reading), read.error()).value();
  }
  if (!reading.damage && !assembler.complete()) {
    reading.damage = core::Refusal{
        assembler.begun() ? RefusalCode::trace_incomplete : RefusalCode::trace_truncated,
        place(reading), assembler.begun() ? "no footer" : "no header"};
  }
  return reading;
}

}  // namespace

const core::Tensor* Trace::find_content(const core::Digest& digest) const {
  const auto found = contents.find(digest);
  return found == contents.end() ? nullptr : &found->second;
}

Result<Trace> parse_trace(core::ByteView bytes) {
  TraceAssembler assembler;
  Reading reading = read_messages(bytes, assembler);
  if (reading.damage) return tl::make_unexpected(*std::move(reading.damage));
  return assembler.take();
}

Result<RecoveredTrace> recover_trace(core::ByteView bytes) {
  TraceAssembler assembler;
  Reading reading = read_messages(bytes, assembler);
  if (!assembler.begun()) return tl::make_unexpected(*std::move(reading.damage));
  const bool complete = assembler.complete();
  return RecoveredTrace{assembler.take(), complete, reading.valid_bytes, std::move(reading.damage),
                        complete ? 0 : reading.resumable_bytes};
}

std::uint64_t step_count(const Trace& trace) {
  if (!trace.identity.machine) return trace.steps.size();
  if (trace.machine.state) return trace.machine.state->steps;
  return trace.machine.checkpoints.empty() ? 0 : trace.machine.checkpoints.back().state.steps;
}

std::vector<core::Digest> unfinished_leaves(const Trace& trace) {
  const MachineTrace& machine = trace.machine;
  std::vector<core::Digest> leaves;
  leaves.reserve(trace.steps.size() + machine.checkpoints.size() + 2);
  leaves.push_back(core::merkle_leaf(identity_digest(trace.identity).view()));
  std::size_t checkpoint = 0;
  for (std::size_t step = 0; step <= trace.steps.size(); ++step) {
    for (; checkpoint < machine.checkpoints.size() && machine.tensor_steps[checkpoint] == step;
         ++checkpoint) {
      const core::Digest root = state_root(machine.checkpoints[checkpoint].state);
      leaves.push_back(core::merkle_leaf(root.view()));
    }
    if (step == trace.steps.size()) break;
    leaves.push_back(core::merkle_leaf(step_digest(trace.steps[step]).view()));
  }
  return leaves;
}

std::vector<core::Digest> trace_leaves(const Trace& trace) {
  std::vector<core::Digest> leaves = unfinished_leaves(trace);
  const core::Digest last =
      trace.machine.state ? state_root(*trace.machine.state) : outputs_digest(trace.outputs);
  leaves.push_back(core::merkle_leaf(last.view()));
  return leaves;
}

bool looks_like_trace(core::ByteView bytes) {
  const auto first = decode_message(bytes);
  if (!first) return first.error().code == RefusalCode::trace_version_unsupported;
  return std::holds_alternative<HeaderMessage>(first->message);
}

}  // namespace isotrace::trace
