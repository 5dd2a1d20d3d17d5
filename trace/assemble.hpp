// Puts the messages of a trace together, in the one order that a writer gives them: header, program
// (optional), contents and steps, footer; of WebAssembly host calls, checkpoints and snapshots,
// too. Trusted base: every digest that a message states is recomputed before the message is taken
// in. Internal to trace/.
#pragma once

#include <isotrace/trace/message.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::trace {

class TraceAssembler {
 public:
  /// Takes in the message that starts at `offset` of the file and ends at `end`. After a refusal
  /// the trace is as it was before the message.
  core::Result<core::Done> accept(Message message, core::ByteView file, std::size_t offset,
                                  std::size_t end);

  [[nodiscard]] bool begun() const { return begun_; }
  [[nodiscard]] bool complete() const { return complete_; }
  /// Whether a run of WebAssembly can go on from here: behind a snapshot, or before the first call.
  [[nodiscard]] bool resumable() const;
  [[nodiscard]] Trace take() { return std::move(trace_); }
  /// Whether the footer's state and results can end what was taken in, host calls among it.
  [[nodiscard]] core::Result<core::Done> check_last_state(const FooterMessage& footer) const;
  /// Over the leaves so far.
  [[nodiscard]] const SubtreeRoots& tree() const { return tree_; }

 private:
  /// What chunks are pieces of.
  struct ProgramBytes {
    bool operator==(const ProgramBytes&) const = default;
  };
  struct SnapshotBytes {
    bool operator==(const SnapshotBytes&) const = default;
  };
  using Whole = std::variant<ProgramBytes, TensorRecord, SnapshotBytes>;
  /// Something of which some chunks have come.
  struct Pending {
    Whole whole;
    std::uint64_t total = 0;
    core::Bytes bytes;
  };

  core::Result<core::Done> take_header(HeaderMessage header);
  core::Result<core::Done> take_chunk(Whole whole, std::uint64_t total, std::uint64_t offset,
                                      const core::Bytes& data, std::uint64_t bytes_left);
  core::Result<core::Done> check_first_chunk(const Whole& whole, std::uint64_t total) const;
  core::Result<core::Done> take_whole(Pending done);
  core::Result<core::Done> take_program(core::ByteView bytes);
  core::Result<core::Done> take_content(const TensorRecord& record, core::ByteView bytes);
  core::Result<core::Done> take_step(StepRecord step);
  core::Result<core::Done> take_host_call(HostCallRecord call);
  core::Result<core::Done> take_checkpoint(CheckpointRecord checkpoint);
  core::Result<core::Done> take_snapshot(core::Bytes bytes);
  core::Result<core::Done> take_footer(FooterMessage footer, core::ByteView before);
  [[nodiscard]] core::Result<core::Done> check_state(const StateRecord& state) const;
  [[nodiscard]] core::Result<core::Done> check_order(const CheckpointRecord& checkpoint) const;

  Trace trace_;
  core::Digest host_log_;       ///< of the host calls so far
  bool snapshot_fits_ = false;  ///< the message before was a checkpoint
  std::optional<Pending> pending_;
  SubtreeRoots tree_;
  bool begun_ = false;
  bool complete_ = false;
};

}  // namespace isotrace::trace
