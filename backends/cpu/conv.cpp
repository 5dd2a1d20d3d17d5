// Conv: per image and group, the weights [outputs][k] times the columns of the image.
#include <isotrace/backends/cpu/image_columns.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {
namespace {

/// Sizes in elements.
struct ConvSizes {
  Index image = 1;    ///< one input channel
  Index taps = 1;     ///< one kernel
  Index columns = 1;  ///< one output channel
};

ConvSizes find_sizes(const reference::ConvGeometry& geometry) {
  ConvSizes sizes;
  for (const reference::WindowAxis& axis : geometry.axes) {
    sizes.image *= axis.input;
    sizes.taps *= axis.kernel;
    sizes.columns *= axis.output;
  }
  return sizes;
}

/// Whether output position j reads exactly input position j: then the image is the columns.
bool is_pointwise(const reference::ConvGeometry& geometry) {
  for (const reference::WindowAxis& axis : geometry.axes) {
    if (axis.kernel != 1 || axis.stride != 1 || axis.pad_begin != 0 || axis.pad_end != 0) {
      return false;
    }
  }
  return true;
}

class Convolution {
 public:
  Convolution(const core::Node& node, core::Operands operands,
              const reference::ConvGeometry& geometry, float* result)
      : geometry_(geometry),
        sizes_(find_sizes(geometry)),
        segment_(node.integer("k_segment")),
        image_(operands[0]->data<float>().data()),
        weights_(operands[1]->data<float>().data()),
        bias_(operands.size() > 2 && operands[2] ? operands[2]->data<float>().data() : nullptr),
        result_(result) {}

  core::Result<core::Done> run(const Engine& engine) const {
    std::vector<Product> products;
    for (Index image = 0; image < geometry_.batch; ++image) {
      for (Index group = 0; group < geometry_.groups; ++group) {
        products.push_back(make(image, group));
        if (products.size() < products_max) continue;
        ISOTRACE_TRY_DONE(run_products(products, engine));
        products.clear();
      }
    }
    return run_products(products, engine);
  }

 private:
  [[nodiscard]] Product make(Index image, Index group) const {
    const Index at = image * geometry_.groups + group;
    const float* data = image_ + at * geometry_.group_inputs * sizes_.image;
    Gemm gemm{.rows = geometry_.group_outputs,
              .columns = sizes_.columns,
              .depth = geometry_.group_inputs * sizes_.taps,
              .segment = segment_,
              .a = weights_,
              .a_row_stride = geometry_.group_inputs * sizes_.taps,
              .a_depth_stride = 1,
              .b = nullptr,
              .c = result_ + at * geometry_.group_outputs * sizes_.columns,
              .c_stride = sizes_.columns,
              .finish = {}};
    gemm.a += group * gemm.rows * gemm.depth;
    if (bias_ != nullptr) {
      gemm.finish.addend = bias_ + group * gemm.rows;
      gemm.finish.addend_row_stride = 1;
    }
    if (is_pointwise(geometry_)) return make_product(gemm, data, sizes_.image, 1);
    Product product{gemm, std::make_unique<ImageColumns>(data, geometry_.axes)};
    product.gemm.b = product.columns.get();
    return product;
  }

  const reference::ConvGeometry& geometry_;
  ConvSizes sizes_;
  Index segment_;
  const float* image_;
  const float* weights_;
  const float* bias_;
  float* result_;
};

/// One bias per output channel, if there is any.
bool bias_fits(core::Operands operands, const reference::ConvGeometry& geometry) {
  if (operands.size() <= 2 || !operands[2]) return true;
  return operands[2]->rank() == 1 &&
         operands[2]->dim(0) == geometry.groups * geometry.group_outputs;
}

}  // namespace

Outcome run_conv(const core::Node& node, core::Operands operands, const Engine& engine) {
  if (!is_regular_call(node, operands)) return reference::evaluate(node, operands);
  const auto geometry = reference::conv_geometry(node, operands[0]->shape(), operands[1]->shape());
  if (!geometry || geometry->axes.empty() || !bias_fits(operands, *geometry)) {
    return reference::evaluate(node, operands);
  }
  auto result = core::Tensor::make(core::Dtype::f32, geometry->output);
  if (!result) return reference::evaluate(node, operands);
  if (result->elements() != 0) {
    const Convolution convolution(node, operands, *geometry, result->data<float>().data());
    ISOTRACE_TRY_DONE(convolution.run(engine));
  }
  return one_tensor(*std::move(result));
}

}  // namespace isotrace::backends::cpu
