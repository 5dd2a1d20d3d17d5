#include <isotrace/trace/writer.hpp>

#include <algorithm>
#include <set>

#include <isotrace/core/check.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/merkle.hpp>
#include <isotrace/trace/message.hpp>
#include <isotrace/trace/reader.hpp>

namespace isotrace::trace {

using core::Done;
using core::Result;

struct TraceWriter::State {
  std::unique_ptr<core::PendingFile> file;
  core::Sha256 file_hash;
  core::MerkleAccumulator tree;
  std::uint64_t bytes = 0;
  std::uint64_t steps = 0;
  std::set<core::Digest> stored;
  std::optional<core::Refusal> failure;  // after one, nothing more is written
  bool closing = false;                  // the footer is being written, or was

  Result<Done> write_bytes(core::ByteView encoded);
  Result<Done> write(const Message& message);
  /// Header, step or footer: written only if the reader would accept it.
  Result<Done> write_record(const Message& message);
  template <class Chunk>
  Result<Done> write_chunks(Chunk chunk, const std::vector<core::ByteView>& pieces);

  Result<Done> keep(Result<Done> result) {
    if (!result) failure = result.error();
    return result;
  }
};

Result<Done> TraceWriter::State::write_bytes(core::ByteView encoded) {
  if (failure) return tl::make_unexpected(*failure);
  if (encoded.size() > core::limits::trace_bytes_max - bytes) {
    return keep(
        core::refuse(core::RefusalCode::limit_exceeded, "trace",
                     "more than " + std::to_string(core::limits::trace_bytes_max) + " bytes"));
  }
  bytes += encoded.size();
  if (!closing) file_hash.update(encoded);  // the footer holds the digest of all before it
  return keep(file->append(encoded));
}

Result<Done> TraceWriter::State::write(const Message& message) {
  ISOTRACE_TRY(const core::Bytes encoded, encode_message(message));
  return write_bytes(encoded);
}

Result<Done> TraceWriter::State::write_record(const Message& message) {
  ISOTRACE_TRY(const core::Bytes encoded, encode_message(message));
  // A name or shape over a limit must not make a file that nobody can open.
  const auto decoded = decode_message(encoded);
  if (!decoded) {
    return core::refuse(core::RefusalCode::limit_exceeded, "trace record", decoded.error().detail);
  }
  return write_bytes(encoded);
}

template <class Chunk>
Result<Done> TraceWriter::State::write_chunks(Chunk chunk,
                                              const std::vector<core::ByteView>& pieces) {
  const auto write_full = [&]() -> Result<Done> {
    ISOTRACE_TRY_DONE(write(chunk));
    chunk.offset += chunk.data.size();
    chunk.data.clear();
    return Done{};
  };
  for (core::ByteView piece : pieces) {
    while (!piece.empty()) {
      if (chunk.data.size() == chunk_bytes) ISOTRACE_TRY_DONE(write_full());
      const auto part = piece.first(std::min(piece.size(), chunk_bytes - chunk.data.size()));
      chunk.data.insert(chunk.data.end(), part.begin(), part.end());
      piece = piece.subspan(part.size());
    }
  }
  return write_full();
}

TraceWriter::TraceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceWriter::~TraceWriter() = default;
TraceWriter::TraceWriter(TraceWriter&&) noexcept = default;
TraceWriter& TraceWriter::operator=(TraceWriter&&) noexcept = default;

Result<TraceWriter> TraceWriter::begin(core::Files& files, const std::string& path,
                                       const TraceIdentity& identity, const Provenance& provenance,
                                       const std::vector<core::ByteView>& program) {
  auto state = std::make_unique<State>();
  ISOTRACE_TRY(state->file, files.begin(path));
  ISOTRACE_TRY_DONE(state->write_record(HeaderMessage{identity, provenance}));
  std::uint64_t program_bytes = 0;
  for (const core::ByteView piece : program) program_bytes += piece.size();
  if (program_bytes != 0) {
    ISOTRACE_TRY_DONE(state->write_chunks(ProgramChunk{program_bytes, 0, {}}, program));
  }
  state->tree.append(core::merkle_leaf(identity_digest(identity).view()));
  return TraceWriter(std::move(state));
}

Result<TraceWriter> TraceWriter::resume(core::Files& files, const std::string& path,
                                        core::ByteView written) {
  ISOTRACE_TRY(const RecoveredTrace recovered, recover_trace(written));
  if (recovered.complete || recovered.valid_bytes != written.size()) {
    return core::refuse(core::RefusalCode::trace_malformed, path, "not an unfinished recording");
  }
  auto state = std::make_unique<State>();
  ISOTRACE_TRY(state->file, files.begin(path));
  ISOTRACE_TRY_DONE(state->write_bytes(written));
  for (const core::Digest& leaf : unfinished_leaves(recovered.trace)) state->tree.append(leaf);
  state->steps = recovered.trace.steps.size();
  for (const auto& [digest, content] : recovered.trace.contents) state->stored.insert(digest);
  return TraceWriter(std::move(state));
}

Result<Done> TraceWriter::append(const StepRecord& step) {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing && step.index == state_->steps, step.index, state_->steps);
  ISOTRACE_TRY_DONE(state_->write_record(step));
  state_->tree.append(core::merkle_leaf(step_digest(step).view()));
  ++state_->steps;
  return Done{};
}

Result<Done> TraceWriter::store(const core::TensorView& tensor, const core::Digest& digest) {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing);
  if (!state_->stored.insert(digest).second) return Done{};
  const core::Shape shape(tensor.shape().begin(), tensor.shape().end());
  return state_->write_chunks(ContentChunk{{digest, tensor.dtype(), shape}, 0, {}},
                              {tensor.bytes()});
}

Result<Done> TraceWriter::append(const HostCallRecord& call) {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing);
  return state_->write_record(call);
}

Result<Done> TraceWriter::append(const CheckpointRecord& checkpoint) {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing);
  ISOTRACE_TRY_DONE(state_->write_record(checkpoint));
  state_->tree.append(core::merkle_leaf(state_root(checkpoint.state).view()));
  return Done{};
}

Result<Done> TraceWriter::append(const Snapshot& snapshot) {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing);
  const core::Bytes bytes = write_snapshot(snapshot);
  return state_->write_chunks(SnapshotChunk{bytes.size(), 0, {}}, {bytes});
}

Result<core::Digest> TraceWriter::close(const core::Digest& last, FooterMessage footer) {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing);
  state_->tree.append(core::merkle_leaf(last.view()));
  footer.leaves = state_->tree.size();
  footer.root = state_->tree.root();
  footer.file_digest = state_->file_hash.finish();
  state_->closing = true;
  ISOTRACE_TRY_DONE(state_->keep(state_->write_record(footer)));
  ISOTRACE_TRY_DONE(state_->keep(state_->file->publish()));
  return footer.root;
}

Result<core::Digest> TraceWriter::finish(const std::vector<NamedRecord>& outputs,
                                         const std::vector<std::uint64_t>& fallback_steps) {
  FooterMessage footer;
  footer.outputs = outputs;
  footer.fallback_steps = fallback_steps;
  return close(outputs_digest(outputs), std::move(footer));
}

Result<core::Digest> TraceWriter::finish(const StateRecord& last,
                                         const std::vector<std::uint64_t>& results) {
  FooterMessage footer;
  footer.state = last;
  footer.results = results;
  return close(state_root(last), std::move(footer));
}

Result<Done> TraceWriter::leave_unfinished() {
  if (state_->failure) return tl::make_unexpected(*state_->failure);
  ISOTRACE_CHECK(!state_->closing);
  state_->closing = true;
  return state_->keep(state_->file->leave_unfinished());
}

}  // namespace isotrace::trace
