// Writes a trace, step by step, crash-safely: the file is PATH.incomplete until finish() has
// closed, synced and renamed it.
#pragma once

#include <memory>
#include <string>

#include <isotrace/core/file.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::trace {

class TraceWriter {
 public:
  /// `program` is core::write_program's bytes, in pieces, or empty to leave it out (replay then
  /// needs the model).
  static core::Result<TraceWriter> begin(core::Files& files, const std::string& path,
                                         const TraceIdentity& identity,
                                         const Provenance& provenance,
                                         const std::vector<core::ByteView>& program);
  ~TraceWriter();
  TraceWriter(TraceWriter&&) noexcept;
  TraceWriter& operator=(TraceWriter&&) noexcept;

  /// Steps come in order of index from 0. A record that no reader would take (a name or shape over
  /// the limits) is refused with limit_exceeded and not written; after a failed write everything is
  /// refused.
  core::Result<core::Done> append(const StepRecord& step);
  /// Stores contents once per digest (inputs of the program, or anything else asked for). `digest`
  /// is core::tensor_digest of `tensor`; the reader checks it.
  core::Result<core::Done> store(const core::TensorView& tensor, const core::Digest& digest);
  /// Writes the footer, publishes the file and returns the trace root. Call once; nothing may
  /// follow.
  core::Result<core::Digest> finish(const std::vector<NamedRecord>& outputs);

 private:
  struct State;
  explicit TraceWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace isotrace::trace
