// QLinearMatMul and QLinearConv as a user calls them, with the weights held as constants, beside
// ONNX Runtime; results are compared with the reference over every byte.
#include <algorithm>

#include <isotrace/backends/backend.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/onnx_model.hpp>
#include <isotrace/tools/bench/onnx_runtime.hpp>
#include <isotrace/tools/bench/operands.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Dtype;
using core::Shape;
using core::Tensor;

/// A layer with its operands: u8 activations with a zero point, i8 weights, a scale per tensor.
struct QuantisedCase {
  std::string name;
  core::Node node;
  std::vector<Tensor> operands;
  Shape result;
  double giga_operations;
};

Tensor bytes_of(Dtype dtype, Shape shape, std::uint64_t seed) {
  Tensor tensor(dtype, std::move(shape));
  core::PhiloxStream random(seed);
  for (std::uint8_t& byte : tensor.mutable_bytes()) {
    byte = static_cast<std::uint8_t>(random.next_u32());
  }
  return tensor;
}

std::vector<Tensor> layer_operands(Shape x, Shape w) {
  std::vector<Tensor> operands;
  operands.push_back(bytes_of(Dtype::u8, std::move(x), 1));
  operands.push_back(Tensor::of<float>({}, {0.02F}));
  operands.push_back(Tensor::of<std::uint8_t>({}, {119}));
  operands.push_back(bytes_of(Dtype::i8, std::move(w), 2));
  operands.push_back(Tensor::of<float>({}, {0.003F}));
  operands.push_back(Tensor::of<std::int8_t>({}, {0}));
  operands.push_back(Tensor::of<float>({}, {0.5F}));
  operands.push_back(Tensor::of<std::uint8_t>({}, {128}));
  return operands;
}

core::Node node_of(core::Op op, std::size_t operands) {
  core::Node node{.op = op, .inputs = {}, .outputs = {}, .attributes = {}, .name = {}};
  for (std::size_t i = 0; i < operands; ++i) node.inputs.push_back(static_cast<core::ValueId>(i));
  node.outputs.push_back(static_cast<core::ValueId>(operands));
  return node;
}

QuantisedCase product(MatrixSize size) {
  QuantisedCase c{"matmul " + size_name(size),
                  {},
                  layer_operands({size.rows, size.depth}, {size.depth, size.columns}),
                  {size.rows, size.columns},
                  giga_operations(size)};
  c.node = node_of(core::Op::qlinear_matmul, c.operands.size());
  return c;
}

struct ConvSize {
  std::int64_t inputs, outputs, image, kernel, stride;
  bool depthwise = false;
};

/// Square images and kernels, padded so that a stride of 1 keeps the size.
QuantisedCase convolution(const ConvSize& s) {
  const std::int64_t pad = s.kernel / 2;
  const std::int64_t side = (s.image + 2 * pad - s.kernel) / s.stride + 1;
  const std::int64_t depth = (s.depthwise ? 1 : s.inputs) * s.kernel * s.kernel;
  QuantisedCase c{"conv " + std::to_string(s.kernel) + "x" + std::to_string(s.kernel) + "/" +
                      std::to_string(s.stride) + " " + std::to_string(s.inputs) + "-" +
                      std::to_string(s.outputs) + " " + std::to_string(s.image),
                  {},
                  layer_operands({1, s.inputs, s.image, s.image},
                                 {s.outputs, s.depthwise ? 1 : s.inputs, s.kernel, s.kernel}),
                  {1, s.outputs, side, side},
                  giga_operations({s.outputs, side * side, depth})};
  c.node = node_of(core::Op::qlinear_conv, c.operands.size());
  using Ints = std::vector<std::int64_t>;
  c.node.attributes = {{"dilations", Ints{1, 1}},
                       {"group", s.depthwise ? s.inputs : std::int64_t{1}},
                       {"pads", Ints{pad, pad, pad, pad}},
                       {"strides", Ints{s.stride, s.stride}}};
  return c;
}

std::vector<QuantisedCase> make_cases(bool quick) {
  std::vector<QuantisedCase> cases;
  if (quick) {
    cases.push_back(product({32, 64, 128}));
    cases.push_back(convolution({16, 16, 14, 3, 2}));
    return cases;
  }
  cases.push_back(product({128, 768, 768}));
  cases.push_back(product({128, 3072, 768}));
  cases.push_back(convolution({64, 64, 56, 1, 1}));
  cases.push_back(convolution({256, 64, 56, 1, 1}));
  cases.push_back(convolution({64, 64, 56, 3, 1}));
  cases.push_back(convolution({128, 128, 56, 3, 2}));
  cases.push_back(convolution({512, 512, 7, 3, 1}));
  cases.push_back(convolution({3, 64, 224, 7, 2}));
  cases.push_back(convolution({96, 96, 112, 3, 2, true}));
  cases.push_back(convolution({384, 384, 14, 3, 1, true}));
  return cases;
}

/// Ours names the ONNX default that models leave out.
core::Node with_auto_pad(core::Node node) {
  if (node.op == core::Op::qlinear_conv) {
    node.attributes.insert(node.attributes.begin(), {"auto_pad", std::string("NOTSET")});
  }
  return node;
}

BenchRow bench_case(const QuantisedCase& c, const BenchOptions& options, backends::Backend& backend,
                    OnnxRuntime* runtime) {
  const core::Node node = with_auto_pad(c.node);
  const std::vector<std::optional<core::TensorView>> operands(c.operands.begin(), c.operands.end());
  const backends::ConstantsHold hold(backend, std::span(c.operands).subspan(1));
  core::Result<std::vector<Tensor>> ours = std::vector<Tensor>();
  std::vector<Contender> contenders = {
      timed(options.threads, [&] { ours = backend.run(node, operands); }), {}};
  if (runtime != nullptr &&
      runtime->load(make_operation_model(c.node, c.operands, Dtype::u8, c.result))) {
    contenders[1] = [&] { return runtime->run(); };
  }
  BenchRow row{c.name, {}, false};
  for (const auto& seconds : best_of(contenders, options.seconds())) {
    row.speeds.push_back(seconds ? Speed(c.giga_operations / *seconds) : std::nullopt);
  }
  const auto expected = reference::evaluate(node, operands);
  row.identical =
      ours && expected && std::ranges::equal(ours->front().bytes(), expected->front().bytes());
  return row;
}

}  // namespace

core::Result<std::vector<BenchTable>> bench_quantised(const BenchOptions& options) {
  ISOTRACE_TRY(auto backend,
               backends::make_backend("cpu", {.threads = options.threads, .isa = options.isa}));
  const auto runtime = OnnxRuntime::find(options.onnx_runtime_path, options.threads);
  BenchTable table{"quantised", "GOPS", {"ours", "ORT"}, {}, {}};
  table.notes.push_back(
      "QLinearMatMul rows x columns x depth; QLinearConv kernel/stride inputs-outputs "
      "side of the image (inputs = groups where kernels have one channel)");
  table.notes.push_back(backend->info().device);
  table.notes.push_back(runtime ? "ORT: ONNX Runtime " + runtime->version()
                                : "ONNX Runtime absent");
  for (const QuantisedCase& c : make_cases(options.quick)) {
    table.rows.push_back(bench_case(c, options, *backend, runtime.get()));
  }
  return std::vector{std::move(table)};
}

}  // namespace isotrace::tools::bench
