#include <isotrace/trace/assemble.hpp>

#include <algorithm>

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

}  // namespace

Result<Done> TraceAssembler::accept(Message message, core::ByteView file, std::size_t offset,
                                    std::size_t end) {
  if (complete_) return malformed("data after the footer");
  const bool header = std::holds_alternative<HeaderMessage>(message);
  if (header == begun_) return malformed(header ? "a second header" : "no header");
  const std::uint64_t left = file.size() - end;
  if (auto* chunk = std::get_if<ProgramChunk>(&message)) {
    return take_chunk(std::nullopt, chunk->total, chunk->offset, chunk->data, left);
  }
  if (auto* chunk = std::get_if<ContentChunk>(&message)) {
    const std::uint64_t total =
        *core::element_count(chunk->tensor.shape) * core::dtype_bytes(chunk->tensor.dtype);
    return take_chunk(std::move(chunk->tensor), total, chunk->offset, chunk->data, left);
  }
  if (pending_) return malformed("a chunk is missing");
  if (auto* step = std::get_if<StepRecord>(&message)) return take_step(std::move(*step));
  if (header) return take_header(std::get<HeaderMessage>(std::move(message)));
  return take_footer(std::get<FooterMessage>(std::move(message)), file.first(offset));
}

Result<Done> TraceAssembler::take_header(HeaderMessage header) {
  trace_.identity = std::move(header.identity);
  trace_.provenance = std::move(header.provenance);
  tree_.append(core::merkle_leaf(identity_digest(trace_.identity).view()));
  begun_ = true;
  return Done{};
}

Result<Done> TraceAssembler::check_first_chunk(const std::optional<TensorRecord>& tensor,
                                               std::uint64_t total) const {
  if (tensor) {
    if (trace_.contents.count(tensor->digest) != 0) return malformed("content stored twice");
    return Done{};
  }
  if (total == 0) return malformed("an empty program");
  if (!trace_.program.empty() || !trace_.steps.empty() || !trace_.contents.empty()) {
    return malformed("a program that is not first");
  }
  return Done{};
}

Result<Done> TraceAssembler::take_chunk(std::optional<TensorRecord> tensor, std::uint64_t total,
                                        std::uint64_t offset, const core::Bytes& data,
                                        std::uint64_t bytes_left) {
  const std::uint64_t expected = pending_ ? pending_->bytes.size() : 0;
  if (pending_ && (pending_->tensor != tensor || pending_->total != total)) {
    return malformed("a chunk of something else");
  }
  if (offset != expected || data.size() != std::min(chunk_bytes, total - expected)) {
    return malformed("chunk at " + std::to_string(offset) + " of " + std::to_string(data.size()) +
                     " bytes, " + std::to_string(expected) + " expected");
  }
  if (!pending_) {
    ISOTRACE_TRY_DONE(check_first_chunk(tensor, total));
    pending_.emplace(Pending{std::move(tensor), total, {}});
    // An announced size is not believed further than the file reaches.
    pending_->bytes.reserve(std::min(total, bytes_left + data.size()));
  }
  pending_->bytes.insert(pending_->bytes.end(), data.begin(), data.end());
  if (pending_->bytes.size() < total) return Done{};
  Pending done = *std::move(pending_);
  pending_.reset();
  if (done.tensor) return take_content(*done.tensor, done.bytes);
  return take_program(std::move(done.bytes));
}

Result<Done> TraceAssembler::take_program(core::Bytes bytes) {
  const auto program = core::parse_program(bytes);
  if (!program) return malformed("program: " + core::describe(program.error()));
  if (core::program_digest(*program) != trace_.identity.program) {
    return mismatch("the program is not the one the trace names");
  }
  trace_.program = std::move(bytes);
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
  return Done{};
}

Result<Done> TraceAssembler::take_footer(FooterMessage footer, core::ByteView before) {
  core::MerkleAccumulator tree = tree_;
  tree.append(core::merkle_leaf(outputs_digest(footer.outputs).view()));
  if (footer.leaves != tree.size()) {
    return malformed(std::to_string(footer.leaves) + " leaves, " + std::to_string(tree.size()) +
                     " expected");
  }
  if (footer.root != tree.root()) return mismatch("root");
  if (footer.file_digest != core::sha256(before)) return mismatch("digest of the file");
  trace_.outputs = std::move(footer.outputs);
  trace_.root = footer.root;
  complete_ = true;
  return Done{};
}

}  // namespace isotrace::trace
