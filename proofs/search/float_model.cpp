#include <isotrace/proofs/search/float_model.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

namespace isotrace::proofs::search {
namespace {

double excess_of(const Problem& problem, std::span<const float> x, const float* outputs) {
  double worst = -std::numeric_limits<double>::infinity();
  for (std::size_t r = 0; r < problem.rows.size(); ++r) {
    double value = -problem.limits[r];
    const std::vector<double>& row = problem.rows[r].outputs;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (row[i] != 0) value += row[i] * double{outputs[i]};
    }
    const std::vector<double>& direct = problem.rows[r].inputs;
    for (std::size_t i = 0; i < direct.size() && i < x.size(); ++i) {
      value += direct[i] * double{x[i]};
    }
    if (std::isnan(value)) return std::numeric_limits<double>::infinity();
    worst = std::max(worst, value);
  }
  return worst;
}

}  // namespace

double Objective::nearest_excess(std::span<const Problem* const> problems, std::span<const float> x,
                                 const float* outputs) {
  double nearest = std::numeric_limits<double>::infinity();
  for (const Problem* problem : problems) {
    nearest = std::min(nearest, excess_of(*problem, x, outputs));
  }
  return nearest;
}

FloatModel::FloatModel(const Network& network, const Kernels& kernels)
    : kernels_(kernels), widest_((network.inputs + 15) / 16 * 16) {
  for (const Layer& layer : network.layers) {
    cost_ += layer.weights.size() + layer.sparse.weights.size();
    FloatLayerData data{layer.in,
                        layer.out,
                        (layer.out + 15) / 16 * 16,
                        layer.activated,
                        layer.kind == Layer::Kind::diagonal,
                        layer.activation,
                        {},
                        {},
                        {},
                        {},
                        layer.activated_on};
    widest_ = std::max(widest_, data.columns);
    if (data.diagonal) {
      data.scales = layer.weights;
      data.shifts = layer.bias;
      layers_.push_back(std::move(data));
      continue;
    }
    data.bias.assign(data.columns, 0);
    for (std::size_t o = 0; o < layer.out; ++o) data.bias[o] = static_cast<float>(layer.bias[o]);
    if (layer.kind == Layer::Kind::sparse) {
      data.rows = &layer.sparse;
      data.standing.assign(layer.sparse.weights.begin(), layer.sparse.weights.end());
      layers_.push_back(std::move(data));
      continue;
    }
    data.weights.assign(data.columns * layer.in, 0);
    for (std::size_t o = 0; o < layer.out; ++o) {
      for (std::size_t i = 0; i < layer.in; ++i) {
        data.weights[i * data.columns + o] = static_cast<float>(layer.row(o)[i]);
      }
    }
    layers_.push_back(std::move(data));
  }
}

double FloatModel::excess(std::span<const Problem* const> problems, std::span<const float> x,
                          std::vector<float>& scratch) const {
  scratch.resize(2 * widest_);
  float* from = scratch.data();
  float* to = from + widest_;
  std::copy(x.begin(), x.end(), from);
  for (const FloatLayerData& layer : layers_) {
    if (layer.diagonal) {
      for (std::size_t i = 0; i < layer.out; ++i) {
        // One operation's result: what stands here in binary64 is rounded as the exact one is.
        to[i] = static_cast<float>(double{from[i]} * layer.scales[i] + layer.shifts[i]);
      }
    } else if (layer.rows != nullptr) {
      multiply(*layer.rows, layer.standing.data(), layer.bias.data(), from, to, layer.out);
    } else {
      kernels_.affine({from, layer.in, layer.weights.data(), layer.bias.data(), to, layer.columns});
    }
    for (std::size_t i = 0; layer.activated && i < layer.out; ++i) {
      if (layer.activation == Activation::relu) {
        to[i] = layer.activated_on[i] != 0 && to[i] < 0 ? 0.0F : to[i];
      } else if (layer.activated_on[i] != 0) {
        to[i] = static_cast<float>(activate(layer.activation, double{to[i]}));
      }
    }
    std::swap(from, to);
  }
  return nearest_excess(problems, x, from);
}

}  // namespace isotrace::proofs::search
