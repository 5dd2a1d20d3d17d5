// Kernels on a GPU beside cuBLAS and cuBLASLt, by the device's own events, after a run that warms
// up. Operands lie on the device; what is timed is everything that a step launches there.
#include <cstring>

#include <isotrace/backends/gpu/driver.hpp>
#include <isotrace/backends/gpu/images.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/tools/bench/gpu_peers.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/operands.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {
namespace {

namespace gpu = backends::gpu;
using core::Dtype;
using core::Op;
using core::Tensor;

/// Work that the device times.
Contender on_device(gpu::TimedDevice& device, std::function<core::Result<core::Done>()> work) {
  return [&device, work = std::move(work)]() -> std::optional<double> {
    const auto seconds = device.time(work);
    return seconds ? std::optional(*seconds) : std::nullopt;
  };
}

/// One operation whose operands are on the device.
class DeviceCase {
 public:
  static core::Result<DeviceCase> make(gpu::TimedDevice& device, core::Node node,
                                       std::vector<Tensor> operands) {
    DeviceCase one(device, std::move(node), std::move(operands));
    gpu::Work work(device);
    for (const Tensor& operand : one.operands_) {
      ISOTRACE_TRY(one.arrays_.emplace_back(), work.upload(operand));
    }
    return one;
  }

  core::Result<gpu::Array> run() const {
    gpu::Work work(device_);
    const auto views = views_of(operands_);
    const reference::Call call{node_, views};
    const gpu::Residents residents;
    gpu::DeviceCall on_device(work, call, residents);
    for (std::size_t i = 0; i < arrays_.size(); ++i) on_device.give(i, arrays_[i]);
    ISOTRACE_TRY(auto results, gpu::run_operation(on_device));
    return std::move(results.front());
  }

  [[nodiscard]] Contender contender() const {
    return on_device(device_, [this]() -> core::Result<core::Done> {
      ISOTRACE_TRY_DONE(run());
      return core::Done{};
    });
  }

  /// Whether the result, or with a matrix product its first and last row, is the reference's.
  [[nodiscard]] bool is_identical() const {
    const auto result = run();
    if (!result) return false;
    const auto actual = gpu::Work(device_).download(*result);
    return actual && is_result(*actual);
  }
  [[nodiscard]] bool is_result(const Tensor& actual) const {
    if (node_.op != Op::matmul && node_.op != Op::matmul_integer) {
      const auto expected = reference::evaluate(node_, views_of(operands_));
      return expected && core::identical(expected->front(), actual);
    }
    return has_row(actual, 0) && has_row(actual, actual.dim(0) - 1);
  }

  [[nodiscard]] const gpu::Array& operand(std::size_t i) const { return arrays_[i]; }

 private:
  DeviceCase(gpu::TimedDevice& device, core::Node node, std::vector<Tensor> operands)
      : device_(device), node_(std::move(node)), operands_(std::move(operands)) {}

  static std::vector<std::optional<core::TensorView>> views_of(const std::vector<Tensor>& tensors) {
    return {tensors.begin(), tensors.end()};
  }

  [[nodiscard]] bool has_row(const Tensor& actual, std::int64_t row) const {
    const Tensor& a = operands_[0];
    const core::Shape shape = {1, a.dim(1)};
    const std::size_t width = a.bytes().size() / static_cast<std::size_t>(a.dim(0));
    auto views = views_of(operands_);
    views[0] = core::TensorView(a.dtype(), shape,
                                a.bytes().subspan(static_cast<std::size_t>(row) * width, width));
    const auto expected = reference::evaluate(node_, views);
    if (!expected) return false;
    const core::ByteView line = expected->front().bytes();
    const std::size_t at = static_cast<std::size_t>(row) * line.size();
    return std::memcmp(line.data(), actual.bytes().data() + at, line.size()) == 0;
  }

  gpu::TimedDevice& device_;
  core::Node node_;
  std::vector<Tensor> operands_;
  std::vector<gpu::Array> arrays_;
};

core::Result<std::unique_ptr<gpu::TimedDevice>> open_device() {
  return gpu::open_driver_device(gpu::cuda_driver, gpu::cuda_images());
}

Tensor random_signed_bytes(std::ptrdiff_t rows, std::ptrdiff_t columns, std::uint64_t seed) {
  return *Tensor::from_bytes(Dtype::i8, {rows, columns}, random_bytes(rows, columns, seed).bytes());
}

Tensor transposed_bytes(const Tensor& x) {
  Tensor out(x.dtype(), {x.dim(1), x.dim(0)});
  for (std::int64_t i = 0; i < x.dim(0); ++i) {
    for (std::int64_t j = 0; j < x.dim(1); ++j) {
      out.mutable_bytes()[static_cast<std::size_t>(j * x.dim(0) + i)] =
          x.bytes()[static_cast<std::size_t>(i * x.dim(1) + j)];
    }
  }
  return out;
}

BenchRow make_row(std::string name, const std::vector<Contender>& contenders, double amount,
                  const BenchOptions& options, bool identical) {
  BenchRow row{std::move(name), {}, identical};
  for (const auto& seconds : best_of(contenders, options.seconds())) {
    row.speeds.push_back(seconds ? Speed(amount / *seconds) : std::nullopt);
  }
  return row;
}

}  // namespace

core::Result<std::vector<BenchTable>> bench_gpu_products(const BenchOptions& options) {
  ISOTRACE_TRY(const auto device, open_device());
  const auto blas = CuBlas::find();
  BenchTable table{"products", "GF/s", {"ours", "cuBLAS"}, {}, {}};
  table.notes = {device->description(), "f32, rows x columns x depth",
                 blas ? "cuBLAS without TF32" : "cuBLAS absent"};
  const std::ptrdiff_t edges[] = {512, 1024, 2048, 4096};
  std::vector<MatrixSize> sizes = {{1, 4096, 4096}};
  for (const std::ptrdiff_t edge : edges) {
    if (!options.quick || edge <= 1024) sizes.push_back({edge, edge, edge});
  }
  for (const MatrixSize size : sizes) {
    core::Node node{Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, {}};
    std::vector<Tensor> operands;
    operands.push_back(random_floats(size.rows, size.depth, 1));
    operands.push_back(random_floats(size.depth, size.columns, 2));
    ISOTRACE_TRY(const DeviceCase one,
                 DeviceCase::make(*device, std::move(node), std::move(operands)));
    std::vector<Contender> contenders = {one.contender(), {}};
    ISOTRACE_TRY(const gpu::Array c,
                 gpu::Work(*device).make(Dtype::f32, {size.rows, size.columns}));
    if (blas) {
      contenders[1] = on_device(
          *device, [&] { return blas->multiply(size, one.operand(0), one.operand(1), c); });
    }
    table.rows.push_back(
        make_row(size_name(size), contenders, giga_operations(size), options, one.is_identical()));
  }
  return std::vector{std::move(table)};
}

core::Result<std::vector<BenchTable>> bench_gpu_bytes(const BenchOptions& options) {
  ISOTRACE_TRY(const auto device, open_device());
  gpu::Work work(*device);
  BenchTable table{"bytes", "GOP/s", {"ours", "cuBLASLt"}, {}, {}};
  table.notes = {device->description(), "i8 by i8 into i32, rows x columns x depth"};
  for (const std::ptrdiff_t edge : {1024, 2048, 4096}) {
    if (options.quick && edge > 1024) continue;
    const MatrixSize size = {edge, edge, edge};
    std::vector<Tensor> operands;
    operands.push_back(random_signed_bytes(edge, edge, 1));
    operands.push_back(random_signed_bytes(edge, edge, 2));
    ISOTRACE_TRY(const gpu::Array b_transposed, work.upload(transposed_bytes(operands[1])));
    ISOTRACE_TRY(
        const DeviceCase one,
        DeviceCase::make(*device, {Op::matmul_integer, {0, 1}, {2}, {}, {}}, std::move(operands)));
    ISOTRACE_TRY(const gpu::Array c, work.make(Dtype::i32, {edge, edge}));
    std::vector<Contender> contenders = {one.contender(), {}};
    const auto peer = CuBlasLt::make(*device, size);
    if (peer) {
      const auto multiply = [&] { return peer->multiply(one.operand(0), b_transposed, c); };
      // What computes something else is no peer.
      ISOTRACE_TRY_DONE(multiply());
      ISOTRACE_TRY(const Tensor sums, work.download(c));
      if (!one.is_result(sums)) {
        return core::refuse(core::RefusalCode::device_failed, "cuBLASLt", "other sums");
      }
      contenders[1] = on_device(*device, multiply);
    } else {
      table.notes.push_back(size_name(size) + ": cuBLASLt " + peer.error().detail);
    }
    table.rows.push_back(
        make_row(size_name(size), contenders, giga_operations(size), options, one.is_identical()));
  }
  return std::vector{std::move(table)};
}

core::Result<std::vector<BenchTable>> bench_gpu_memory(const BenchOptions& options) {
  ISOTRACE_TRY(const auto device, open_device());
  BenchTable table{"memory", "GB/s", {"ours"}, {}, {}};
  table.notes = {device->description(), "bytes of operands and results, each counted once"};
  const std::int64_t rows = options.quick ? 1024 : 8192;
  const double bytes = static_cast<double>(rows) * 4096 * sizeof(float);
  struct Row {
    const char* name;
    core::Node node;
    std::vector<core::Shape> operands;
  };
  const core::Shape whole = {rows, 4096};
  const core::Shape row = {4096};
  const Row cases[] = {
      {"Add", {Op::add, {0, 1}, {2}, {}, {}}, {whole, whole}},
      {"Relu", {Op::relu, {0}, {1}, {}, {}}, {whole}},
      {"Softmax",
       {Op::softmax, {0}, {1}, {{"axis", std::int64_t{1}}, {"flatten", std::int64_t{0}}}, {}},
       {whole}},
      {"LayerNormalization",
       {Op::layer_normalization,
        {0, 1, 2},
        {3},
        {{"axis", std::int64_t{-1}}, {"epsilon", 1e-5F}},
        {}},
       {whole, row, row}},
      {"MatMul of one row",
       {Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, {}},
       {{1, rows}, whole}}};
  for (const Row& one_case : cases) {
    std::vector<Tensor> operands;
    double elements = static_cast<double>(one_case.node.op == Op::matmul ? 4096 : rows * 4096);
    for (const core::Shape& shape : one_case.operands) {
      const std::int64_t lines = shape.size() == 2 ? shape[0] : 1;
      const std::int64_t width = shape.back();
      const auto seed = static_cast<std::uint64_t>(operands.size()) + 1;
      const Tensor drawn = random_floats(lines, width, seed);
      ISOTRACE_TRY(operands.emplace_back(), Tensor::from_bytes(Dtype::f32, shape, drawn.bytes()));
      elements += static_cast<double>(lines * width);
    }
    ISOTRACE_TRY(const DeviceCase one,
                 DeviceCase::make(*device, one_case.node, std::move(operands)));
    table.rows.push_back(make_row(one_case.name, {one.contender()}, elements * sizeof(float) * 1e-9,
                                  options, one.is_identical()));
  }
  gpu::Work work(*device);
  const Tensor tensor = random_floats(rows, 4096, 1);
  ISOTRACE_TRY(const gpu::Array array, work.upload(tensor));
  const Contender digest = on_device(*device, [&]() -> core::Result<core::Done> {
    ISOTRACE_TRY_DONE(work.digest(array));
    return core::Done{};
  });
  const auto of_device = work.digest(array);
  table.rows.push_back(make_row("BLAKE3", {digest}, bytes * 1e-9, options,
                                of_device && *of_device == core::tensor_digest(tensor)));
  return std::vector{std::move(table)};
}

}  // namespace isotrace::tools::bench
