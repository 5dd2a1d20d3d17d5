// SGEMM in the fixed order beside OpenBLAS, one thread each, A and B row-major and packed anew in
// every call on both sides. Rows: engine/MxNxK; GF/s by process CPU time.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/isa.hpp>
#include <isotrace/core/philox.hpp>

#ifdef ISOTRACE_HAVE_OPENBLAS
#include <cblas.h>
extern "C" void openblas_set_num_threads(int);
extern "C" char* openblas_get_corename();
#endif

namespace isotrace::backends::cpu {
namespace {

struct Size {
  Index rows, columns, depth;
};

constexpr Size sizes[] = {{256, 256, 256}, {512, 512, 512},  {1024, 1024, 1024},
                          {128, 768, 768}, {128, 3072, 768}, {197, 768, 3072},
                          {1, 4096, 4096}, {4, 4096, 4096},  {16, 4096, 4096}};

std::vector<float> random_matrix(Index elements, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  std::vector<float> matrix(static_cast<std::size_t>(elements));
  for (float& x : matrix) x = random.next_f32() - 0.5F;
  return matrix;
}

struct Matrices {
  explicit Matrices(Size s)
      : a(random_matrix(s.rows * s.depth, 1)),
        b(random_matrix(s.depth * s.columns, 2)),
        c(static_cast<std::size_t>(s.rows * s.columns)) {}
  std::vector<float> a, b, c;
};

void count_operations(benchmark::State& state, Size s) {
  const double operations =
      2.0 * static_cast<double>(s.rows * s.columns) * static_cast<double>(s.depth);
  state.counters["GF/s"] =
      benchmark::Counter(operations * 1e-9, benchmark::Counter::kIsIterationInvariantRate);
}

void run_ours(benchmark::State& state, Size s, const Kernels& kernels, bool b_transposed) {
  Matrices m(s);
  Scratch scratch;
  const MatrixColumns columns(m.b.data(), b_transposed ? 1 : s.columns, b_transposed ? s.depth : 1);
  const Gemm gemm{.rows = s.rows,
                  .columns = s.columns,
                  .depth = s.depth,
                  .segment = 256,
                  .a = m.a.data(),
                  .a_row_stride = s.depth,
                  .a_depth_stride = 1,
                  .b = &columns,
                  .c = m.c.data(),
                  .c_stride = s.columns,
                  .finish = {}};
  for ([[maybe_unused]] auto step : state) {
    run_gemm(gemm, kernels, scratch);
    benchmark::ClobberMemory();
  }
  count_operations(state, s);
}

#ifdef ISOTRACE_HAVE_OPENBLAS
void run_openblas(benchmark::State& state, Size s, bool b_transposed) {
  openblas_set_num_threads(1);
  state.SetLabel(openblas_get_corename());
  Matrices m(s);
  const auto as_int = [](Index i) { return static_cast<int>(i); };
  for ([[maybe_unused]] auto step : state) {
    cblas_sgemm(CblasRowMajor, CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans,
                as_int(s.rows), as_int(s.columns), as_int(s.depth), 1.0F, m.a.data(),
                as_int(s.depth), m.b.data(), as_int(b_transposed ? s.depth : s.columns), 0.0F,
                m.c.data(), as_int(s.columns));
    benchmark::ClobberMemory();
  }
  count_operations(state, s);
}
#endif

template <class Function, class... Arguments>
void add(const std::string& name, Function function, Arguments... arguments) {
  benchmark::RegisterBenchmark(name.c_str(), function, arguments...)
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMicrosecond);
}

void add_size(Size s, bool b_transposed) {
  const std::string shape = std::to_string(s.rows) + "x" + std::to_string(s.columns) + "x" +
                            std::to_string(s.depth) + (b_transposed ? "/b_transposed" : "");
  const CpuFeatures features = find_cpu_features();
  if (features.avx512) {
    add("avx512/" + shape, [=](auto& st) { run_ours(st, s, kernels_avx512(), b_transposed); });
  }
  if (features.avx2) {
    add("avx2/" + shape, [=](auto& st) { run_ours(st, s, kernels_avx2(), b_transposed); });
  }
#ifdef ISOTRACE_HAVE_OPENBLAS
  add("openblas/" + shape, [=](auto& st) { run_openblas(st, s, b_transposed); });
#endif
}

}  // namespace
}  // namespace isotrace::backends::cpu

int main(int argc, char** argv) {
  for (const auto& size : isotrace::backends::cpu::sizes) {
    isotrace::backends::cpu::add_size(size, false);
    isotrace::backends::cpu::add_size(size, true);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
