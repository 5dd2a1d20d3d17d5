// A closed trace of a run of which snapshots are left in the file until they are needed: most of
// the bytes of a long run. Everything that is read is judged: what the root covers by the root, a
// snapshot by the digests of its checkpoint's state. The digest of the whole file is not looked at;
// verifying a trace takes trace::parse_trace.
#pragma once

#include <optional>

#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/stored_snapshot.hpp>

namespace isotrace::trace {
class TraceAssembler;
}

namespace isotrace::wasm {

class PartialTrace {
 public:
  /// Nothing where the file is no such trace, or a message of it is broken; what it is then,
  /// trace::recover_trace says. The file must outlive it.
  static std::optional<PartialTrace> open(RandomAccess& file);

  /// Without snapshots before load_before().
  [[nodiscard]] const trace::Trace& trace() const { return trace_; }
  /// Gives the trace one snapshot, if there is one with at most `step` steps: the last of them,
  /// whose memories have also what only those before it hold. Refuses trace_malformed,
  /// trace_digest_mismatch, file_read_failed.
  core::Result<core::Done> load_before(std::uint64_t step);

 private:
  struct Place {
    std::size_t checkpoint = 0;
    std::vector<MessagePlace> messages;
  };
  explicit PartialTrace(RandomAccess& file) : file_(&file) {}
  core::Result<core::Done> read_messages();
  core::Result<core::Done> take_footer(core::ByteView framed, trace::TraceAssembler& assembler);
  [[nodiscard]] core::Result<core::Bytes> read_snapshot(std::size_t place) const;

  RandomAccess* file_;
  trace::Trace trace_;
  std::vector<Place> places_;
};

}  // namespace isotrace::wasm
