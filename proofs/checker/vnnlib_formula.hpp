// A VNN-LIB file as a formula: comparisons already reduced to bounds on one X_i or to rows,
// under and/or. Trusted base; the normal form is made in property.cpp.
#pragma once

#include <isotrace/proofs/checker/property.hpp>

namespace isotrace::proofs {

/// What one comparison says.
struct Atom {
  enum class Kind : std::uint8_t { input_lower, input_upper, row };
  Kind kind = Kind::row;
  std::size_t input = 0;  ///< i of X_i, for the input kinds
  LinearRow row;          ///< for the input kinds only bound and strict
};

/// A tree of bounded depth (limits::text_nesting_max).
struct Formula {
  enum class Kind : std::uint8_t { atom, all, any };
  Kind kind = Kind::all;
  Atom atom;  ///< kind atom
  std::vector<Formula> children;
};

struct VnnlibFile {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Formula formula;  ///< `all` of the assertions
};

/// Refuses property_malformed, property_unsupported, limit_exceeded, with line and column.
core::Result<VnnlibFile> read_vnnlib(std::string_view text);

}  // namespace isotrace::proofs
