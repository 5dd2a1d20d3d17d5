#include <isotrace/tools/selftest/implementations.hpp>

#include <isotrace/reference/math/functions.hpp>

namespace isotrace::tools {
namespace {

namespace cpu = backends::cpu;

template <float (*function)(float)>
void each(const float* x, float* y, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) y[i] = function(x[i]);
}

struct Row {
  std::string_view name;
  cpu::ArrayFunction scalar;
  cpu::ArrayFunction cpu::MathFunctions::*packed;
};

#define ISOTRACE_ROW(name) \
  { #name, &each < reference::name>, &cpu::MathFunctions::name }
constexpr Row rows[] = {
    ISOTRACE_ROW(exp),   ISOTRACE_ROW(exp2),  ISOTRACE_ROW(expm1), ISOTRACE_ROW(log),
    ISOTRACE_ROW(log2),  ISOTRACE_ROW(log1p), ISOTRACE_ROW(sin),   ISOTRACE_ROW(cos),
    ISOTRACE_ROW(tan),   ISOTRACE_ROW(asin),  ISOTRACE_ROW(acos),  ISOTRACE_ROW(atan),
    ISOTRACE_ROW(sinh),  ISOTRACE_ROW(cosh),  ISOTRACE_ROW(tanh),  ISOTRACE_ROW(asinh),
    ISOTRACE_ROW(acosh), ISOTRACE_ROW(atanh), ISOTRACE_ROW(erf),   ISOTRACE_ROW(rsqrt)};
#undef ISOTRACE_ROW

}  // namespace

std::vector<Implementation> find_implementations(std::string_view function) {
  std::vector<Implementation> found;
  const cpu::CpuFeatures features = cpu::find_cpu_features();
  for (const Row& row : rows) {
    if (row.name != function) continue;
    found.push_back({"scalar", row.scalar});
    if (features.avx2) found.push_back({"avx2", cpu::math_avx2().*row.packed});
    if (features.avx512) found.push_back({"avx512", cpu::math_avx512().*row.packed});
  }
  return found;
}

}  // namespace isotrace::tools
