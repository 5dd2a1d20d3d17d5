// One case of a property in the numbers that the search works with. Rounded to nearest: the checker
// reads the exact rationals itself.
#pragma once

#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/search/bounds.hpp>

namespace isotrace::proofs::search {

/// The inputs of a case: every float, or integer, between these, both included.
struct FloatBox {
  std::vector<float> lower;
  std::vector<float> upper;
  std::vector<std::uint8_t> whole;  ///< 1: an integer
  bool empty = false;               ///< some range holds no binary32 at all

  bool operator==(const FloatBox&) const = default;
};

/// Unsafe: x in the box and rows[r] * (y, x) <= limits[r] for every r.
struct Problem {
  std::vector<RowForm> rows;
  std::vector<double> limits;
  std::vector<bool> strict;  ///< row r is rows[r] * (y, x) < limits[r]
  Box box;                   ///< outward
  FloatBox floats;
};

Problem make_problem(const Network& network, const Case& unsafe);

/// The greatest binary32 number that is not above a value, the least that is not below.
float float_below(double value);
float float_not_below(double value);

/// The float or integer nearest to `value` that lies in dimension `index` of the box.
float round_into(const FloatBox& box, std::size_t index, double value);

/// The last layer's neurons in binary64.
std::vector<double> evaluate(const Network& network, std::vector<double> x);
double value_at(const RowForm& row, const std::vector<double>& x, const std::vector<double>& y);

/// The number with nine bits of fraction nearest to `value`: proof files keep such ones short.
double shortened(double value);

/// Row weights * rows, and the same of the limits.
RowForm combine_rows(const Problem& problem, const std::vector<double>& weights);
double combine_limits(const Problem& problem, const std::vector<double>& weights);

}  // namespace isotrace::proofs::search
