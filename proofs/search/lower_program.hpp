// Lowers a program to the chain of layers that the search bounds. Untrusted; a mistake here costs a
// proof that the checker rejects, never a wrong `proved`.
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/search/network.hpp>

namespace isotrace::proofs::search {

/// Weights of all layers together, as they are kept: dense matrices, or those that stand.
inline constexpr std::size_t weights_max = std::size_t{1} << 25;

/// Inputs and outputs of f32 or integers, each side as one flat vector (unknown dimensions count as
/// 1), and the operations of docs/proofs/checker.md. Refuses prove_unsupported with node number,
/// operation and name, and limit_exceeded.
/// With `order_only` a Softmax or LogSoftmax of one row that gives all outputs is left out.
core::Result<Network> lower_program(const core::Program& program, Level level,
                                    bool order_only = false);

}  // namespace isotrace::proofs::search
