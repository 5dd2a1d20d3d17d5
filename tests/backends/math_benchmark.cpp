// The elementary functions on arrays of 1000 numbers, so that microseconds of CPU time are
// nanoseconds per element. Rows: engine/function; `libm` is the host's float function in a loop,
// which is not correctly rounded.
#include <benchmark/benchmark.h>

#include <cmath>
#include <string>
#include <vector>

#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/functions.hpp>

namespace isotrace::backends::cpu {
namespace {

using Scalar = float (*)(float);

struct Row {
  const char* name;
  ArrayFunction MathFunctions::*packed;
  Scalar reference;  // nullptr: a sequence of the others
  Scalar libm;       // nullptr: libm has none
  float low, high;   // ordinary arguments
};

#define ISOTRACE_ROW(name, low, high) \
  { #name, &MathFunctions::name, &reference::name, &std::name, low, high }
constexpr Row rows[] = {ISOTRACE_ROW(exp, -10, 10),
                        ISOTRACE_ROW(exp2, -10, 10),
                        ISOTRACE_ROW(expm1, -5, 5),
                        ISOTRACE_ROW(log, 0.01F, 100),
                        ISOTRACE_ROW(log2, 0.01F, 100),
                        ISOTRACE_ROW(log1p, -0.9F, 10),
                        ISOTRACE_ROW(sin, -10, 10),
                        ISOTRACE_ROW(cos, -10, 10),
                        ISOTRACE_ROW(tan, -10, 10),
                        ISOTRACE_ROW(asin, -1, 1),
                        ISOTRACE_ROW(acos, -1, 1),
                        ISOTRACE_ROW(atan, -5, 5),
                        ISOTRACE_ROW(sinh, -5, 5),
                        ISOTRACE_ROW(cosh, -5, 5),
                        ISOTRACE_ROW(tanh, -4, 4),
                        ISOTRACE_ROW(asinh, -5, 5),
                        ISOTRACE_ROW(acosh, 1, 10),
                        ISOTRACE_ROW(atanh, -1, 1),
                        ISOTRACE_ROW(erf, -3, 3),
                        {"rsqrt", &MathFunctions::rsqrt, &reference::rsqrt, nullptr, 0.1F, 10},
                        {"sqrt", &MathFunctions::sqrt, nullptr, &std::sqrt, 0, 100},
                        {"reciprocal", &MathFunctions::reciprocal, nullptr, nullptr, 0.1F, 10},
                        {"sigmoid", &MathFunctions::sigmoid, nullptr, nullptr, -8, 8},
                        {"silu", &MathFunctions::silu, nullptr, nullptr, -8, 8},
                        {"gelu", &MathFunctions::gelu, nullptr, nullptr, -4, 4},
                        {"softplus", &MathFunctions::softplus, nullptr, nullptr, -8, 8}};
#undef ISOTRACE_ROW

constexpr std::size_t elements = 1000;

std::vector<float> arguments(const Row& row) {
  core::PhiloxStream random(1);
  std::vector<float> x(elements);
  for (float& value : x) value = row.low + (row.high - row.low) * random.next_f32();
  return x;
}

template <class Run>
void measure(const std::string& name, const Row& row, Run run) {
  const auto body = [&row, run](benchmark::State& state) {
    const std::vector<float> x = arguments(row);
    std::vector<float> y(elements);
    for ([[maybe_unused]] auto step : state) {
      run(x.data(), y.data());
      benchmark::ClobberMemory();
    }
  };
  benchmark::RegisterBenchmark((name + "/" + row.name).c_str(), body)
      ->MeasureProcessCPUTime()
      ->Unit(benchmark::kMicrosecond);
}

void measure_each(const std::string& name, const Row& row, Scalar function) {
  if (function == nullptr) return;
  measure(name, row, [function](const float* x, float* y) {
    for (std::size_t i = 0; i < elements; ++i) y[i] = function(x[i]);
  });
}

void measure_array(const std::string& name, const Row& row, ArrayFunction function) {
  measure(name, row, [function](const float* x, float* y) { function(x, y, elements); });
}

void add(const Row& row) {
  const CpuFeatures features = find_cpu_features();
  if (features.avx512) measure_array("avx512", row, math_avx512().*row.packed);
  if (features.avx2) measure_array("avx2", row, math_avx2().*row.packed);
  measure_each("scalar", row, row.reference);
  measure_each("libm", row, row.libm);
}

}  // namespace
}  // namespace isotrace::backends::cpu

int main(int argc, char** argv) {
  for (const auto& row : isotrace::backends::cpu::rows) isotrace::backends::cpu::add(row);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
