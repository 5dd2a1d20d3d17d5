// One vector by weights of -1, 0 and 1 in two bits, beside reading these bytes (what no product can
// beat), the same weights as bytes, and other libraries' products of bytes.
#include <immintrin.h>

#include <algorithm>

#include <isotrace/backends/cpu/ternary.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/onnx_model.hpp>
#include <isotrace/tools/bench/onnx_runtime.hpp>
#include <isotrace/tools/bench/operands.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {
namespace {

namespace cpu = backends::cpu;

constexpr MatrixSize sizes[] = {{1, 4096, 4096}, {1, 11008, 4096}, {1, 4096, 14336}};
constexpr MatrixSize quick_sizes[] = {{1, 4096, 1024}};

/// The sum of all words, by the widest loads that there are: as fast as this machine reads.
[[gnu::target("avx512f")]] int read_all_avx512(const std::uint8_t* data, std::ptrdiff_t bytes) {
  __m512i sums[4] = {};
  for (std::ptrdiff_t at = 0; at + 256 <= bytes; at += 256) {
    for (int i = 0; i < 4; ++i) {
      sums[i] = _mm512_add_epi32(sums[i], _mm512_loadu_si512(data + at + 64 * i));
    }
  }
  const __m512i sum =
      _mm512_add_epi32(_mm512_add_epi32(sums[0], sums[1]), _mm512_add_epi32(sums[2], sums[3]));
  std::int32_t lanes[16];
  _mm512_storeu_si512(lanes, sum);
  return lanes[0];
}

[[gnu::target("avx2")]] int read_all_avx2(const std::uint8_t* data, std::ptrdiff_t bytes) {
  __m256i sums[8] = {};
  for (std::ptrdiff_t at = 0; at + 256 <= bytes; at += 256) {
    for (int i = 0; i < 8; ++i) {
      const auto* from = reinterpret_cast<const __m256i*>(data + at + 32 * i);
      sums[i] = _mm256_add_epi32(sums[i], _mm256_loadu_si256(from));
    }
  }
  std::int32_t lanes[8];
  __m256i sum = sums[0];
  for (int i = 1; i < 8; ++i) sum = _mm256_add_epi32(sum, sums[i]);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(lanes), sum);
  return lanes[0];
}

class TernaryCase {
 public:
  TernaryCase(MatrixSize size, BenchEngine& engine)
      : size_(size),
        engine_(engine),
        kernels_(cpu::choose_integer_kernels(engine.isa, engine.features)),
        x_(random_bytes(1, size.depth, 1)),
        weights_(random_bytes(size.depth, size.columns, 2)),
        y_(static_cast<std::size_t>(size.columns)),
        matrix_{nullptr, size.columns, size.depth},
        packed_(core::Dtype::u8, {matrix_.bytes()}),
        read_(packed_) {
    for (std::uint8_t& weight : weights_.data<std::uint8_t>()) {
      weight = static_cast<std::uint8_t>(weight % 3 - 1);
    }
    auto* memory = reinterpret_cast<std::byte*>(packed_.mutable_bytes().data());
    const bool ternary = cpu::pack_ternary(b(), matrix_, memory);
    ISOTRACE_CHECK(ternary, size.columns);
    matrix_.data = memory;
    held_.hold(weights_.bytes());
  }

  void run() {
    cpu::run_ternary(matrix_, x_.bytes(), false, 0, y_.data(), kernels_, *engine_.pool);
  }

  void run_bytes() {
    // Two bits are for signed weights: called unsigned, the same bytes take the way of bytes.
    cpu::IntegerMatrix weights = b();
    weights.is_signed = false;
    const cpu::IntegerGemm gemm{.rows = 1,
                                .columns = size_.columns,
                                .depth = size_.depth,
                                .a = {x(), false, size_.depth, 1, nullptr, 0},
                                .b = weights,
                                .c = y_.data(),
                                .c_stride = size_.columns};
    const auto done = cpu::run_integer_gemm(gemm, kernels_, engine_.with(&held_));
    ISOTRACE_CHECK(done.has_value(), size_.columns);
  }

  /// Threads read parts of as many bytes, which are their own: nobody else warms the caches.
  void read() {
    const auto bytes = static_cast<std::ptrdiff_t>(read_.bytes().size());
    const auto tasks = static_cast<std::ptrdiff_t>(engine_.pool->threads());
    engine_.pool->run(static_cast<std::size_t>(tasks), [&](std::size_t task, unsigned) {
      const auto at = static_cast<std::ptrdiff_t>(task);
      const std::ptrdiff_t from = bytes * at / tasks;
      const std::uint8_t* part = read_.bytes().data() + from;
      const std::ptrdiff_t size = bytes * (at + 1) / tasks - from;
      const int sum =
          engine_.isa == cpu::Isa::avx512 ? read_all_avx512(part, size) : read_all_avx2(part, size);
      // The compiler must not see that nobody needs the sum.
      asm volatile("" : : "r"(sum) : "memory");
    });
  }

  [[nodiscard]] bool is_exact() const {
    std::vector<std::int64_t> sums(y_.size(), 0);
    for (std::ptrdiff_t k = 0; k < size_.depth; ++k) {
      const std::int64_t activation = x()[k];
      const std::int8_t* line = weights() + k * size_.columns;
      for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += activation * line[j];
    }
    return std::equal(sums.begin(), sums.end(), y_.begin());
  }

  [[nodiscard]] core::Bytes make_model() const {
    using enum core::Dtype;
    return make_product_model("MatMulInteger", size_, u8, i8, i32, weights_.bytes());
  }
  [[nodiscard]] const std::uint8_t* x() const { return x_.bytes().data(); }
  [[nodiscard]] const std::int8_t* weights() const {
    return reinterpret_cast<const std::int8_t*>(weights_.bytes().data());
  }

 private:
  [[nodiscard]] cpu::IntegerMatrix b() const {
    return {weights_.bytes().data(), true, 1, size_.columns, nullptr, 0};
  }

  MatrixSize size_;
  BenchEngine& engine_;
  const cpu::IntegerKernels& kernels_;
  core::Tensor x_, weights_;
  std::vector<std::int32_t> y_;
  cpu::TernaryMatrix matrix_;
  core::Tensor packed_, read_;
  cpu::PackedConstants held_;
};

BenchRow bench_case(MatrixSize size, const BenchOptions& options, BenchEngine& engine,
                    const std::optional<OneDnn>& dnn, OnnxRuntime* runtime) {
  TernaryCase product(size, engine);
  std::vector<std::int32_t> y(static_cast<std::size_t>(size.columns));
  const unsigned threads = options.threads;
  std::vector<Contender> contenders = {timed(threads, [&] { product.run(); }),
                                       timed(threads, [&] { product.read(); }),
                                       timed(threads, [&] { product.run_bytes(); }),
                                       {},
                                       {}};
  if (dnn) {
    contenders[3] =
        timed(threads, [&] { dnn->gemm_u8s8s32(size, product.x(), product.weights(), y.data()); });
  }
  if (runtime != nullptr && runtime->load(product.make_model())) {
    contenders[4] = [&] { return runtime->run(); };
  }
  BenchRow row{size_name(size), {}, false};
  for (const auto& seconds : best_of(contenders, options.seconds())) {
    row.speeds.push_back(seconds ? Speed(giga_operations(size) / 2.0 / *seconds) : std::nullopt);
  }
  product.run();
  row.identical = product.is_exact();
  return row;
}

}  // namespace

core::Result<std::vector<BenchTable>> bench_ternary(const BenchOptions& options) {
  ISOTRACE_TRY(BenchEngine engine, BenchEngine::make(options));
  const auto dnn = OneDnn::find(options.threads);
  const auto runtime = OnnxRuntime::find(options.onnx_runtime_path, options.threads);
  BenchTable table{"ternary",
                   "10^9 weights/s",
                   {"ours, 2 bits", "reading the bits", "ours, bytes", "oneDNN u8*i8", "ORT u8*i8"},
                   {},
                   {}};
  table.notes.push_back("1 x columns x depth; \"reading the bits\": a sum over the packed weights");
  table.notes.push_back(dnn ? "oneDNN " + dnn->version() : "oneDNN absent");
  table.notes.push_back(runtime ? "ORT: ONNX Runtime " + runtime->version() +
                                      " MatMulInteger, weights constant"
                                : "ONNX Runtime absent");
  if (options.quick) {
    for (const MatrixSize size : quick_sizes) {
      table.rows.push_back(bench_case(size, options, engine, dnn, runtime.get()));
    }
  } else {
    for (const MatrixSize size : sizes) {
      table.rows.push_back(bench_case(size, options, engine, dnn, runtime.get()));
    }
  }
  return std::vector{std::move(table)};
}

}  // namespace isotrace::tools::bench
