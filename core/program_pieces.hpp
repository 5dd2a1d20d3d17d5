// The bytes of write_program without a copy of the constants: what is written beside them, and
// views of them where they stand in the program.
#pragma once

#include <deque>

#include <isotrace/core/program.hpp>

namespace isotrace::core {

/// `pieces` one after another; program and object must stay as they are.
struct ProgramPieces {
  std::deque<Bytes> own;
  std::vector<ByteView> pieces;
};

/// `identity` is the program's.
ProgramPieces write_program_pieces(const Program& program, const ProgramIdentity& identity);

}  // namespace isotrace::core
