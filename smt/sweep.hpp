// Finds gates of a formula that always have the same value, opposite ones and constant ones, from
// the inputs towards the output: candidates are those that agree on many inputs, and CaDiCaL shows
// each of them with those before it at hand. Two ways to compute one thing, which no solver proves
// the same at once, mostly agree in many places on the way. Trust: none; every equality is a step
// of the proof.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include <isotrace/bits/blast.hpp>
#include <isotrace/smt/proof_stream.hpp>

namespace isotrace::smt {

/// Clauses of one or two literals that follow from the formula; each is a step of `proof`, behind
/// the steps that it rests on. Depends on the formula alone.
std::vector<std::vector<int>> sweep_gates(const bits::Blasted& blasted, ProofStream& proof);

}  // namespace isotrace::smt
