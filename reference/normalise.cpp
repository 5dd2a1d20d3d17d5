// Batch and layer normalisation (docs/spec/normalise.md). Compiled with FMA.
#include <isotrace/reference/elementwise.hpp>
#include <isotrace/reference/normalise_rows.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/rows.hpp>

namespace isotrace::reference {
namespace {

/// One parameter per channel, widened to the type of the computation.
template <class Number>
Result<std::vector<Number>> read_channels(const TensorView& parameter, std::int64_t channels) {
  if (parameter.rank() != 1 || parameter.dim(0) != channels) {
    return refuse_shape("parameter " + core::shape_text(parameter.shape()) + " for " +
                        std::to_string(channels) + " channels");
  }
  // Parameters may be of another precision than x (mixed f16 and f32), but not wider than the
  // computation.
  if ((parameter.dtype() == Dtype::f64) != std::is_same_v<Number, double>) {
    return refuse_dtype(parameter.dtype());
  }
  return visit_floats(parameter.dtype(), [&](auto type) -> Result<std::vector<Number>> {
    std::vector<Number> values;
    for (auto element : parameter.data<typename decltype(type)::type>()) {
      values.push_back(static_cast<Number>(widen(element)));  // exact
    }
    return values;
  });
}

template <class T>
Result<Tensor> batch_normalization(const Call& call, std::int64_t channels) {
  using Number = Wide<T>;
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto scale, read_channels<Number>(call.operand(1), channels));
  ISOTRACE_TRY(const auto bias, read_channels<Number>(call.operand(2), channels));
  ISOTRACE_TRY(const auto mean, read_channels<Number>(call.operand(3), channels));
  ISOTRACE_TRY(const auto variance, read_channels<Number>(call.operand(4), channels));
  const Number epsilon = call.node.real("epsilon");
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
  const std::size_t plane = x.rank() < 2 ? 1 : product(x.shape(), 2, x.rank());
  for (std::size_t i = 0; i < out.elements(); ++i) {
    const std::size_t channel = i / plane % static_cast<std::size_t>(channels);
    const Number d = widen(x.data<T>()[i]) - mean[channel];
    const Number r = Number{1} / std::sqrt(variance[channel] + epsilon);
    out.data<T>()[i] = narrow<T>(std::fma(d * r, scale[channel], bias[channel]));
  }
  return out;
}

/// The parameters of LayerNormalization at every position of x.
template <class T>
struct Affine {
  std::vector<Wide<T>> scale;
  std::vector<Wide<T>> bias;  ///< empty if there is none
};

template <class T>
std::vector<Wide<T>> broadcast_values(const TensorView& parameter, Dims shape) {
  std::vector<Wide<T>> values(product(shape, 0, shape.size()));
  Odometer at(shape);
  at.add_stream(broadcast_strides(parameter.shape(), shape));
  for (Wide<T>& value : values) {
    value = widen(parameter.data<T>()[static_cast<std::size_t>(at.offset(0))]);
    at.next();
  }
  return values;
}

/// y = fma(d * r, scale, bias); without a bias y = (d * r) * scale. Returns mean and r.
template <class T>
std::pair<Wide<T>, Wide<T>> normalise_row(std::span<const std::size_t> offsets,
                                          std::span<const T> x, const Affine<T>& affine,
                                          Wide<T> epsilon, std::span<T> out) {
  using Number = Wide<T>;
  const CentredRow<Number> row = centre_row(offsets, x);
  const Number r = inverse_deviation(row.variance, epsilon);
  for (std::size_t i = 0; i < row.d.size(); ++i) {
    const std::size_t at = offsets[i];
    const Number scaled = row.d[i] * r;
    out[at] = narrow<T>(affine.bias.empty() ? scaled * affine.scale[at]
                                            : std::fma(scaled, affine.scale[at], affine.bias[at]));
  }
  return {row.mean, r};
}

/// The shape of one number per row: the normalised axes have size 1.
Shape row_shape(Dims shape, std::size_t first_axis) {
  Shape result(shape.begin(), shape.end());
  std::fill(result.begin() + static_cast<std::ptrdiff_t>(first_axis), result.end(), 1);
  return result;
}

template <class T>
Outcome layer_normalization(const Call& call, std::size_t first_axis) {
  const TensorView& x = call.operand(0);
  const TensorView* bias = call.find_operand(2);
  std::vector<Tensor> results;
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), Shape(x.shape().begin(), x.shape().end())));
  ISOTRACE_TRY(Tensor means, Tensor::make(Dtype::f32, row_shape(x.shape(), first_axis)));
  ISOTRACE_TRY(Tensor deviations, Tensor::make(Dtype::f32, row_shape(x.shape(), first_axis)));
  const Affine<T> affine = {
      broadcast_values<T>(call.operand(1), x.shape()),
      bias == nullptr ? std::vector<Wide<T>>{} : broadcast_values<T>(*bias, x.shape())};
  const Wide<T> epsilon = call.node.real("epsilon");
  std::vector<std::size_t> axes;
  for (std::size_t axis = first_axis; axis < x.rank(); ++axis) axes.push_back(axis);
  Rows(x.shape(), axes).visit([&](std::size_t row, std::span<const std::size_t> offsets) {
    const auto [mean, r] = normalise_row<T>(offsets, x.data<T>(), affine, epsilon, out.data<T>());
    means.data<float>()[row] = narrow<float>(static_cast<float>(mean));
    deviations.data<float>()[row] = narrow<float>(static_cast<float>(r));
  });
  results.push_back(std::move(out));
  results.push_back(std::move(means));
  results.push_back(std::move(deviations));
  results.resize(call.node.outputs.size());
  return results;
}

}  // namespace

// [normalise.batch_normalization]
Outcome evaluate_batch_normalization(const Call& call) {
  const TensorView& x = call.operand(0);
  if (x.rank() == 0) return refuse_shape("a scalar operand");
  const std::int64_t channels = x.rank() == 1 ? 1 : x.dim(1);
  return one(visit_floats(x.dtype(), [&](auto type) {
    return batch_normalization<typename decltype(type)::type>(call, channels);
  }));
}

// [normalise.layer_normalization]
Outcome evaluate_layer_normalization(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& scale = call.operand(1);
  const TensorView* bias = call.find_operand(2);
  ISOTRACE_TRY(const std::size_t first, resolve_axis(call.node.integer("axis"), x.rank()));
  for (const TensorView* parameter : {&scale, bias}) {
    if (parameter == nullptr) continue;
    ISOTRACE_TRY_DONE(check_same_dtype(x, *parameter));
    ISOTRACE_TRY_DONE(check_broadcastable(parameter->shape(), x.shape()));
  }
  return visit_floats(x.dtype(), [&](auto type) {
    return layer_normalization<typename decltype(type)::type>(call, first);
  });
}

}  // namespace isotrace::reference
