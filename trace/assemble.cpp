#include <isotrace/trace/assemble.hpp>

#include <algorithm>
#include <functional>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/core/program.hpp>

namespace isotrace::trace {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

tl::unexpected<core::Refusal> malformed(std::string detail) {
  return core::refuse(RefusalCode::trace_malformed, {}, std::move(detail));
}

tl::unexpected<core::Refusal> mismatch(std::string detail) {
  return core::refuse(RefusalCode::trace_digest_mismatch, {}, std::move(detail));
}

// wasm::Status, as far as traces go.
constexpr std::uint8_t status_running = 1;
constexpr std::uint8_t status_trapped = 3;

Contents contents_of(const std::vector<std::uint64_t>& slots) {
  core::ByteWriter out;
  for (const std::uint64_t slot : slots) out.u64(slot);
  return {slots.size(), core::blake3(out.bytes())};
}

bool is_of_machine(const Message& message) {
  return std::holds_alternative<CheckpointRecord>(message) ||
         std::holds_alternative<HostCallRecord>(message) ||
         std::holds_alternative<SnapshotChunk>(message);
}

}  // namespace

Result<Done> TraceAssembler::accept(Message message, core::ByteView file, std::size_t offset,
                                    std::size_t end) {
  if (complete_) return malformed("data after the footer");
  const bool header = std::holds_alternative<HeaderMessage>(message);
  if (header == begun_) return malformed(header ? "a second header" : "no header");
  if (is_of_machine(message) && !trace_.identity.machine) return malformed("a tensor program");
  const std::uint64_t left = file.size() - end;
  if (auto* chunk = std::get_if<ProgramChunk>(&message)) {
    return take_chunk(ProgramBytes{}, chunk->total, chunk->offset, chunk->data, left);
  }
  if (auto* chunk = std::get_if<SnapshotChunk>(&message)) {
    return take_chunk(SnapshotBytes{}, chunk->total, chunk->offset, chunk->data, left);
  }
  if (auto* chunk = std::get_if<ContentChunk>(&message)) {
    const std::uint64_t total =
        *core::element_count(chunk->tensor.shape) * core::dtype_bytes(chunk->tensor.dtype);
    return take_chunk(std::move(chunk->tensor), total, chunk->offset, chunk->data, left);
  }
  if (pending_) return malformed("a chunk is missing");
  if (auto* step = std::get_if<StepRecord>(&message)) return take_step(std::move(*step));
  if (auto* call = std::get_if<HostCallRecord>(&message)) return take_host_call(std::move(*call));
  if (auto* checkpoint = std::get_if<CheckpointRecord>(&message)) {
    return take_checkpoint(std::move(*checkpoint));
  }
  if (header) return take_header(std::get<HeaderMessage>(std::move(message)));
  return take_footer(std::get<FooterMessage>(std::move(message)), file.first(offset));
}

Result<Done> TraceAssembler::take_header(HeaderMessage header) {
  const TraceIdentity& identity = header.identity;
  if (identity.machine && (!identity.inputs.empty() || identity.seed != 0)) {
    return malformed("inputs of a machine");
  }
  trace_.identity = std::move(header.identity);
  trace_.provenance = std::move(header.provenance);
  tree_.append(core::merkle_leaf(identity_digest(trace_.identity).view()));
  begun_ = true;
  return Done{};
}

Result<Done> TraceAssembler::check_first_chunk(const Whole& whole, std::uint64_t total) const {
  if (const auto* tensor = std::get_if<TensorRecord>(&whole)) {
    if (trace_.contents.count(tensor->digest) != 0) return malformed("content stored twice");
    return Done{};
  }
  if (std::holds_alternative<SnapshotBytes>(whole)) {
    if (!snapshot_fits_) return malformed("a snapshot that does not follow a checkpoint");
    return Done{};
  }
  if (total == 0) return malformed("an empty program");
  if (!trace_.program.empty() || !trace_.steps.empty() || !trace_.contents.empty() ||
      !trace_.machine.checkpoints.empty() || !trace_.machine.host_calls.empty()) {
    return malformed("a program that is not first");
  }
  return Done{};
}

Result<Done> TraceAssembler::take_chunk(Whole whole, std::uint64_t total, std::uint64_t offset,
                                        const core::Bytes& data, std::uint64_t bytes_left) {
  const std::uint64_t expected = pending_ ? pending_->bytes.size() : 0;
  if (pending_ && (pending_->whole != whole || pending_->total != total)) {
    return malformed("a chunk of something else");
  }
  if (offset != expected || data.size() != std::min(chunk_bytes, total - expected)) {
    return malformed("chunk at " + std::to_string(offset) + " of " + std::to_string(data.size()) +
                     " bytes, " + std::to_string(expected) + " expected");
  }
  if (!pending_) {
    ISOTRACE_TRY_DONE(check_first_chunk(whole, total));
    pending_.emplace(Pending{std::move(whole), total, {}});
    // An announced size is not believed further than the file reaches.
    pending_->bytes.reserve(std::min(total, bytes_left + data.size()));
  }
  pending_->bytes.insert(pending_->bytes.end(), data.begin(), data.end());
  snapshot_fits_ = false;
  if (pending_->bytes.size() < total) return Done{};
  Pending done = *std::move(pending_);
  pending_.reset();
  return take_whole(std::move(done));
}

Result<Done> TraceAssembler::take_whole(Pending done) {
  if (const auto* tensor = std::get_if<TensorRecord>(&done.whole)) {
    return take_content(*tensor, done.bytes);
  }
  if (std::holds_alternative<SnapshotBytes>(done.whole))
    return take_snapshot(std::move(done.bytes));
  return take_program(done.bytes);
}

Result<Done> TraceAssembler::take_program(core::ByteView bytes) {
  if (trace_.identity.machine) {
    // What the module means is not known here; which bytes it has, is.
    if (core::blake3(bytes) != trace_.identity.machine->module) {
      return mismatch("the module is not the one the trace names");
    }
  } else {
    const auto program = core::parse_program(bytes);
    if (!program) return malformed("program: " + core::describe(program.error()));
    if (core::program_digest(*program) != trace_.identity.program) {
      return mismatch("the program is not the one the trace names");
    }
  }
  trace_.program.assign(bytes.begin(), bytes.end());
  return Done{};
}

Result<Done> TraceAssembler::take_content(const TensorRecord& record, core::ByteView bytes) {
  auto tensor = core::Tensor::from_bytes(record.dtype, record.shape, bytes);
  if (!tensor) return malformed("content: " + core::describe(tensor.error()));
  if (core::tensor_digest(*tensor) != record.digest) return mismatch("stored content");
  trace_.contents.emplace(record.digest, *std::move(tensor));
  return Done{};
}

Result<Done> TraceAssembler::take_step(StepRecord step) {
  if (step.index != trace_.steps.size()) {
    return malformed("step " + std::to_string(step.index) + ", " +
                     std::to_string(trace_.steps.size()) + " expected");
  }
  tree_.append(core::merkle_leaf(step_digest(step).view()));
  trace_.steps.push_back(std::move(step));
  snapshot_fits_ = false;
  return Done{};
}

Result<Done> TraceAssembler::take_host_call(HostCallRecord call) {
  host_log_ = extend_host_log(host_log_, call);
  trace_.machine.host_calls.push_back(std::move(call));
  snapshot_fits_ = false;
  return Done{};
}

Result<Done> TraceAssembler::check_state(const StateRecord& state) const {
  if (state.status < status_running || state.status > status_trapped ||
      (state.status == status_trapped) != (state.trap != 0)) {
    return malformed("status " + std::to_string(state.status) + ", trap " +
                     std::to_string(state.trap));
  }
  if (state.host_calls != Contents{trace_.machine.host_calls.size(), host_log_}) {
    return mismatch("log of host calls");
  }
  return Done{};
}

/// A call that has just begun, or one that goes on and has reached the next multiple of the
/// interval.
Result<Done> TraceAssembler::check_order(const CheckpointRecord& checkpoint) const {
  const auto& before = trace_.machine.checkpoints;
  const std::uint64_t steps = checkpoint.state.steps;
  const std::uint64_t interval = trace_.identity.machine->interval;
  bool fits = checkpoint.call == 0;
  if (!before.empty() && checkpoint.call == before.back().call) {
    fits = checkpoint.state.status == status_running &&
           before.back().state.status == status_running &&
           steps / interval > before.back().state.steps / interval;
  } else if (!before.empty()) {
    fits = checkpoint.call == 1 && before.back().call == 0 && steps >= before.back().state.steps;
  }
  if (fits) return Done{};
  return malformed("checkpoint " + std::to_string(before.size()) + " out of order");
}

Result<Done> TraceAssembler::take_checkpoint(CheckpointRecord checkpoint) {
  checkpoint.state.program = trace_.identity.program;
  ISOTRACE_TRY_DONE(check_state(checkpoint.state));
  ISOTRACE_TRY_DONE(check_order(checkpoint));
  tree_.append(core::merkle_leaf(state_root(checkpoint.state).view()));
  trace_.machine.tensor_steps.push_back(trace_.steps.size());
  trace_.machine.checkpoints.push_back(std::move(checkpoint));
  snapshot_fits_ = true;
  return Done{};
}

Result<Done> TraceAssembler::take_snapshot(core::Bytes bytes) {
  const auto& checkpoints = trace_.machine.checkpoints;
  ISOTRACE_TRY(Snapshot snapshot, parse_snapshot(std::move(bytes), checkpoints.back().state));
  snapshot.checkpoint = checkpoints.size() - 1;
  trace_.machine.snapshots.push_back(std::move(snapshot));
  return Done{};
}

bool TraceAssembler::resumable() const {
  const MachineTrace& machine = trace_.machine;
  if (!trace_.identity.machine || pending_ || complete_) return false;
  if (machine.checkpoints.empty()) return machine.host_calls.empty();
  return !machine.snapshots.empty() &&
         machine.snapshots.back().checkpoint == machine.checkpoints.size() - 1 &&
         machine.checkpoints.back().state.host_calls.size == machine.host_calls.size() &&
         machine.tensor_steps.back() == trace_.steps.size();
}

/// Of a machine: its last state; of a tensor program: that there is none.
Result<Done> TraceAssembler::check_last_state(const FooterMessage& footer) const {
  if (footer.state.has_value() != trace_.identity.machine.has_value()) {
    return malformed("a footer of another kind of program");
  }
  if (!footer.state) return Done{};
  const auto& checkpoints = trace_.machine.checkpoints;
  if (!footer.outputs.empty() || checkpoints.empty() || footer.state->status == status_running ||
      footer.state->steps < checkpoints.back().state.steps) {
    return malformed("last state");
  }
  ISOTRACE_TRY_DONE(check_state(*footer.state));
  if (footer.state->slots != contents_of(footer.results)) return mismatch("results");
  return Done{};
}

Result<Done> TraceAssembler::take_footer(FooterMessage footer, core::ByteView before) {
  if (footer.state) footer.state->program = trace_.identity.program;
  ISOTRACE_TRY_DONE(check_last_state(footer));
  const core::Digest last =
      footer.state ? state_root(*footer.state) : outputs_digest(footer.outputs);
  // If the footer is refused nothing follows it, and the tree is not looked at.
  tree_.append(core::merkle_leaf(last.view()));
  if (footer.leaves != tree_.leaves()) {
    return malformed(std::to_string(footer.leaves) + " leaves, " + std::to_string(tree_.leaves()) +
                     " expected");
  }
  const auto& fallback = footer.fallback_steps;
  const bool ascending =
      std::ranges::adjacent_find(fallback, std::ranges::greater_equal()) == fallback.end();
  if (!fallback.empty() && (!ascending || footer.state || fallback.back() >= footer.leaves - 2)) {
    return malformed("steps that fell back");
  }
  if (footer.root != tree_.root()) return mismatch("root");
  if (footer.file_digest != core::sha256(before)) return mismatch("digest of the file");
  trace_.outputs = std::move(footer.outputs);
  trace_.fallback_steps = std::move(footer.fallback_steps);
  trace_.machine.state = std::move(footer.state);
  trace_.machine.results = std::move(footer.results);
  trace_.root = footer.root;
  trace_.tree = std::move(tree_);
  complete_ = true;
  return Done{};
}

}  // namespace isotrace::trace
