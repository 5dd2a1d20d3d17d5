// f32 products beside OpenBLAS, oneDNN and ONNX Runtime: operands row-major, packed anew in every
// call, except in the columns whose b is a constant.
#include <cstring>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/onnx_model.hpp>
#include <isotrace/tools/bench/onnx_runtime.hpp>
#include <isotrace/tools/bench/operands.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {
namespace {

namespace cpu = backends::cpu;

constexpr MatrixSize sizes[] = {
    {256, 256, 256},  {512, 512, 512},  {1024, 1024, 1024}, {2048, 2048, 2048}, {128, 768, 768},
    {128, 3072, 768}, {197, 768, 3072}, {3136, 64, 576},    {1, 4096, 4096},    {2, 4096, 4096},
    {4, 4096, 4096},  {8, 4096, 4096},  {16, 4096, 4096}};
constexpr MatrixSize quick_sizes[] = {{256, 256, 256}, {128, 768, 768}, {4, 1024, 1024}};

class GemmCase {
 public:
  GemmCase(MatrixSize size, BenchEngine& engine)
      : size_(size),
        engine_(engine),
        a_(random_floats(size.rows, size.depth, 1)),
        b_(random_floats(size.depth, size.columns, 2)),
        c_(core::Dtype::f32, {size.rows, size.columns}),
        columns_(b(), size.columns, 1) {
    constants_.hold(b_.bytes());
  }

  void run(bool constant) {
    const cpu::Gemm gemm{.rows = size_.rows,
                         .columns = size_.columns,
                         .depth = size_.depth,
                         .segment = 256,
                         .a = a(),
                         .a_row_stride = size_.depth,
                         .a_depth_stride = 1,
                         .b = &columns_,
                         .c = c_.data<float>().data(),
                         .c_stride = size_.columns,
                         .finish = {}};
    const auto done = cpu::run_gemms({&gemm, 1}, engine_.with(constant ? &constants_ : nullptr));
    ISOTRACE_CHECK(done.has_value(), size_.rows);
  }

  /// Whether sampled rows of the last result are those of the reference.
  [[nodiscard]] bool is_identical() const {
    for (const std::ptrdiff_t row : sampled_rows(size_.rows)) {
      const std::int64_t a_shape[] = {1, size_.depth};
      const std::size_t width = static_cast<std::size_t>(size_.depth) * sizeof(float);
      const std::optional<core::TensorView> operands[] = {
          core::TensorView(core::Dtype::f32, a_shape,
                           a_.bytes().subspan(static_cast<std::size_t>(row) * width, width)),
          b_.view()};
      core::Node node{core::Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, {}};
      const auto expected = reference::evaluate(node, operands);
      if (!expected) return false;
      const core::ByteView line = expected->front().bytes();
      const std::uint8_t* ours = c_.bytes().data() + static_cast<std::size_t>(row) * line.size();
      if (std::memcmp(line.data(), ours, line.size()) != 0) return false;
    }
    return true;
  }

  [[nodiscard]] core::Bytes make_model() const {
    using enum core::Dtype;
    return make_product_model("MatMul", size_, f32, f32, f32, b_.bytes());
  }
  [[nodiscard]] const float* a() const { return a_.view().data<float>().data(); }
  [[nodiscard]] const float* b() const { return b_.view().data<float>().data(); }

 private:
  MatrixSize size_;
  BenchEngine& engine_;
  core::Tensor a_, b_, c_;
  cpu::MatrixColumns columns_;
  cpu::PackedConstants constants_;
};

struct Peers {
  std::optional<OpenBlas> blas;
  std::optional<OneDnn> dnn;
  std::unique_ptr<OnnxRuntime> runtime;
};

BenchRow bench_case(MatrixSize size, const BenchOptions& options, BenchEngine& engine,
                    const Peers& peers) {
  GemmCase product(size, engine);
  core::Tensor result(core::Dtype::f32, {size.rows, size.columns});
  float* c = result.data<float>().data();
  const unsigned threads = options.threads;
  std::vector<Contender> contenders = {timed(threads, [&] { product.run(false); }),
                                       timed(threads, [&] { product.run(true); }),
                                       {},
                                       {},
                                       {}};
  if (peers.blas) {
    contenders[2] = timed(threads, [&] { peers.blas->sgemm(size, product.a(), product.b(), c); });
  }
  if (peers.dnn) {
    contenders[3] = timed(threads, [&] { peers.dnn->sgemm(size, product.a(), product.b(), c); });
  }
  if (peers.runtime && peers.runtime->load(product.make_model())) {
    contenders[4] = [&] { return peers.runtime->run(); };
  }
  BenchRow row{size_name(size), {}, true};
  for (const auto& seconds : best_of(contenders, options.seconds())) {
    row.speeds.push_back(seconds ? Speed(giga_operations(size) / *seconds) : std::nullopt);
  }
  for (const bool constant : {false, true}) {
    product.run(constant);
    row.identical = row.identical && product.is_identical();
  }
  return row;
}

}  // namespace

core::Result<std::vector<BenchTable>> bench_gemm(const BenchOptions& options) {
  const core::FloatEnvironment environment;
  ISOTRACE_TRY(BenchEngine engine, BenchEngine::make(options));
  const Peers peers{OpenBlas::find(options.threads), OneDnn::find(options.threads),
                    OnnxRuntime::find(options.onnx_runtime_path, options.threads)};
  BenchTable table{
      "gemm", "GF/s", {"ours", "ours, b constant", "OpenBLAS", "oneDNN", "ORT"}, {}, {}};
  table.notes.push_back("f32, rows x columns x depth; ours on " +
                        std::string(cpu::isa_name(engine.isa)));
  table.notes.push_back(peers.blas ? "OpenBLAS kernels: " + peers.blas->core_name()
                                   : "OpenBLAS absent");
  table.notes.push_back(peers.dnn ? "oneDNN " + peers.dnn->version() + ", dnnl_sgemm"
                                  : "oneDNN absent");
  table.notes.push_back(peers.runtime
                            ? "ORT: ONNX Runtime " + peers.runtime->version() + ", b constant"
                            : "ONNX Runtime absent");
  if (options.quick) {
    for (const MatrixSize size : quick_sizes) {
      table.rows.push_back(bench_case(size, options, engine, peers));
    }
  } else {
    for (const MatrixSize size : sizes) {
      table.rows.push_back(bench_case(size, options, engine, peers));
    }
  }
  return std::vector{std::move(table)};
}

}  // namespace isotrace::tools::bench
