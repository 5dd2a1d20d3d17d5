// ResNet and MobileNetV2.
#include <algorithm>
#include <cmath>

#include <isotrace/tools/models/graph_writer.hpp>
#include <isotrace/tools/models/models.hpp>

namespace isotrace::models {
namespace {

constexpr float epsilon = 1e-5F;

struct ConvShape {
  std::int64_t inputs;
  std::int64_t outputs;
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t group = 1;
};

/// Convolutions with normalisation after them, kept or folded.
class ConvWriter {
 public:
  ConvWriter(GraphWriter& graph, bool fold) : graph_(graph), fold_(fold) {}

  /// gain: mean scale of the normalisation. Small ones keep sums over many blocks in range.
  Value add(const Value& x, const ConvShape& shape, float gain) {
    const Ints dims = {shape.outputs, shape.inputs / shape.group, shape.kernel, shape.kernel};
    const auto fan_in = static_cast<float>(dims[1] * dims[2] * dims[3]);
    std::vector<float> weights = graph_.draw(dims, std::sqrt(6.0F / fan_in));
    const Ints channels = {shape.outputs};
    const std::vector<float> scale = graph_.draw(channels, gain / 2, gain);
    std::vector<float> bias = graph_.draw(channels, 0.1F);
    const std::vector<float> mean = graph_.draw(channels, 0.1F);
    const std::vector<float> variance = graph_.draw(channels, 0.5F, 1.0F);
    if (fold_) {
      fold_into(weights, bias, scale, mean, variance);
      return convolve(x, shape, {graph_.constant(dims, weights), graph_.constant(channels, bias)});
    }
    const Value y = convolve(x, shape, {graph_.constant(dims, weights)});
    return graph_
        .node("BatchNormalization",
              {y, graph_.constant(channels, scale), graph_.constant(channels, bias),
               graph_.constant(channels, mean), graph_.constant(channels, variance)})
        .set("epsilon", epsilon);
  }

 private:
  static void fold_into(std::vector<float>& weights, std::vector<float>& bias,
                        const std::vector<float>& scale, const std::vector<float>& mean,
                        const std::vector<float>& variance) {
    const std::size_t per_channel = weights.size() / scale.size();
    for (std::size_t channel = 0; channel < scale.size(); ++channel) {
      const float factor = scale[channel] / std::sqrt(variance[channel] + epsilon);
      for (std::size_t i = 0; i < per_channel; ++i) weights[channel * per_channel + i] *= factor;
      bias[channel] -= mean[channel] * factor;
    }
  }

  Value convolve(const Value& x, const ConvShape& shape, std::vector<Value> parameters) {
    parameters.insert(parameters.begin(), x);
    const std::int64_t pad = shape.kernel / 2;
    return graph_.node("Conv", parameters)
        .set("kernel_shape", Ints{shape.kernel, shape.kernel})
        .set("strides", Ints{shape.stride, shape.stride})
        .set("pads", Ints{pad, pad, pad, pad})
        .set("group", shape.group);
  }

  GraphWriter& graph_;
  bool fold_;
};

/// Average over the image, and the classes.
void add_head(GraphWriter& graph, const Value& x, std::int64_t batch, std::int64_t channels,
              std::int64_t classes) {
  const Value pooled = graph.node("Flatten", {graph.node("GlobalAveragePool", {x})});
  const float spread = 1.0F / std::sqrt(static_cast<float>(channels));
  graph
      .node("Gemm",
            {pooled, graph.weight({classes, channels}, spread), graph.weight({classes}, spread)})
      .set("transB", std::int64_t{1});
  graph.output("scores", {batch, classes});
}

}  // namespace

onnx::ModelProto make_resnet(const ResNetOptions& options) {
  GraphWriter graph("resnet", 17, options.seed);
  ConvWriter convolutions(graph, options.fold);
  const auto relu = [&](const Value& x) -> Value { return graph.node("Relu", {x}); };
  Value x = graph.input("image", onnx::TensorProto::FLOAT,
                        {options.batch, 3, options.image, options.image});
  x = relu(
      convolutions.add(x, {.inputs = 3, .outputs = options.width, .kernel = 7, .stride = 2}, 1.0F));
  x = graph.node("MaxPool", {x})
          .set("kernel_shape", Ints{3, 3})
          .set("strides", Ints{2, 2})
          .set("pads", Ints{1, 1, 1, 1});
  std::int64_t channels = options.width;
  for (int stage = 0; stage < 4; ++stage) {
    const std::int64_t inner = options.width << stage;
    for (std::int64_t block = 0; block < options.blocks[stage]; ++block) {
      const std::int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      Value y = relu(convolutions.add(x, {.inputs = channels, .outputs = inner}, 1.0F));
      y = relu(convolutions.add(
          y, {.inputs = inner, .outputs = inner, .kernel = 3, .stride = stride}, 1.0F));
      y = convolutions.add(y, {.inputs = inner, .outputs = 4 * inner}, 0.3F);
      if (block == 0) {
        x = convolutions.add(x, {.inputs = channels, .outputs = 4 * inner, .stride = stride}, 0.5F);
      }
      channels = 4 * inner;
      x = relu(graph.node("Add", {y, x}));
    }
  }
  add_head(graph, x, options.batch, channels, options.classes);
  return graph.take();
}

onnx::ModelProto make_mobilenet(const MobileNetOptions& options) {
  struct Row {
    std::int64_t expansion, channels, repeats, stride;
  };
  constexpr Row rows[] = {{1, 16, 1, 1}, {6, 24, 2, 2},  {6, 32, 3, 2}, {6, 64, 4, 2},
                          {6, 96, 3, 1}, {6, 160, 3, 2}, {6, 320, 1, 1}};
  GraphWriter graph("mobilenet", 17, options.seed);
  ConvWriter convolutions(graph, true);
  const Value low = graph.scalar(0.0F);
  const Value high = graph.scalar(6.0F);
  const auto clip = [&](const Value& x) -> Value { return graph.node("Clip", {x, low, high}); };
  Value x = graph.input("image", onnx::TensorProto::FLOAT,
                        {options.batch, 3, options.image, options.image});
  std::int64_t channels = 32 / options.divisor;
  x = clip(convolutions.add(x, {.inputs = 3, .outputs = channels, .kernel = 3, .stride = 2}, 1.0F));
  for (const Row& row : rows) {
    for (std::int64_t i = 0; i < std::min(row.repeats, options.repeats_max); ++i) {
      const std::int64_t outputs = row.channels / options.divisor;
      const std::int64_t inner = channels * row.expansion;
      const std::int64_t stride = i == 0 ? row.stride : 1;
      Value y = x;
      if (inner != channels) {
        y = clip(convolutions.add(y, {.inputs = channels, .outputs = inner}, 1.0F));
      }
      y = clip(convolutions.add(
          y, {.inputs = inner, .outputs = inner, .kernel = 3, .stride = stride, .group = inner},
          1.0F));
      y = convolutions.add(y, {.inputs = inner, .outputs = outputs}, 0.5F);
      x = stride == 1 && channels == outputs ? Value(graph.node("Add", {x, y})) : y;
      channels = outputs;
    }
  }
  const std::int64_t last = 1280 / options.divisor;
  x = clip(convolutions.add(x, {.inputs = channels, .outputs = last}, 1.0F));
  add_head(graph, x, options.batch, last, options.classes);
  return graph.take();
}

}  // namespace isotrace::models
