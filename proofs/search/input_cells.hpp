// Inputs that are rounded to integers before anything else is done with them fall into cells, and
// all numbers of a cell have the same results. Boxes are best cut between cells.
#pragma once

#include <optional>

#include <isotrace/proofs/search/network.hpp>

namespace isotrace::proofs::search {

class InputCells {
 public:
  explicit InputCells(const Network& network);

  /// Whether a range of an input lies in one cell; false if the input is not rounded.
  [[nodiscard]] bool is_one(std::size_t input, double low, double high) const;
  /// A number between two cells, or the middle if the input is not rounded; strictly inside the
  /// range, which does not lie in one cell.
  [[nodiscard]] double cut(std::size_t input, double low, double high) const;

 private:
  /// scale * x + shift, rounded to binary32 or exact, then the activation.
  struct Step {
    double scale;
    double shift;
    bool rounds;
    std::optional<Activation> activation;
  };
  [[nodiscard]] double level(std::size_t input, float x) const;

  std::vector<std::vector<Step>> chains_;  ///< by input; empty: not rounded
};

}  // namespace isotrace::proofs::search
