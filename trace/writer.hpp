// Writes a trace, step by step, crash-safely: the file is PATH.incomplete until finish() has
// closed, synced and renamed it. Of a run of WebAssembly it takes host calls, checkpoints and
// snapshots as they come.
#pragma once

#include <memory>
#include <string>

#include <isotrace/core/file.hpp>
#include <isotrace/trace/record.hpp>
#include <isotrace/trace/snapshot.hpp>

namespace isotrace::trace {

struct FooterMessage;

class TraceWriter {
 public:
  /// `program` is core::write_program's bytes, in pieces, or those of a WebAssembly module, or
  /// empty to leave it out (replay then needs it).
  static core::Result<TraceWriter> begin(core::Files& files, const std::string& path,
                                         const TraceIdentity& identity,
                                         const Provenance& provenance,
                                         const std::vector<core::ByteView>& program);
  /// Goes on with a recording whose first messages are `written`. Refuses what recover_trace
  /// refuses, and trace_malformed where it is no whole number of messages, or closed.
  static core::Result<TraceWriter> resume(core::Files& files, const std::string& path,
                                          core::ByteView written);
  ~TraceWriter();
  TraceWriter(TraceWriter&&) noexcept;
  TraceWriter& operator=(TraceWriter&&) noexcept;

  /// Steps come in order of index from 0. A record that no reader would take (a name or shape over
  /// the limits) is refused with limit_exceeded and not written; after a failed write everything is
  /// refused.
  core::Result<core::Done> append(const StepRecord& step);
  core::Result<core::Done> append(const HostCallRecord& call);
  core::Result<core::Done> append(const CheckpointRecord& checkpoint);
  /// Of the checkpoint that was appended last; nothing may stand between them.
  core::Result<core::Done> append(const Snapshot& snapshot);
  /// Stores contents once per digest (inputs of the program, or anything else asked for). `digest`
  /// is core::tensor_digest of `tensor`; the reader checks it.
  core::Result<core::Done> store(const core::TensorView& tensor, const core::Digest& digest);
  /// Writes the footer, publishes the file and returns the trace root. Call once; nothing may
  /// follow.
  /// `fallback_steps`: see Trace.
  core::Result<core::Digest> finish(const std::vector<NamedRecord>& outputs,
                                    const std::vector<std::uint64_t>& fallback_steps = {});
  /// The same of a run of WebAssembly; `results` are the slots if the state is finished.
  core::Result<core::Digest> finish(const StateRecord& last,
                                    const std::vector<std::uint64_t>& results);
  /// Leaves the recording as it is, as PATH.incomplete. Call once; nothing may follow.
  core::Result<core::Done> leave_unfinished();

 private:
  struct State;
  core::Result<core::Digest> close(const core::Digest& last, FooterMessage footer);
  explicit TraceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace isotrace::trace
