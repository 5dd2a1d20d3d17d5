// The canonical graph of a program alone: the bytes that its digest covers. Who has the digest can
// be shown what every step is, without the constants.
#pragma once

#include <isotrace/core/program.hpp>

namespace isotrace::core {

struct ProgramGraph {
  /// Without constants, whose values have their numbers all the same, and without the programs
  /// inside nodes: those attributes hold nothing.
  Program program;
  std::vector<Digest> constants;  ///< digests of the contents
};

/// `identity` is the program's.
Bytes write_program_graph(const Program& program, const ProgramIdentity& identity);

/// Refuses program_malformed, program_ill_formed, bytes_truncated, bytes_trailing, limit_exceeded.
/// Nodes read values that exist before, and attributes are the operation's, but for nodes that
/// execute programs.
Result<ProgramGraph> parse_program_graph(ByteView bytes);

}  // namespace isotrace::core
