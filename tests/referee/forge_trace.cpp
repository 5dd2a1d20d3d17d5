// forge_trace IN OUT NUMBER: a copy of a trace in which the result of step NUMBER, or the memory in
// checkpoint NUMBER, has another digest, sealed like any trace.
#include <cstdlib>
#include <iostream>

#include <isotrace/core/limits.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/trace/writer.hpp>

namespace isotrace {
namespace {

core::Result<core::Digest> write(core::Files& files, const std::string& path,
                                 const trace::Trace& trace) {
  ISOTRACE_TRY(trace::TraceWriter writer,
               trace::TraceWriter::begin(files, path, trace.identity, trace.provenance,
                                         {core::ByteView(trace.program)}));
  for (const auto& [digest, tensor] : trace.contents) {
    ISOTRACE_TRY_DONE(writer.store(tensor, digest));
  }
  for (const trace::StepRecord& step : trace.steps) ISOTRACE_TRY_DONE(writer.append(step));
  if (!trace.machine.state) return writer.finish(trace.outputs);
  std::size_t calls = 0;
  const auto catch_up = [&](std::uint64_t upto) -> core::Result<core::Done> {
    while (calls < upto) ISOTRACE_TRY_DONE(writer.append(trace.machine.host_calls[calls++]));
    return core::Done{};
  };
  for (const trace::CheckpointRecord& checkpoint : trace.machine.checkpoints) {
    ISOTRACE_TRY_DONE(catch_up(checkpoint.state.host_calls.size));
    ISOTRACE_TRY_DONE(writer.append(checkpoint));
  }
  ISOTRACE_TRY_DONE(catch_up(trace.machine.host_calls.size()));
  return writer.finish(*trace.machine.state, trace.machine.results);
}

core::Result<core::Digest> forge(const std::string& from, const std::string& to,
                                 std::size_t number) {
  core::PosixFiles files;
  ISOTRACE_TRY(const core::Bytes bytes, files.read(from, core::limits::trace_bytes_max));
  ISOTRACE_TRY(trace::Trace trace, trace::parse_trace(bytes));
  core::Digest& digest = trace.identity.machine
                             ? trace.machine.checkpoints.at(number).state.memories.at(0).digest
                             : trace.steps.at(number).outputs.at(0).digest;
  digest.bytes[5] ^= 1;
  return write(files, to, trace);
}

}  // namespace
}  // namespace isotrace

int main(int count, char** words) {
  if (count != 4) return 2;
  const auto root = isotrace::forge(words[1], words[2], std::strtoull(words[3], nullptr, 10));
  if (!root) std::cerr << isotrace::core::describe(root.error()) << "\n";
  return root ? 0 : 1;
}
