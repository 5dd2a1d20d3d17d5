// Elementary functions of f32 arrays in every implementation, beside glibc's scalar functions and
// its vector ones (libmvec), and ONNX Runtime. Only ours are correctly rounded.
#include <cmath>
#include <cstring>

#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/tools/bench/measure.hpp>
#include <isotrace/tools/bench/onnx_model.hpp>
#include <isotrace/tools/bench/onnx_runtime.hpp>
#include <isotrace/tools/bench/section.hpp>
#include <isotrace/tools/bench/vector_libm.hpp>

namespace isotrace::tools::bench {
namespace {

namespace cpu = backends::cpu;
namespace r = reference;

using Scalar = float (*)(float);

float sigmoid(float x) { return 1.0F / (1.0F + r::exp(-x)); }
float silu(float x) { return x / (1.0F + r::exp(-x)); }
float gelu(float x) { return (0.5F * x) * (1.0F + r::erf(x * 0x1.6a09e6p-1F)); }
float gelu_tanh(float x) {
  const float inner = std::fma(0.044715F * (x * x), x, x);
  return (0.5F * x) * (1.0F + r::tanh(0x1.988454p-1F * inner));
}
float softplus(float x) { return (x < 0 ? 0.0F : x) + r::log1p(r::exp(-std::fabs(x))); }

struct MathCase {
  const char* name;
  cpu::ArrayFunction cpu::MathFunctions::*packed;
  Scalar reference;
  Scalar glibc;      // nullptr: glibc has none
  const char* onnx;  // the operation, nullptr: ONNX has none
  float low, high;   // ordinary arguments
};

#define ISOTRACE_CASE(name, onnx, low, high) \
  { #name, &cpu::MathFunctions::name, &r::name, &std::name, onnx, low, high }
constexpr MathCase cases[] = {
    ISOTRACE_CASE(exp, "Exp", -10, 10),
    ISOTRACE_CASE(exp2, nullptr, -10, 10),
    ISOTRACE_CASE(expm1, nullptr, -5, 5),
    ISOTRACE_CASE(log, nullptr, 0.01F, 100),
    ISOTRACE_CASE(log2, nullptr, 0.01F, 100),
    ISOTRACE_CASE(log1p, nullptr, -0.9F, 10),
    ISOTRACE_CASE(sin, "Sin", -10, 10),
    ISOTRACE_CASE(cos, "Cos", -10, 10),
    ISOTRACE_CASE(tan, "Tan", -10, 10),
    ISOTRACE_CASE(asin, "Asin", -1, 1),
    ISOTRACE_CASE(acos, "Acos", -1, 1),
    ISOTRACE_CASE(atan, "Atan", -5, 5),
    ISOTRACE_CASE(sinh, "Sinh", -5, 5),
    ISOTRACE_CASE(cosh, "Cosh", -5, 5),
    ISOTRACE_CASE(tanh, "Tanh", -4, 4),
    ISOTRACE_CASE(asinh, "Asinh", -5, 5),
    ISOTRACE_CASE(acosh, nullptr, 1, 10),
    ISOTRACE_CASE(atanh, "Atanh", -1, 1),
    ISOTRACE_CASE(erf, "Erf", -3, 3),
    {"rsqrt", &cpu::MathFunctions::rsqrt, &r::rsqrt, nullptr, nullptr, 0.1F, 10},
    {"sigmoid", &cpu::MathFunctions::sigmoid, &sigmoid, nullptr, "Sigmoid", -8, 8},
    {"silu", &cpu::MathFunctions::silu, &silu, nullptr, nullptr, -8, 8},
    {"gelu", &cpu::MathFunctions::gelu, &gelu, nullptr, "Gelu", -4, 4},
    {"gelu_tanh", &cpu::MathFunctions::gelu_tanh, &gelu_tanh, nullptr, nullptr, -4, 4},
    {"softplus", &cpu::MathFunctions::softplus, &softplus, nullptr, "Softplus", -8, 8}};
#undef ISOTRACE_CASE
constexpr std::size_t quick_cases = 2;

constexpr std::size_t elements = 1024;
constexpr int repeats = 128;  // in one measured run: some hundred microseconds
/// In a run of ONNX Runtime, so that the call is a small part of it.
constexpr std::size_t runtime_elements = 1U << 20;

/// What the columns measure: pairs of ours and libmvec for each instruction set, pairs of scalar
/// functions, ONNX Runtime.
struct Subjects {
  std::vector<cpu::Isa> isas;
  std::unique_ptr<OnnxRuntime> runtime;

  [[nodiscard]] std::vector<std::string> columns() const {
    std::vector<std::string> names = {"ours", "libmvec"};
    if (isas.size() == 2) names.insert(names.end(), {"ours, AVX2", "libmvec, AVX2"});
    names.insert(names.end(), {"ours, scalar", "glibc, scalar", "ORT"});
    return names;
  }
};

/// The arrays that one function is measured on.
class MathArrays {
 public:
  explicit MathArrays(const MathCase& function) : x_(elements), y_(elements), expected_(elements) {
    core::PhiloxStream random(1);
    for (float& value : x_) {
      value = function.low + (function.high - function.low) * random.next_f32();
    }
    run_each(function.reference);
    expected_ = y_;
  }

  void run(cpu::ArrayFunction function) { function(x_.data(), y_.data(), elements); }
  void run(const VectorFunction& function) { function.run(x_.data(), y_.data(), elements); }
  void run_each(Scalar function) {
    for (std::size_t i = 0; i < elements; ++i) y_[i] = function(x_[i]);
  }
  /// Whether the last results are those of the reference.
  [[nodiscard]] bool are_identical() const {
    return std::memcmp(y_.data(), expected_.data(), elements * sizeof(float)) == 0;
  }

 private:
  std::vector<float> x_, y_, expected_;
};

template <class Work>
Contender repeated(Work work) {
  return timed(1, [work] {
    for (int i = 0; i < repeats; ++i) work();
  });
}

BenchRow bench_case(const MathCase& function, const Subjects& subjects, double seconds) {
  MathArrays arrays(function);
  BenchRow row{function.name, {}, true};
  std::vector<Contender> contenders;
  for (const cpu::Isa isa : subjects.isas) {
    const cpu::ArrayFunction ours = cpu::math_functions(isa).*function.packed;
    arrays.run(ours);
    row.identical = row.identical && arrays.are_identical();
    contenders.push_back(repeated([&arrays, ours] { arrays.run(ours); }));
    const auto peer = VectorFunction::find(function.name, isa == cpu::Isa::avx512 ? 16 : 8);
    contenders.push_back(peer ? repeated([&arrays, peer] { arrays.run(peer); }) : Contender());
  }
  for (const Scalar one : {function.reference, function.glibc}) {
    contenders.push_back(one != nullptr ? repeated([&arrays, one] { arrays.run_each(one); })
                                        : Contender());
  }
  OnnxRuntime* runtime = subjects.runtime.get();
  const bool loaded = runtime != nullptr && function.onnx != nullptr &&
                      runtime->load(make_function_model(function.onnx, runtime_elements));
  contenders.push_back(loaded ? Contender([runtime] { return runtime->run(); }) : Contender());
  for (const auto& time : best_of(contenders, seconds)) {
    const bool is_runtime = row.speeds.size() + 1 == contenders.size();
    const std::size_t count = is_runtime ? runtime_elements : repeats * elements;
    row.speeds.push_back(time ? Speed(1e9 * *time / static_cast<double>(count)) : std::nullopt);
  }
  return row;
}

}  // namespace

core::Result<std::vector<BenchTable>> bench_math(const BenchOptions& options) {
  const core::FloatEnvironment environment;
  ISOTRACE_TRY(const cpu::Isa isa, cpu::choose_isa(options.isa, cpu::find_cpu_features()));
  Subjects subjects{{isa}, OnnxRuntime::find(options.onnx_runtime_path, 1)};
  if (isa == cpu::Isa::avx512) subjects.isas.push_back(cpu::Isa::avx2);
  BenchTable table{"math", "ns per element", subjects.columns(), {}, {}, true};
  table.notes = {"one thread, arrays of " + std::to_string(elements) + "; ours on " +
                     std::string(cpu::isa_name(isa)),
                 "ours is correctly rounded, the others are not"};
  table.notes.push_back(subjects.runtime
                            ? "ORT: ONNX Runtime " + subjects.runtime->version() + ", " +
                                  std::to_string(runtime_elements) + " numbers from -0.5 to 0.5"
                            : "ONNX Runtime absent");
  for (const MathCase& function : cases) {
    if (options.quick && table.rows.size() == quick_cases) break;
    table.rows.push_back(bench_case(function, subjects, options.seconds()));
  }
  return std::vector{std::move(table)};
}

}  // namespace isotrace::tools::bench
