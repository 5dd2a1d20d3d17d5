// The walk along a program's chain of operations that lower_program() makes. Internal.
#pragma once

#include <map>

#include <isotrace/core/program.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/search/network.hpp>

namespace isotrace::proofs::search {

class Lowering {
 public:
  Lowering(const core::Program& program, Level level) : program_(program), level_(level) {}
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

  Step read_input();
  Step lower(const core::Node& node);
  Step lower_operation(const core::Node& node);
  Step fold(const core::Node& node);
  core::Result<Network> finish();

  // lower_affine.cpp
  Step lower_matmul(const core::Node& node);
  Step lower_gemm(const core::Node& node);
  Step lower_conv(const core::Node& node);
  Step lower_elementwise(const core::Node& node);
  Step lower_neg();
  Step lower_relu();
  Step add_product(const core::Tensor& weights, const Product& product, core::Shape shape);
  Step add_gemm_bias(const core::Node& node);
  Step add_constant(const std::vector<double>& shift, std::size_t extra_roundings);
  Step add_elementwise(const core::Shape& shape, const std::vector<double>& scale,
                       const std::vector<double>& shift, std::size_t roundings);
  Step add_diagonal(const std::vector<double>& scale, const std::vector<double>& shift,
                    std::size_t roundings);
  core::Result<Layer*> add_dense(std::size_t outputs);
  void push_diagonal(const std::vector<double>& scale, const std::vector<double>& shift,
                     std::size_t roundings);
  void push_identity();
  void connect(Layer& layer, std::size_t output, std::size_t element, double weight) const;

  // lower_movement.cpp
  Step move(const core::Node& node);
  Step reshape_to(core::Shape shape);
  Step lower_reshape(const core::Node& node);
  Step lower_transpose(const core::Node& node);
  Step lower_squeeze(const core::Node& node);
  [[nodiscard]] core::Shape flattened(std::int64_t axis) const;
  [[nodiscard]] core::Result<core::Shape> integers(const core::Node& node, std::size_t index) const;

  [[nodiscard]] const core::Tensor* find_constant(core::ValueId value) const;
  [[nodiscard]] const core::Tensor* find_f32(const core::Node& node, std::size_t index) const;
  [[nodiscard]] bool is_front(const core::Node& node, std::size_t index) const;
  [[nodiscard]] std::size_t newest_width() const;
  /// R speaks of real arithmetic: no roundings.
  [[nodiscard]] std::size_t roundings(std::size_t n) const { return level_ == Level::real ? 0 : n; }
  void start_front(core::Shape shape);

  /// The value under way: its shape, and the neuron of the newest layer that each element is.
  struct Front {
    core::Shape shape;
    std::vector<std::uint32_t> neurons;
  };

  const core::Program& program_;
  Level level_;
  Network network_;
  Front front_;
  core::ValueId front_value_ = 0;
  std::map<core::ValueId, core::Tensor> folded_;  ///< results of nodes over constants only
  std::size_t weights_ = 0;
  bool bias_open_ = false;  ///< the newest layer's sums have no bias yet
};

inline auto unsupported(std::string detail) {
  return core::refuse(core::RefusalCode::prove_unsupported, "", std::move(detail));
}

/// Elements of a shape without unknown dimensions.
std::size_t count(const core::Shape& shape);

}  // namespace isotrace::proofs::search
