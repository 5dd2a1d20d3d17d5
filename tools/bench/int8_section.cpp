// Exact products of 8-bit integers beside oneDNN and ONNX Runtime's MatMulInteger. The weights b
// are a constant in our first column and in ONNX Runtime; oneDNN packs them in every call.
#include <algorithm>

#include <isotrace/backends/cpu/integer_gemm.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/onnx_model.hpp>
#include <isotrace/tools/bench/onnx_runtime.hpp>
#include <isotrace/tools/bench/operands.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {
namespace {

namespace cpu = backends::cpu;

constexpr MatrixSize sizes[] = {{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
                                {128, 768, 768}, {128, 3072, 768},   {32, 4096, 4096},
                                {1, 4096, 4096}};
constexpr MatrixSize quick_sizes[] = {{128, 768, 768}, {1, 1024, 1024}};

class Int8Case {
 public:
  Int8Case(MatrixSize size, BenchEngine& engine)
      : size_(size),
        engine_(engine),
        kernels_(cpu::choose_integer_kernels(engine.isa, engine.features)),
        a_(random_bytes(size.rows, size.depth, 1)),
        b_(random_bytes(size.depth, size.columns, 2)),
        c_(core::Dtype::i32, {size.rows, size.columns}) {
    constants_.hold(b_.bytes());
  }

  /// u8 by i8, or i8 by i8.
  void run(bool a_signed, bool constant) {
    const cpu::IntegerGemm gemm{.rows = size_.rows,
                                .columns = size_.columns,
                                .depth = size_.depth,
                                .a = {a(), a_signed, size_.depth, 1, nullptr, 0},
                                .b = {b_.bytes().data(), true, 1, size_.columns, nullptr, 0},
                                .c = c_.data<std::int32_t>().data(),
                                .c_stride = size_.columns};
    const auto done =
        cpu::run_integer_gemm(gemm, kernels_, engine_.with(constant ? &constants_ : nullptr));
    ISOTRACE_CHECK(done.has_value(), size_.rows);
  }

  /// Whether sampled rows of the last result are the exact sums.
  [[nodiscard]] bool is_exact(bool a_signed) const {
    for (const std::ptrdiff_t row : sampled_rows(size_.rows)) {
      std::vector<std::int64_t> sums(static_cast<std::size_t>(size_.columns), 0);
      for (std::ptrdiff_t k = 0; k < size_.depth; ++k) {
        const std::uint8_t byte = a()[row * size_.depth + k];
        const std::int64_t x = a_signed ? static_cast<std::int8_t>(byte) : byte;
        const std::int8_t* line = b() + k * size_.columns;
        for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += x * line[j];
      }
      const auto ours = c_.view().data<std::int32_t>().subspan(
          static_cast<std::size_t>(row * size_.columns), sums.size());
      if (!std::equal(sums.begin(), sums.end(), ours.begin())) return false;
    }
    return true;
  }

  [[nodiscard]] core::Bytes make_model() const {
    using enum core::Dtype;
    return make_product_model("MatMulInteger", size_, u8, i8, i32, b_.bytes());
  }
  [[nodiscard]] const std::uint8_t* a() const { return a_.bytes().data(); }
  [[nodiscard]] const std::int8_t* b() const {
    return reinterpret_cast<const std::int8_t*>(b_.bytes().data());
  }

 private:
  MatrixSize size_;
  BenchEngine& engine_;
  const cpu::IntegerKernels& kernels_;
  core::Tensor a_, b_, c_;
  cpu::PackedConstants constants_;
};

struct Peers {
  std::optional<OneDnn> dnn;
  std::unique_ptr<OnnxRuntime> runtime;
};

BenchRow bench_case(MatrixSize size, const BenchOptions& options, BenchEngine& engine,
                    const Peers& peers) {
  Int8Case product(size, engine);
  core::Tensor result(core::Dtype::i32, {size.rows, size.columns});
  std::int32_t* c = result.data<std::int32_t>().data();
  const unsigned threads = options.threads;
  std::vector<Contender> contenders = {timed(threads, [&] { product.run(false, true); }),
                                       timed(threads, [&] { product.run(true, true); }),
                                       timed(threads, [&] { product.run(false, false); }),
                                       {},
                                       {},
                                       {}};
  if (peers.dnn) {
    contenders[3] =
        timed(threads, [&] { peers.dnn->gemm_u8s8s32(size, product.a(), product.b(), c); });
    contenders[4] = timed(threads, [&] {
      const auto* a = reinterpret_cast<const std::int8_t*>(product.a());
      peers.dnn->gemm_s8s8s32(size, a, product.b(), c);
    });
  }
  if (peers.runtime && peers.runtime->load(product.make_model())) {
    contenders[5] = [&] { return peers.runtime->run(); };
  }
  BenchRow row{size_name(size), {}, true};
  for (const auto& seconds : best_of(contenders, options.seconds())) {
    row.speeds.push_back(seconds ? Speed(giga_operations(size) / *seconds) : std::nullopt);
  }
  for (const bool a_signed : {false, true}) {
    for (const bool constant : {false, true}) {
      product.run(a_signed, constant);
      row.identical = row.identical && product.is_exact(a_signed);
    }
  }
  return row;
}

}  // namespace

core::Result<std::vector<BenchTable>> bench_int8(const BenchOptions& options) {
  ISOTRACE_TRY(BenchEngine engine, BenchEngine::make(options));
  const Peers peers{OneDnn::find(options.threads),
                    OnnxRuntime::find(options.onnx_runtime_path, options.threads)};
  BenchTable table{"int8",
                   "GOPS",
                   {"ours u8*i8", "ours i8*i8", "ours, b packed anew", "oneDNN u8*i8",
                    "oneDNN i8*i8", "ORT u8*i8"},
                   {},
                   {}};
  table.notes.push_back("rows x columns x depth, exact i32; ours on " +
                        std::string(cpu::choose_integer_kernels(engine.isa, engine.features).name));
  table.notes.push_back(peers.dnn ? "oneDNN " + peers.dnn->version() : "oneDNN absent");
  table.notes.push_back(peers.runtime ? "ORT: ONNX Runtime " + peers.runtime->version() +
                                            " MatMulInteger, b constant"
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
