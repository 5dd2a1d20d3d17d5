// Where a C compiler's functions keep their frames in linear memory. Nothing of it is in the
// module's semantics: names and a convention, for what a claim should leave out.
#pragma once

#include <cstdint>
#include <optional>

#include <isotrace/wasm/module.hpp>

namespace isotrace::tools {

/// Addresses [low, high).
struct ByteRange {
  std::uint32_t low = 0;
  std::uint32_t high = 0;
};

/// Below the initial value of the global "__stack_pointer": at most 64 KiB, the stack of a program
/// that asks for nothing else, and no data segment. Where that name was stripped, of the one global
/// without a name from which functions begin by taking a frame. Where clang's module has no global
/// that can change, the last page that its memory begins with. Nothing if there is none of these.
std::optional<ByteRange> find_stack_frames(const wasm::Module& module);

}  // namespace isotrace::tools
