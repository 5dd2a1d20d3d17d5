// Two engines' states, part by part as they are: as strict as their digests, and much cheaper.
#pragma once

#include <string>

#include <isotrace/wasm/execution.hpp>

namespace isotrace::wasm::tests {

/// The parts in which two states differ, by name; none: "". Of the memories it looks at the chunks
/// that one of the stores has marked.
std::string differing_parts(Store& a, const Execution& of_a, Store& b, const Execution& of_b);

bool same_memories(const Store& a, const Store& b);

/// Whether chunks without a mark are as they were made, in memories whose marks nobody took.
bool writes_are_marked(Store& store);

}  // namespace isotrace::wasm::tests
