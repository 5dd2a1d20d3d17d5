// The walk over a program's operations that lower_program() makes. Internal.
#pragma once

#include <map>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/search/executed_sums.hpp>

namespace isotrace::proofs::search {

class Lowering {
 public:
  Lowering(const core::Program& program, Level level, bool order_only)
      : program_(program), level_(level), order_only_(order_only) {}
  core::Result<Network> run();

 private:
  using Step = core::Result<core::Done>;

  /// Sizes of result[m, n] = sum over k of left[m, k] * right[k, n], and which side is which.
  struct Product {
    std::size_t m, n, k;
    bool front_is_left;
    bool front_transposed = false;
    bool weights_transposed = false;
    double factor = 1;
    [[nodiscard]] std::size_t place(bool of_front, std::size_t row, std::size_t inner,
                                    std::size_t column) const;
  };

  /// A value: its shape, and the neuron of the newest layer that each element is.
  struct Front {
    core::Shape shape;
    std::vector<std::uint32_t> neurons;
    core::Dtype dtype = core::Dtype::f32;
  };

  /// A weight of the newest layer; those of one place add up.
  struct Entry {
    std::uint32_t output;
    std::uint32_t neuron;
    double weight;
  };

  /// One row of a layer: weights of neurons of the layer before.
  struct SparseRow {
    std::vector<std::pair<std::uint32_t, double>> weights;
    double bias = 0;
  };

  Step read_inputs();
  Step lower(const core::Node& node, std::size_t index);
  Step lower_operation(const core::Node& node);
  Step fold(const core::Node& node);
  core::Result<Network> finish();

  // lower_affine.cpp
  Step lower_matmul(const core::Node& node);
  Step lower_gemm(const core::Node& node);
  Step lower_conv(const core::Node& node);
  Step lower_conv_transpose(const core::Node& node);
  Step add_channel_bias(const core::Tensor& bias);
  Step lower_elementwise(const core::Node& node);
  Step lower_sum(const core::Node& node);
  Step lower_neg();
  Step lower_batch_normalization(const core::Node& node);
  Step add_product(const core::Node& node, const core::Tensor& weights, const Product& product,
                   core::Shape shape);
  Step add_gemm_bias(const core::Node& node);

  // lower_piecewise.cpp
  Step lower_activation(Activation activation);
  Step lower_relu() { return lower_activation(Activation::relu); }
  Step lower_slopes(const std::vector<double>& slopes);
  Step lower_prelu(const core::Node& node);
  Step lower_abs();
  Step lower_clip(const core::Node& node);
  Step lower_hard_sigmoid(const core::Node& node);
  /// The greater one of sign x and the bound, times sign.
  Step add_bounds(double sign, const std::vector<double>& bounds);
  Step lower_extremes(const core::Node& node);
  Step add_maxima(std::vector<std::vector<std::uint32_t>> groups);
  Step put_relu_beside();

  // lower_exponential.cpp
  Step lower_elu(const core::Node& node);
  Step lower_softplus();
  Step lower_softmax(const core::Node& node);
  /// Whether all outputs are one row of this Softmax or LogSoftmax.
  [[nodiscard]] bool gives_outputs(const core::Node& node) const;

  // lower_quantised.cpp
  struct IntegerProduct;
  [[nodiscard]] bool is_quantised(const core::Node& node) const;
  Step lower_quantised(const core::Node& node);
  Step lower_quantize(const core::Node& node);
  Step lower_dequantize(const core::Node& node);
  Step lower_integer_product(const core::Node& node, const IntegerProduct& product);
  Step lower_qlinear(const core::Node& node);
  Step lower_cast(const core::Node& node);
  Step add_levels(const std::vector<double>& zeros, core::Dtype dtype);
  Step round_whole_results();

  // lower_pool.cpp
  struct Windows;
  Step lower_pool(const core::Node& node);
  Step lower_reduction(const core::Node& node);
  Step add_averages(Windows windows, bool divides, bool in_order);
  [[nodiscard]] core::Result<Windows> pool_windows(const core::Node& node) const;

  // layers.cpp
  Step add_constant(const std::vector<double>& shift, std::size_t extra_roundings);
  Step add_elementwise(const core::Shape& shape, const std::vector<double>& scale,
                       const std::vector<double>& shift, std::size_t roundings);
  Step add_diagonal(const std::vector<double>& scale, const std::vector<double>& shift,
                    std::size_t roundings);
  /// Results are the neurons 0, 1, 2, ... of the new layer; the caller sets the front.
  Step add_rows(const std::vector<SparseRow>& rows, std::size_t roundings);
  /// A layer with `terms` weights at most, which connect() gives it.
  core::Result<Layer*> add_layer(std::size_t outputs, std::size_t terms);
  Step push_identity();
  void connect(std::size_t output, std::size_t element, double weight) {
    entries_.push_back({static_cast<std::uint32_t>(output), front_.neurons[element], weight});
  }
  /// Gives the newest layer its weights: all were connected.
  Step settle();
  /// The connected weights by rows; those of zero do not stand.
  SparseRows gather_rows(std::size_t outputs);
  /// At level E: the newest layer's sums are computed in this order.
  void order_sums(SumOrder order);
  /// Whether the front's neurons may be changed in place: distinct, and needed by nobody else.
  [[nodiscard]] bool owns_front() const;

  // lower_movement.cpp
  static bool moves(core::Op op);
  Step move(const core::Node& node);

  [[nodiscard]] const core::Tensor* find_constant(core::ValueId value) const;
  [[nodiscard]] const core::Tensor* find_f32(const core::Node& node, std::size_t index) const;
  [[nodiscard]] const Front* find_value(const core::Node& node, std::size_t index) const;
  [[nodiscard]] bool is_front(const core::Node& node, std::size_t index) const;
  [[nodiscard]] std::size_t newest_width() const;
  /// R speaks of real arithmetic: no roundings.
  [[nodiscard]] std::size_t roundings(std::size_t n) const { return level_ == Level::real ? 0 : n; }
  void start_front(core::Shape shape, core::Dtype dtype = core::Dtype::f32);
  void keep_what_lives(std::size_t node);

  const core::Program& program_;
  Level level_;
  bool order_only_;
  Network network_;
  Front front_;                    ///< the operand at hand, then the result
  std::size_t front_operand_ = 0;  ///< its number
  std::map<core::ValueId, Front> values_;
  std::map<core::ValueId, std::size_t> last_use_;
  std::vector<std::uint32_t> kept_;               ///< neurons that later operations need
  std::map<core::ValueId, core::Tensor> folded_;  ///< results of nodes over constants only
  std::size_t weights_ = 0;
  std::vector<Entry> entries_;  ///< of the newest layer, until it is settled
  bool bias_open_ = false;      ///< the newest layer's sums have no bias yet
};

inline auto unsupported(std::string detail) {
  return core::refuse(core::RefusalCode::prove_unsupported, "", std::move(detail));
}

/// Least and greatest value of a small integer type; nothing for others.
std::optional<std::pair<double, double>> range_of(core::Dtype dtype);
/// Of two sizes, or the largest number if that is less.
std::size_t product_of(std::size_t a, std::size_t b);
/// Elements of a shape without unknown dimensions.
std::size_t count(const core::Shape& shape);
/// The shape that two shapes broadcast to, axes matched from the last; or shape_mismatch.
core::Result<core::Shape> broadcast_shape(const core::Shape& a, const core::Shape& b);
/// For every element of `to`, the element of `from` that broadcasting puts there.
std::vector<std::size_t> broadcast_source(const core::Shape& from, const core::Shape& to);

}  // namespace isotrace::proofs::search
