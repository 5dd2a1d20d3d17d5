// How layers come to be: dense ones from rows, diagonal ones in place; neurons that later
// operations need are handed on.
#include <algorithm>
#include <limits>
#include <numeric>

#include <isotrace/proofs/search/lower_program.hpp>
#include <isotrace/proofs/search/lowering.hpp>

namespace isotrace::proofs::search {

using core::Done;
using core::RefusalCode;
using core::Result;
using core::Shape;

namespace {

/// Matrices up to this size are dense, whatever stands in them.
constexpr std::size_t small_area = std::size_t{1} << 14;

auto refuse_weights() {
  return core::refuse(RefusalCode::limit_exceeded, "",
                      "more than " + std::to_string(weights_max) + " weights");
}

}  // namespace

Result<Shape> broadcast_shape(const Shape& a, const Shape& b) {
  Shape shape(std::max(a.size(), b.size()));
  for (std::size_t i = 0; i < shape.size(); ++i) {
    const std::int64_t left = i < a.size() ? a[a.size() - 1 - i] : 1;
    const std::int64_t right = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (left != right && left != 1 && right != 1) {
      return core::refuse(RefusalCode::shape_mismatch, "", "operands do not broadcast");
    }
    shape[shape.size() - 1 - i] = left == 1 ? right : left;
  }
  return shape;
}

std::vector<std::size_t> broadcast_source(const Shape& from, const Shape& to) {
  std::vector<std::size_t> step(to.size(), 0);
  std::size_t stride = 1;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int64_t dim = from[from.size() - 1 - i];
    step[to.size() - 1 - i] = dim == 1 ? 0 : stride;
    stride *= static_cast<std::size_t>(dim);
  }
  std::vector<std::size_t> source(count(to), 0);
  for (std::size_t flat = 0; flat < source.size(); ++flat) {
    std::size_t rest = flat;
    for (std::size_t i = to.size(); i-- > 0;) {
      const auto dim = static_cast<std::size_t>(to[i]);
      source[flat] += rest % dim * step[i];
      rest /= dim;
    }
  }
  return source;
}

std::size_t product_of(std::size_t a, std::size_t b) {
  return b != 0 && a > std::numeric_limits<std::size_t>::max() / b
             ? std::numeric_limits<std::size_t>::max()
             : a * b;
}

Result<Layer*> Lowering::add_layer(std::size_t outputs, std::size_t terms) {
  ISOTRACE_TRY_DONE(settle());
  const std::size_t rows = outputs + kept_.size();
  if (outputs == 0 || rows > weights_max || terms > weights_max ||
      terms + kept_.size() > weights_max - weights_) {
    return refuse_weights();
  }
  Layer layer;
  layer.in = newest_width();
  layer.out = rows;
  layer.bias.assign(padded(rows), 0);
  layer.handed_on.assign(rows, 0);
  for (std::size_t i = 0; i < kept_.size(); ++i) {
    entries_.push_back({static_cast<std::uint32_t>(outputs + i), kept_[i], 1});
    layer.handed_on[outputs + i] = 1;
  }
  // Values that nobody needs any more keep their stale numbers.
  for (auto& [id, value] : values_) {
    for (std::uint32_t& neuron : value.neurons) {
      const auto found = std::lower_bound(kept_.begin(), kept_.end(), neuron);
      if (found == kept_.end() || *found != neuron) break;
      neuron =
          static_cast<std::uint32_t>(outputs + static_cast<std::size_t>(found - kept_.begin()));
    }
  }
  std::iota(kept_.begin(), kept_.end(), static_cast<std::uint32_t>(outputs));
  network_.layers.push_back(std::move(layer));
  bias_open_ = true;
  return &network_.layers.back();
}

SparseRows Lowering::gather_rows(std::size_t outputs) {
  const auto before = [](const Entry& a, const Entry& b) {
    return a.output != b.output ? a.output < b.output : a.neuron < b.neuron;
  };
  if (!std::is_sorted(entries_.begin(), entries_.end(), before)) {
    std::stable_sort(entries_.begin(), entries_.end(), before);
  }
  SparseRows rows;
  rows.row_start.assign(outputs + 1, 0);
  for (std::size_t e = 0; e < entries_.size();) {
    const Entry& entry = entries_[e];
    double weight = 0;
    for (; e < entries_.size() && !before(entry, entries_[e]); ++e) weight += entries_[e].weight;
    if (weight == 0) continue;
    rows.columns.push_back(entry.neuron);
    rows.weights.push_back(weight);
    rows.row_start[entry.output + 1] = rows.columns.size();
  }
  for (std::size_t o = 0; o < outputs; ++o) {
    rows.row_start[o + 1] = std::max(rows.row_start[o + 1], rows.row_start[o]);
  }
  return rows;
}

Lowering::Step Lowering::settle() {
  if (network_.layers.empty()) return Done{};
  Layer& layer = network_.layers.back();
  const bool is_settled = !layer.weights.empty() || !layer.sparse.row_start.empty();
  if (is_settled) return Done{};
  SparseRows rows = gather_rows(layer.out);
  entries_.clear();
  const std::size_t stride = padded(layer.in);
  const std::size_t area = product_of(layer.out, stride);
  const bool few = area > small_area && rows.weights.size() < area / 4;
  const std::size_t kept = few ? rows.weights.size() : area;
  if (kept > weights_max - weights_) return refuse_weights();
  weights_ += kept;
  if (few) {
    layer.kind = Layer::Kind::sparse;
    layer.sparse = std::move(rows);
    return Done{};
  }
  layer.weights.assign(area, 0);
  for (std::size_t o = 0; o < layer.out; ++o) {
    for (std::size_t q = rows.row_start[o]; q < rows.row_start[o + 1]; ++q) {
      layer.weights[o * stride + rows.columns[q]] = rows.weights[q];
    }
  }
  return Done{};
}

void Lowering::order_sums(SumOrder order) {
  if (level_ == Level::exact_order) network_.layers.back().segments = order.take();
}

Lowering::Step Lowering::add_rows(const std::vector<SparseRow>& rows, std::size_t n) {
  std::size_t terms = 0;
  for (const SparseRow& row : rows) terms += row.weights.size();
  ISOTRACE_TRY(Layer * layer, add_layer(rows.size(), terms));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (const auto& [neuron, weight] : rows[i].weights) {
      entries_.push_back({static_cast<std::uint32_t>(i), neuron, weight});
    }
    layer->bias[i] = rows[i].bias;
  }
  layer->roundings = roundings(n);
  bias_open_ = false;
  return Done{};
}

bool Lowering::owns_front() const {
  std::vector<std::uint32_t> sorted = front_.neurons;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::uint32_t> shared;
  std::set_intersection(sorted.begin(), sorted.end(), kept_.begin(), kept_.end(),
                        std::back_inserter(shared));
  return shared.empty() && std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
}

Lowering::Step Lowering::add_elementwise(const Shape& shape, const std::vector<double>& scale,
                                         const std::vector<double>& shift, std::size_t n) {
  const bool only_adds =
      std::all_of(scale.begin(), scale.end(), [](double value) { return value == 1; });
  if (scale.size() == front_.neurons.size()) {
    front_.shape = shape;
    return only_adds ? add_constant(shift, n) : add_diagonal(scale, shift, n);
  }
  const std::vector<std::size_t> source = broadcast_source(front_.shape, shape);
  ISOTRACE_TRY(Layer * layer, add_layer(scale.size(), scale.size()));
  for (std::size_t i = 0; i < scale.size(); ++i) {
    connect(i, source[i], scale[i]);
    layer->bias[i] = shift[i];
  }
  layer->roundings = roundings(n);
  bias_open_ = false;
  start_front(shape);
  return Done{};
}

/// The bias of the newest layer if that has none yet, else a layer of its own.
Lowering::Step Lowering::add_constant(const std::vector<double>& shift,
                                      std::size_t extra_roundings) {
  const bool is_whole_sum =
      bias_open_ && owns_front() &&
      front_.neurons.size() ==
          static_cast<std::size_t>(std::count(network_.layers.back().handed_on.begin(),
                                              network_.layers.back().handed_on.end(), 0));
  if (!is_whole_sum) {
    return add_diagonal(std::vector<double>(shift.size(), 1), shift, extra_roundings);
  }
  Layer& layer = network_.layers.back();
  for (std::size_t i = 0; i < shift.size(); ++i) layer.bias[front_.neurons[i]] = shift[i];
  layer.roundings += roundings(extra_roundings);
  bias_open_ = false;
  return Done{};
}

/// y = scale * x + shift by element of the front; no layer at all if that is the identity.
Lowering::Step Lowering::add_diagonal(const std::vector<double>& scale,
                                      const std::vector<double>& shift, std::size_t n) {
  const auto is = [](double wanted) { return [wanted](double v) { return v == wanted; }; };
  if (std::all_of(scale.begin(), scale.end(), is(1)) &&
      std::all_of(shift.begin(), shift.end(), is(0))) {
    return Done{};
  }
  if (!owns_front()) {
    std::vector<SparseRow> rows(scale.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      rows[i] = {{{front_.neurons[i], scale[i]}}, shift[i]};
    }
    const Shape shape = front_.shape;
    ISOTRACE_TRY_DONE(add_rows(rows, n));
    start_front(shape);
    return Done{};
  }
  ISOTRACE_TRY_DONE(push_identity());
  Layer& layer = network_.layers.back();
  for (std::size_t i = 0; i < scale.size(); ++i) {
    const std::uint32_t neuron = front_.neurons[i];
    layer.weights[neuron] = scale[i];
    layer.bias[neuron] = shift[i];
    layer.handed_on[neuron] = 0;
  }
  layer.roundings = roundings(n);
  return Done{};
}

/// A diagonal layer that hands every neuron on.
Lowering::Step Lowering::push_identity() {
  ISOTRACE_TRY_DONE(settle());
  Layer layer;
  layer.kind = Layer::Kind::diagonal;
  layer.in = layer.out = newest_width();
  layer.weights.assign(padded(layer.out), 0);
  std::fill_n(layer.weights.begin(), layer.out, 1.0);
  layer.bias.assign(padded(layer.out), 0);
  layer.handed_on.assign(layer.out, 1);
  network_.layers.push_back(std::move(layer));
  bias_open_ = false;
  return Done{};
}

}  // namespace isotrace::proofs::search
