#include <isotrace/proofs/search/clipping.hpp>

#include <cmath>
#include <utility>

namespace isotrace::proofs::search {
namespace {

/// Share of a box's volume beyond which a clip is not worth its bytes.
constexpr double rest_max = 0.9;

}  // namespace

HalfSpace half_space_of(const Relaxation::Row& row, double limit, std::vector<double> weights,
                        double margin) {
  return {std::move(weights), row.coefficients,
          row.constant - limit - margin * (row.magnitude + std::fabs(limit))};
}

std::optional<Box> clip(const Network& network, const Box& box, const HalfSpace& half_space) {
  const std::vector<double>& a = half_space.coefficients;
  double least = half_space.offset;
  for (std::size_t j = 0; j < network.inputs; ++j) {
    least += a[j] * (a[j] < 0 ? box.upper[j] : box.lower[j]);
  }
  Box rest = box;
  double share = 1;
  for (std::size_t j = 0; j < network.inputs; ++j) {
    const double width = box.upper[j] - box.lower[j];
    if (a[j] == 0 || !(width > 0)) continue;
    const double reach = -least / std::fabs(a[j]);
    if (!(reach >= 0)) return std::nullopt;
    if (reach >= width) continue;
    if (a[j] > 0) {
      const double end = box.lower[j] + reach;
      rest.upper[j] = network.real ? end : double{float_below(end)};
    } else {
      const double end = box.upper[j] - reach;
      rest.lower[j] = network.real ? end : double{float_not_below(end)};
    }
    if (!(rest.lower[j] <= rest.upper[j])) return std::nullopt;
    share *= (rest.upper[j] - rest.lower[j]) / width;
  }
  return share <= rest_max ? std::optional(std::move(rest)) : std::nullopt;
}

std::optional<Box> clip_again(const Network& network, const Problem& problem,
                              Relaxation& relaxation, const std::vector<double>& weights,
                              double margin) {
  if (weights.size() != problem.rows.size()) return std::nullopt;
  const Relaxation::Row row =
      relaxation.bound_row(combine_rows(problem, weights), relaxation.default_slopes(), nullptr);
  return clip(network, relaxation.box(),
              half_space_of(row, combine_limits(problem, weights), weights, margin));
}

}  // namespace isotrace::proofs::search
