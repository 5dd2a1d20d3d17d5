// Random programs of every operation that the prover reads, for tests of both readings of it.
#pragma once

#include "networks.hpp"

namespace isotrace::tests {

/// A program over 12 inputs (1 x 2 x 2 x 3) in which the operations of `kind` take part; weights
/// are uniform in [-scale, scale].
core::Program random_graph(core::PhiloxStream& random, std::size_t kind, float scale);
inline constexpr std::size_t graph_kinds = 16;
inline constexpr std::size_t graph_inputs = 12;

}  // namespace isotrace::tests
