// Finds how far two trace files are the same, byte for byte, behind their headers.
#pragma once

#include <isotrace/executor/message_walk.hpp>

namespace isotrace::executor {

/// Where a file's first message behind the header starts.
struct FileTail {
  const BlockSource& file;
  std::uint64_t first = 0;
};

struct EqualRun {
  std::uint64_t bytes = 0;  ///< how many are the same from the two starts on
  /// Over a: the message begun last is the one with the first byte that differs or is missing in
  /// one of them; the last one if there is none.
  MessageWalk walk;
};

/// Nothing where a file cannot be read, or what is equal are no messages. Takes the time of reading
/// both once; threads: at least 1.
std::optional<EqualRun> find_equal_run(const FileTail& a, const FileTail& b, unsigned threads);

}  // namespace isotrace::executor
