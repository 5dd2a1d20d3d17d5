// The dual simplex method on a dense tableau, in binary64 or in rational numbers. Trust: none.
#pragma once

#include <algorithm>
#include <type_traits>
#include <vector>

namespace isotrace::proofs::search {

/// Least cost * v for rows * v <= limits and v >= 0, where no cost is negative: begins with all
/// v = 0. Binary64 numbers leave rows 1e-9 below zero; others are exact.
template <class Number>
class Tableau {
 public:
  enum class End { optimal, infeasible, unfinished };

  explicit Tableau(std::size_t variables) : columns_(variables), costs_(variables, Number(0)) {}

  void set_cost(std::size_t variable, const Number& cost) { costs_[variable] = cost; }
  std::size_t add(std::vector<Number> row, const Number& limit) {
    row.push_back(limit);
    rows_.push_back(std::move(row));
    return rows_.size() - 1;
  }
  End solve();
  /// After solve(), optimal: how much the least cost grows per unit that a row's limit, or that of
  /// v >= 0, is tightened. Infeasible: the factors with which limits - rows * v and v add up to a
  /// number below zero.
  [[nodiscard]] Number dual_of_row(std::size_t row) const { return dual(columns_ + row); }
  [[nodiscard]] Number dual_of_variable(std::size_t variable) const { return dual(variable); }
  /// Optimal: the value of a variable.
  [[nodiscard]] Number value(std::size_t variable) const {
    const auto found = std::find(basic_.begin(), basic_.end(), variable);
    if (found == basic_.end()) return Number(0);
    return rows_[static_cast<std::size_t>(found - basic_.begin())].back();
  }

 private:
  static constexpr bool exact = !std::is_floating_point_v<Number>;

  [[nodiscard]] Number dual(std::size_t name) const;
  [[nodiscard]] std::size_t leaving_row(bool first) const;
  [[nodiscard]] std::size_t entering_column(std::size_t row) const;
  void pivot(std::size_t row, std::size_t column);

  std::size_t columns_;
  std::vector<Number> costs_;
  std::vector<std::vector<Number>> rows_;  ///< coefficients of nonbasic ones, then the limit
  std::vector<std::size_t> basic_;         ///< by row: a variable, or columns_ + row
  std::vector<std::size_t> nonbasic_;      ///< by column
  std::vector<Number> ray_;                ///< infeasible: factors by column
  std::size_t ray_name_ = 0;               ///< and whose factor is 1
};

template <class Number>
Number Tableau<Number>::dual(std::size_t name) const {
  if (!ray_.empty() && name == ray_name_) return Number(1);
  const auto found = std::find(nonbasic_.begin(), nonbasic_.end(), name);
  if (found == nonbasic_.end()) return Number(0);
  const auto column = static_cast<std::size_t>(found - nonbasic_.begin());
  return std::max(Number(0), ray_.empty() ? costs_[column] : ray_[column]);
}

template <class Number>
void Tableau<Number>::pivot(std::size_t row, std::size_t column) {
  std::vector<Number>& chosen = rows_[row];
  const Number by = Number(1) / chosen[column];
  for (Number& entry : chosen) entry *= by;
  chosen[column] = by;
  const auto reduce = [&](std::vector<Number>& other, std::size_t size) {
    const Number factor = other[column];
    if (factor == 0) return;
    for (std::size_t j = 0; j < size; ++j) {
      if (exact && chosen[j] == 0) continue;
      other[j] -= factor * chosen[j];
    }
    other[column] = -factor * by;
  };
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (i != row) reduce(rows_[i], columns_ + 1);
  }
  reduce(costs_, columns_);
  std::swap(basic_[row], nonbasic_[column]);
}

/// The row that is furthest below zero; or the first by name, which cannot go round in circles.
template <class Number>
std::size_t Tableau<Number>::leaving_row(bool first) const {
  std::size_t row = rows_.size();
  Number worst = exact ? Number(0) : Number(-1e-9);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    if (!(rows_[i].back() < worst)) continue;
    if (first) {
      if (row == rows_.size() || basic_[i] < basic_[row]) row = i;
    } else {
      worst = rows_[i].back();
      row = i;
    }
  }
  return row;
}

template <class Number>
std::size_t Tableau<Number>::entering_column(std::size_t row) const {
  const Number pivot_max = exact ? Number(0) : Number(-1e-9);
  std::size_t column = columns_;
  Number least(0);
  for (std::size_t j = 0; j < columns_; ++j) {
    if (!(rows_[row][j] < pivot_max)) continue;
    const Number ratio = costs_[j] / -rows_[row][j];
    if (column == columns_ || ratio < least ||
        (exact && ratio == least && nonbasic_[j] < nonbasic_[column])) {
      least = ratio;
      column = j;
    }
  }
  return column;
}

template <class Number>
typename Tableau<Number>::End Tableau<Number>::solve() {
  for (std::size_t j = 0; j < columns_; ++j) nonbasic_.push_back(j);
  for (std::size_t i = 0; i < rows_.size(); ++i) basic_.push_back(columns_ + i);
  const std::size_t quick = 20 * (rows_.size() + columns_);
  for (std::size_t step = 0; step < (exact ? 10 * quick : quick); ++step) {
    const std::size_t row = leaving_row(exact && step >= quick / 10);
    if (row == rows_.size()) return End::optimal;
    const std::size_t column = entering_column(row);
    if (column == columns_) {
      ray_.assign(rows_[row].begin(), rows_[row].end() - 1);
      ray_name_ = basic_[row];
      return End::infeasible;
    }
    pivot(row, column);
  }
  return End::unfinished;
}

}  // namespace isotrace::proofs::search
