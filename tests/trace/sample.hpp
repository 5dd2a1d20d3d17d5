// Recordings to test with: what a run of a small program would hand to TraceWriter.
#pragma once

#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/trace/message.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::trace::samples {

/// y = Relu(MatMul(x, w)) with x f32 [2,3] and w a constant f32 [3,2].
core::Program sample_program();

struct Recording {
  TraceIdentity identity;
  Provenance provenance;
  core::Bytes program;
  std::vector<StepRecord> steps;
  std::vector<NamedRecord> outputs;
  std::vector<core::Tensor> contents;  ///< stored before the steps
};

/// A run of sample_program with its program, input and constant stored.
Recording sample_recording();

/// `count` steps of Relu, each on the result of the one before, without program and contents.
Recording chain_recording(std::size_t count);

/// The file that TraceWriter makes of it.
core::Bytes write_recording(const Recording& recording);

/// The trace of a recording, through file and reader.
Trace make_trace(const Recording& recording);

/// The messages of a valid trace file, and files made of any messages.
std::vector<Message> messages_of(const core::Bytes& file);
core::Bytes join(const std::vector<Message>& messages);
/// Like join, but puts the right digest of the file into the footer (the last message).
core::Bytes join_and_seal(std::vector<Message> messages);

/// The code with which the reader refuses; fails the test if it accepts.
core::RefusalCode refusal_of(const core::Bytes& file);

}  // namespace isotrace::trace::samples
