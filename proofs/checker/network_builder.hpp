// Puts layers together within stated limits. Trusted base.
#pragma once

#include <string>

#include <isotrace/core/result.hpp>

#include "network.hpp"

namespace isotrace::proofs {

/// Collects the rows of one matrix.
class MatrixBuilder {
 public:
  MatrixBuilder(std::size_t rows, std::size_t columns);
  /// Adds an entry to the row at hand; zero weights need not stand. A column at most once per row.
  void add(std::size_t column, double weight) { add(column, weight, weight); }
  void add(std::size_t column, double lower, double upper);
  void end_row();
  /// Dense where at least a quarter of the entries stand and all are exact.
  [[nodiscard]] Matrix finish();

 private:
  Matrix matrix_;
};

class NetworkBuilder {
 public:
  explicit NetworkBuilder(std::size_t inputs) { network_.inputs = inputs; }

  /// Refuses limit_exceeded before a layer with so many rows and entries is made.
  core::Result<core::Done> reserve(const std::string& place, std::size_t rows, std::size_t entries);
  /// The bias is empty (none) or has one element per row.
  void add_affine(Matrix weights, std::vector<double> bias, std::size_t roundings);
  /// Sums of `terms` products each, to which a bias may still be added as one more term.
  void add_sums(Matrix weights, std::size_t terms);
  /// Adds a bias to the sums that were added last; false if something came in between. The layer
  /// then covers both a sum that starts from the bias and one to which it is added at the end.
  bool extend_sums(const std::vector<double>& bias, std::size_t roundings);
  /// z[i] = h[source[i]].
  void add_movement(const std::vector<std::uint32_t>& source);
  void add_relu();

  [[nodiscard]] std::size_t width() const { return network_.outputs(); }
  Network take() { return std::move(network_); }

 private:
  Network network_;
  std::size_t entries_ = 0;
  bool sums_open_ = false;
};

}  // namespace isotrace::proofs
