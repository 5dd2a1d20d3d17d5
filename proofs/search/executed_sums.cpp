#include <isotrace/proofs/search/executed_sums.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isotrace::proofs::search {
namespace {

constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

/// The weights of a result that are not zero.
void read_row(const Layer& layer, std::size_t output, std::vector<std::uint32_t>& neurons,
              std::vector<float>& weights) {
  neurons.clear();
  weights.clear();
  layer.for_each_weight(output, [&](std::size_t i, double weight) {
    if (weight == 0) return;
    neurons.push_back(static_cast<std::uint32_t>(i));
    weights.push_back(static_cast<float>(weight));
  });
}

/// The binary32 number nearest to an end of a range, inside it.
float inward(double end, bool is_lower) {
  const auto near = static_cast<float>(end);
  if (is_lower ? double{near} >= end : double{near} <= end) return near;
  return std::nextafter(near, is_lower ? HUGE_VALF : -HUGE_VALF);
}

}  // namespace

SumOrder::SumOrder(std::size_t rows, std::size_t terms, std::int64_t length)
    : length_(static_cast<std::size_t>(std::max<std::int64_t>(1, length))), last_(rows, -1) {
  segments_ = std::max<std::size_t>(1, (terms + length_ - 1) / length_);
  first_.assign(rows * segments_, nowhere);
}

void SumOrder::add(std::size_t row, std::size_t term, std::uint32_t neuron) {
  ascends_ = ascends_ && last_[row] < std::int64_t{neuron};
  last_[row] = neuron;
  std::uint32_t& first = first_[row * segments_ + term / length_];
  first = std::min(first, neuron);
}

std::vector<std::uint32_t> SumOrder::take() {
  if (!ascends_) return {};
  // A segment without products ends where the next one begins.
  for (std::size_t at = first_.size(); at-- > 0;) {
    const bool is_last = at % segments_ == segments_ - 1;
    if (first_[at] == nowhere && !is_last) first_[at] = first_[at + 1];
  }
  return std::move(first_);
}

void execute_sums(const Layer& layer, const std::vector<double>& from_low,
                  const std::vector<double>& from_high, std::vector<double>& low,
                  std::vector<double>& high) {
  std::vector<float> least(layer.in), most(layer.in);
  for (std::size_t i = 0; i < layer.in; ++i) {
    least[i] = inward(from_low[i], true);
    most[i] = inward(from_high[i], false);
    if (least[i] > most[i]) return;
  }
  const auto sums =
      static_cast<std::size_t>(std::count(layer.handed_on.begin(), layer.handed_on.end(), 0));
  const std::size_t segments = layer.segments.size() / sums;
  std::vector<std::uint32_t> neurons;
  std::vector<float> weights;
  for (std::size_t o = 0; o < sums; ++o) {
    read_row(layer, o, neurons, weights);
    std::size_t q = 0;
    const std::uint32_t* first = layer.segments.data() + o * segments;
    float low_sum = 0, high_sum = 0;
    for (std::size_t s = 0; s < segments; ++s) {
      const bool is_last = s + 1 == segments;
      float low_part = 0, high_part = 0;
      for (; q < neurons.size() && (is_last || neurons[q] < first[s + 1]); ++q) {
        const std::uint32_t i = neurons[q];
        const float weight = weights[q];
        low_part = std::fma(weight, weight < 0 ? most[i] : least[i], low_part);
        high_part = std::fma(weight, weight < 0 ? least[i] : most[i], high_part);
      }
      low_sum += low_part;
      high_sum += high_part;
    }
    const auto bias = static_cast<float>(layer.bias[o]);
    low[o] = std::max(low[o], double{low_sum + bias});
    high[o] = std::min(high[o], double{high_sum + bias});
  }
}

}  // namespace isotrace::proofs::search
