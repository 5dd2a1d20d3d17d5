// Compares two closed trace files without reading either of them whole as a trace: the messages
// behind the headers are compared as bytes, and only what differs first is decoded. In canonical
// form equal messages have equal bytes, so the answer is exact; what it vouches for, and what it
// leaves to parse_trace, is in docs/formats/trace.md, "Comparing two files".
#pragma once

#include <isotrace/executor/message_walk.hpp>
#include <isotrace/trace/compare.hpp>

namespace isotrace::executor {

/// One of two files that were compared, as far as was needed: identity, provenance, program, inputs
/// and the divergent step's tensors as far as they are stored, outputs, root. No steps, no tree.
struct ComparedFile {
  trace::Trace trace;
  std::uint64_t steps = 0;  ///< executed, as step_count gives it
};

struct FileComparison {
  ComparedFile a;
  ComparedFile b;
  std::optional<trace::Divergence> divergence;  ///< nothing: the files state the same computation
};

/// Nothing where that does not decide: a file is damaged or not closed, its footer contradicts what
/// was found, the traces part in no step and no input, or they are of WebAssembly and part at all.
/// Then the files have to be read with every check. threads: at least 1.
std::optional<FileComparison> compare_files(const BlockSource& a, const BlockSource& b,
                                            unsigned threads);

}  // namespace isotrace::executor
