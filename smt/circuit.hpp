// The gates that a formula was made from, found again in its clauses (bits/gates.cpp writes them in
// the order of their outputs), and the values they have for 64 inputs at a time. Trust: none; what
// is not recognised is an input.
#pragma once

#include <cstdint>
#include <vector>

#include <isotrace/bits/cnf.hpp>

namespace isotrace::smt {

struct CircuitGate {
  enum class Kind : std::uint8_t { input, conjunction, exclusive };
  Kind kind = Kind::input;
  std::int32_t a = 0;  ///< literals of variables with smaller numbers
  std::int32_t b = 0;
};

struct Circuit {
  std::vector<CircuitGate> gates;  ///< by variable; entry 0 is not used
  std::size_t gate_clauses = 0;    ///< so many clauses at the front say what gates are
};

Circuit find_gates(const bits::Cnf& cnf);

/// All variables, inputs of gates before the gates: by how many inputs of the circuit a gate
/// depends on, then by how many gates stand between. So two circuits that compute one thing step by
/// step are gone through side by side, step by step, however they are numbered.
std::vector<int> stages_of(const Circuit& circuit);

/// By variable: bit i is its value for the i-th inputs. Inputs are set, gates are computed.
using Signals = std::vector<std::uint64_t>;
void compute_signals(const Circuit& circuit, Signals& signals);
inline std::uint64_t signal_of(const Signals& signals, std::int32_t literal) {
  return literal > 0 ? signals[static_cast<std::size_t>(literal)]
                     : ~signals[static_cast<std::size_t>(-literal)];
}

}  // namespace isotrace::smt
