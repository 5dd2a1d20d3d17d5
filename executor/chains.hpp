// Steps that a backend may run as one because nobody sees what is between them (internal to the
// executor; docs/backends.md, chains).
#pragma once

#include <vector>

#include <isotrace/backends/backend.hpp>

namespace isotrace::executor {

/// For every node, how many from it on are given to Backend::run_chain together; 1: it runs alone.
/// The nodes of a chain follow each other in the program; each but the last has one result, which
/// the next one reads, once, and which is no output. A node stands in at most one chain.
std::vector<std::size_t> find_chains(const core::Program& program,
                                     const backends::Backend& backend);

}  // namespace isotrace::executor
