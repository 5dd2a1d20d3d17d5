// Conv: per image and group, the weights [outputs][k] times the columns of the image.
#include <isotrace/backends/cpu/conv.hpp>

#include <isotrace/backends/cpu/image_columns.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <isotrace/backends/cpu/strided_loop.hpp>
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::backends::cpu {
namespace {

constexpr Index padded_elements_max = 1 << 24;  // of the images that wait to be multiplied

/// Whether output position j reads exactly input position j: then the image is the columns.
bool is_pointwise(const reference::ConvGeometry& geometry) {
  for (const reference::WindowAxis& axis : geometry.axes) {
    if (axis.kernel != 1 || axis.stride != 1 || axis.pad_begin != 0 || axis.pad_end != 0) {
      return false;
    }
  }
  return true;
}

ConvCall make_call(const core::Node& node, core::Operands operands,
                   const reference::ConvGeometry& geometry, const PaddedChannels* layout,
                   const Tail& tail, float* result) {
  ConvCall call{.geometry = geometry,
                .layout = layout,
                .image_size = 1,
                .taps = 1,
                .columns = 1,
                .segment = node.integer("k_segment"),
                .image = operands[0]->data<float>().data(),
                .weights = operands[1]->data<float>().data(),
                .bias = nullptr,
                .result = result,
                .tail = tail.if_any()};
  if (operands.size() > 2 && operands[2]) call.bias = operands[2]->data<float>().data();
  for (const reference::WindowAxis& axis : geometry.axes) {
    call.image_size *= axis.input;
    call.taps *= axis.kernel;
    call.columns *= axis.output;
  }
  return call;
}

Product make_group_product(const ConvCall& call, Index image, Index group, const float* padded,
                           const Engine& engine) {
  Gemm gemm{.rows = call.geometry.group_outputs,
            .columns = call.columns,
            .depth = call.depth(),
            .segment = call.segment,
            .a = call.weights + group * call.geometry.group_outputs * call.depth(),
            .a_row_stride = call.depth(),
            .a_depth_stride = 1,
            .b = nullptr,
            .c = call.outputs_of(image, group),
            .c_stride = call.columns,
            .finish = {.tail = call.tail}};
  if (call.bias != nullptr) {
    gemm.finish.addend = call.bias + group * gemm.rows;
    gemm.finish.addend_row_stride = 1;
  }
  // With one tap the image, or what is left of it, is the matrix of columns.
  if (padded == nullptr || call.taps == 1) {
    return make_product(gemm, padded == nullptr ? call.inputs_of(image, group) : padded,
                        call.columns, 1);
  }
  Product product{gemm, std::make_unique<ImageColumns>(padded, *call.layout, engine.vectors)};
  product.gemm.b = product.columns.get();
  return product;
}

core::Result<core::Done> run_groups(const ConvCall& call, const Engine& engine) {
  std::vector<Product> products;
  std::vector<Floats> padded;
  Index elements = 0;
  for (Index image = 0; image < call.geometry.batch; ++image) {
    for (Index group = 0; group < call.geometry.groups; ++group) {
      if (call.layout != nullptr) {
        padded.push_back(pad_group(call, image, group, engine));
        elements += call.layout->size_of(call.geometry.group_inputs);
      }
      products.push_back(make_group_product(
          call, image, group, padded.empty() ? nullptr : padded.back().get(), engine));
      if (products.size() < products_max && elements < padded_elements_max) continue;
      ISOTRACE_TRY_DONE(run_products(products, engine));
      products.clear();
      padded.clear();
      elements = 0;
    }
  }
  return run_products(products, engine);
}

core::Result<core::Done> run_call(const ConvCall& call, const Engine& engine) {
  if (is_depthwise(call)) {
    run_depthwise(call, engine);
    return core::Done{};
  }
  return is_narrow(call, engine.kernels) ? run_narrow(call, engine) : run_groups(call, engine);
}

/// One bias per output channel, if there is any.
bool bias_fits(core::Operands operands, const reference::ConvGeometry& geometry) {
  if (operands.size() <= 2 || !operands[2]) return true;
  return operands[2]->rank() == 1 &&
         operands[2]->dim(0) == geometry.groups * geometry.group_outputs;
}

}  // namespace

Floats pad_group(const ConvCall& call, Index image, Index group, const Engine& engine) {
  const PaddedChannels& layout = *call.layout;
  const Index channels = call.geometry.group_inputs;
  const auto elements = static_cast<std::size_t>(layout.size_of(channels));
  Floats padded = take_floats(elements);
  std::fill(padded.get() + channels * layout.size(), padded.get() + elements, 0.0F);
  const float* from = call.inputs_of(image, group);
  run_pieces(engine.pool, channels, std::max<Index>(1, piece_elements / layout.size()),
             [&](Index at, Index count) {
               layout.fill(from + at * call.image_size, count, 0.0F, engine.vectors,
                           padded.get() + at * layout.size());
             });
  return padded;
}

Attempt try_conv(const core::Node& node, core::Operands operands, Steps steps,
                 const Engine& engine) {
  if (!is_regular_call(node, operands)) return std::nullopt;
  const auto geometry = reference::conv_geometry(node, operands[0]->shape(), operands[1]->shape());
  if (!geometry || geometry->axes.empty() || !bias_fits(operands, *geometry)) return std::nullopt;
  auto result = core::Tensor::make_for_overwrite(core::Dtype::f32, geometry->output);
  if (!result) return std::nullopt;
  if (result->elements() == 0) return std::nullopt;
  std::optional<PaddedChannels> layout;
  if (!is_pointwise(*geometry)) {
    layout = PaddedChannels::make(geometry->axes);
    if (!layout) return std::nullopt;
  }
  const auto columns = reference::product(geometry->output, 2, geometry->output.size());
  const auto tail = Tail::make(steps, *result, static_cast<Index>(columns), engine);
  if (!tail) return std::nullopt;
  ISOTRACE_TRY_DONE(run_call(make_call(node, operands, *geometry, layout ? &*layout : nullptr,
                                       *tail, result->data<float>().data()),
                             engine));
  return result;
}

}  // namespace isotrace::backends::cpu
