// Puts the messages of a trace together, in the one order that a writer gives them: header, program
// (optional), contents and steps, footer. Trusted base: every digest that a message states is
// recomputed before the message is taken in. Internal to trace/.
#pragma once

#include <isotrace/core/merkle.hpp>
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
  [[nodiscard]] Trace take() { return std::move(trace_); }

 private:
  /// A program or tensor of which some chunks have come.
  struct Pending {
    std::optional<TensorRecord> tensor;  // nothing: the program
    std::uint64_t total = 0;
    core::Bytes bytes;
  };

  core::Result<core::Done> take_header(HeaderMessage header);
  core::Result<core::Done> take_chunk(std::optional<TensorRecord> tensor, std::uint64_t total,
                                      std::uint64_t offset, const core::Bytes& data,
                                      std::uint64_t bytes_left);
  core::Result<core::Done> check_first_chunk(const std::optional<TensorRecord>& tensor,
                                             std::uint64_t total) const;
  core::Result<core::Done> take_program(core::Bytes bytes);
  core::Result<core::Done> take_content(const TensorRecord& record, core::ByteView bytes);
  core::Result<core::Done> take_step(StepRecord step);
  core::Result<core::Done> take_footer(FooterMessage footer, core::ByteView before);

  Trace trace_;
  std::optional<Pending> pending_;
  core::MerkleAccumulator tree_;
  bool begun_ = false;
  bool complete_ = false;
};

}  // namespace isotrace::trace
