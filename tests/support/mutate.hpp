// Mutations for property-based tests of parsers: what storage faults and attackers do to a file.
#pragma once

#include <isotrace/core/bytes.hpp>
#include <isotrace/core/philox.hpp>

namespace isotrace::tests {

/// One to three random edits: bit flip, byte overwrite (often with 0x00, 0x7F, 0x80, 0xFF),
/// insertion, deletion, truncation, duplication of a slice, swap of two slices, or an 8-byte
/// integer overwritten by an extreme value. The result differs from the input unless the input is
/// empty.
core::Bytes mutate(const core::Bytes& original, core::PhiloxStream& random);

/// How many mutants a mutation test tries: ISOTRACE_MUTANTS, or 20,000.
std::size_t mutant_count();

}  // namespace isotrace::tests
