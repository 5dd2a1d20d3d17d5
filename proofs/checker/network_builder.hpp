// Puts layers together within stated limits. Trusted base.
#pragma once

#include <string>

#include <isotrace/core/result.hpp>

#include "network.hpp"

namespace isotrace::proofs {

/// Elements of one layer, or of one value.
inline constexpr std::size_t width_max = std::size_t{1} << 24;

/// Collects the rows of one matrix.
class MatrixBuilder {
 public:
  explicit MatrixBuilder(std::size_t columns);
  /// Adds an entry to the row at hand; zero weights need not stand. Entries of one column add up.
  void add(std::size_t column, double weight) { add(column, weight, weight); }
  void add(std::size_t column, double lower, double upper);
  void end_row();
  [[nodiscard]] std::size_t rows() const { return matrix_.row_start.size() - 1; }
  /// Whether every row is one element, its negation, or 0. Such a layer without bias is exact,
  /// whatever operation it is: h * 1, h * 0 and h + 0 do not round.
  [[nodiscard]] bool only_moves() const;
  /// Dense where at least a quarter of the entries stand, all are exact and no column repeats.
  [[nodiscard]] Matrix finish();

 private:
  Matrix matrix_;
};

/// The order in which `isonum-1` adds up the products of each row.
class SumOrder {
 public:
  /// Of `terms` products in segments of `length`, at least 1.
  SumOrder(std::size_t terms, std::size_t length);
  /// Product number `term` of the row at hand; terms ascend, and those without weight are left out.
  void add(std::size_t term, std::uint32_t column);
  void end_row();
  /// Goes into a layer, unless the columns of some row do not ascend as its terms do.
  void give_to(AffineLayer& layer) &&;

 private:
  std::size_t length_;
  std::size_t segments_;
  std::vector<std::uint32_t> first_;
  std::size_t begun_ = 0;          ///< segments of the row at hand
  std::uint32_t next_column_ = 0;  ///< the least that ascends
  bool ascends_ = true;
};

class NetworkBuilder {
 public:
  NetworkBuilder(std::size_t inputs, std::vector<WholeInputs> whole) {
    network_.inputs = inputs;
    network_.whole = std::move(whole);
  }

  /// Refuses limit_exceeded before a layer with so many rows and entries is made.
  core::Result<core::Done> reserve(const std::string& place, std::size_t rows, std::size_t entries);
  /// Elements of the newest layer that layers made from now on hand on, behind their results and in
  /// this order; kept() tells where they stand.
  void keep(std::vector<std::uint32_t> positions) { kept_ = std::move(positions); }
  [[nodiscard]] const std::vector<std::uint32_t>& kept() const { return kept_; }

  [[nodiscard]] MatrixBuilder rows() const { return MatrixBuilder(width()); }
  /// The bias is empty (none) or has one element per row. `roundings` do not count where the rows
  /// only move.
  void add_affine(MatrixBuilder rows, std::vector<double> bias, std::size_t roundings);
  /// Sums of `terms` products each, to which a bias may still be added as one more term.
  void add_sums(MatrixBuilder rows, std::size_t terms);
  /// The order of the sums that were added last.
  void order_sums(SumOrder order) { std::move(order).give_to(network_.layers.back().affine); }
  /// Adds a bias to the sums that were added last; false if something came in between, or they are
  /// themselves kept. The layer then covers both a sum that starts from the bias and one to which
  /// it is added at the end.
  bool extend_sums(const std::vector<double>& bias, std::size_t roundings);
  /// The results of the newest layer, which only moves, are rounded so many times.
  void round_results(std::size_t times) { network_.layers.back().affine.roundings = times; }
  /// The results of the newest layer are integers, which are then rounded to binary32.
  void round_whole_results();
  /// result[i] = element[source[i]].
  void add_movement(const std::vector<std::uint32_t>& source);
  /// Of the first `active` elements; no kept element may be among them.
  void add_relu(std::size_t active) { add_activation(Layer::Kind::relu, active); }
  void add_activation(Layer::Kind kind, std::size_t active);

  [[nodiscard]] std::size_t width() const { return network_.outputs(); }
  void end_in_softmax(bool left_out) {
    (left_out ? network_.order_only : network_.is_distribution) = true;
  }
  Network take() { return std::move(network_); }

 private:
  Network network_;
  std::vector<std::uint32_t> kept_;
  std::size_t entries_ = 0;
  bool sums_open_ = false;
};

/// 0, 1, 2, ...
std::vector<std::uint32_t> count_up(std::size_t count, std::size_t first = 0);

}  // namespace isotrace::proofs
