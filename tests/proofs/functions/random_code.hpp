// Random functions whose result depends on four bits of each of two parameters, so that all of what
// they do can be seen by calling them 256 times.
#pragma once

#include <vector>

#include "tests/wasm/machine.hpp"
#include "tests/wasm/random/dice.hpp"

namespace isotrace::proofs::tests {

struct RandomCodeOptions {
  bool branches = true;  ///< if, loops
  bool floats = false;
};

/// Functions "f" and "g" of (i32, i32) to i32 in one module with a memory and a global: g is f with
/// another seed for its last part, or none of it.
core::Bytes random_pair(std::uint64_t seed, const RandomCodeOptions& options);

/// The arguments of the 256 calls.
std::vector<std::vector<std::uint64_t>> all_arguments();

}  // namespace isotrace::proofs::tests
