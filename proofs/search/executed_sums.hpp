// Level E: sums of products in the order in which `isonum-1` adds them up. Rounding to nearest is
// monotone, so the same operations on the ends of ranges give the ends of the results.
#pragma once

#include <isotrace/proofs/search/network.hpp>

namespace isotrace::proofs::search {

/// Finds where the segments of each sum begin (Layer::segments).
class SumOrder {
 public:
  /// `terms` products per row, `length` (at least 1) of them per segment.
  SumOrder(std::size_t rows, std::size_t terms, std::int64_t length);
  /// The products of a row come in the order of their terms.
  void add(std::size_t row, std::size_t term, std::uint32_t neuron);
  /// Empty if the neurons of some row do not ascend with its terms.
  std::vector<std::uint32_t> take();

 private:
  std::size_t segments_;
  std::size_t length_;
  std::vector<std::uint32_t> first_;  ///< [row][segment]
  std::vector<std::int64_t> last_;    ///< [row]: the newest neuron
  bool ascends_ = true;
};

/// What a layer with known segments computes, as it adds up: narrows [low, high] of its sums, given
/// the ranges of the values that enter it.
void execute_sums(const Layer& layer, const std::vector<double>& from_low,
                  const std::vector<double>& from_high, std::vector<double>& low,
                  std::vector<double>& high);

}  // namespace isotrace::proofs::search
