// Compares every implementation of the elementary functions with MPFR.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/tools/selftest/implementations.hpp>

namespace isotrace::tools {

struct MathRow {
  std::string function;
  std::string implementation;
  std::uint64_t checked = 0;
  std::uint64_t wrong = 0;
  std::optional<std::uint64_t> first_wrong;  ///< bits of the least wrong argument
  double seconds = 0;                        ///< CPU time of the implementation alone
};

struct MathReport {
  std::vector<MathRow> rows;  ///< one for each implementation on this machine
  double oracle_seconds = 0;  ///< CPU time of MPFR and what is built on it
};

/// Names of the functions of one argument. pow has samples only.
std::vector<std::string> math_function_names();

/// All 2^32 arguments, on `jobs` threads.
MathReport check_every_argument(std::string_view function, unsigned jobs);

/// Boundaries of the function's pieces, known hard cases, and about `samples` random arguments
/// spread over all exponents; the same ones on every machine. For pow: exact and half-way cases,
/// and random pairs whose results are in range.
MathReport check_samples(std::string_view function, std::uint64_t samples);
/// The same for implementations from elsewhere; not for pow.
MathReport check_samples(std::string_view function, std::uint64_t samples,
                         std::vector<Implementation> implementations);

}  // namespace isotrace::tools
