// Bounds of inner ReLUs again below splits: what a sign says of one neuron narrows those behind it.
#include <isotrace/proofs/search/climb.hpp>

namespace isotrace::proofs::search {
namespace {

/// Multiplications of one layer's bounds in one box: hundredths of a second.
constexpr double below_work_max = 1.5e8;

}  // namespace

/// Each row's slopes from those of the root, where ReLUs are still open.
void Relaxation::start_from(Climb& climb, const Bounds& bounds, const InnerRows& rows) const {
  for (std::size_t r = 0; r < climb.rows(); ++r) {
    const std::vector<std::uint8_t>& given = rows.slopes[climb.dimension(r)];
    std::size_t next = 0;
    for (std::size_t j = 0; j < climb.layer && !given.empty(); ++j) {
      double* slopes = climb.slopes[j].data() + r * padded(network_.layers[j].out);
      for (const std::uint32_t i : network_.layers[j].relu_order) {
        const std::uint8_t slope = given[next++];
        if (is_unstable(network_, bounds, j, i)) slopes[i] = slope / 255.0;
      }
    }
  }
}

void Relaxation::bound_layer_below(std::size_t k, std::uint32_t first, Bounds& bounds,
                                   const InnerRows& rows, std::vector<ProofNode>& named) {
  const std::vector<std::uint32_t> all = choose_climbers(k, bounds, 2, below_work_max);
  for (std::size_t start = 0; start < all.size() && !is_unwanted(); start += Climb::rows_max / 2) {
    Climb climb = begin_climb(k, first, all, start);
    start_from(climb, bounds, rows);
    descend_rows(climb);
    for (std::size_t r = 0; r < climb.rows(); ++r) {
      if (climb.take_gain(r, bounds)) named.push_back(climb.node(r));
    }
  }
}

std::vector<ProofNode> Relaxation::tighten_below(Bounds& bounds, const Box& box,
                                                 std::size_t settled, const InnerRows& rows) {
  std::vector<ProofNode> named;
  std::uint32_t first = 0;
  enter_box(box);
  for (std::size_t k = 0; k < network_.layers.size(); ++k) {
    enter_layer(k);
    if (!network_.layers[k].activated) continue;
    narrow_by_interval(k, bounds);
    // Intervals bound the first layer as well as anything.
    if (k >= settled && first > 0) bound_layer_below(k, first, bounds, rows, named);
    first += static_cast<std::uint32_t>(network_.layers[k].relu_order.size());
    relax_layer(k, bounds);
  }
  return named;
}

}  // namespace isotrace::proofs::search
