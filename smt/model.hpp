// What a solver says of the variables of a query. Trust: none; it is evaluated.
#pragma once

#include <utility>

#include <isotrace/bits/evaluate.hpp>
#include <isotrace/core/rational.hpp>

namespace isotrace::smt {

/// Values by name: of Booleans, vectors and floats the bits. What is not listed is 0.
struct Model : bits::Assignment {
  Model() = default;
  Model(bits::Assignment over_bits) : Assignment(std::move(over_bits)) {}

  std::map<std::string, core::Rational, std::less<>> numbers;  ///< integers and reals

  bool operator==(const Model&) const = default;
};

}  // namespace isotrace::smt
