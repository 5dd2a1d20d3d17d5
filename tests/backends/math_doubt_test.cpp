// [math.exp] and all other elementary functions at arguments that the quick sequence must leave to
// the fine one because a half-way value lies within its error: scalar, AVX2 and AVX-512 against the
// slow path, which shares no formula with either.
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/approximations.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/reference/math/scalar_lane.hpp>
#include <isotrace/reference/math/trusted.hpp>

namespace isotrace::backends::cpu {
namespace {

namespace r = reference;

template <class Function>
bool is_in_doubt(float x) {
  const r::ScalarLane wide = x;
  return Function::ordinary(wide) &&
         !r::ScalarLane::is_clear(Function::template value<r::Quick>(wide), r::Quick::window);
}

struct Row {
  const char* name;
  ArrayFunction MathFunctions::*packed;
  float (*fast)(float);
  float (*slow)(float);
  bool (*is_in_doubt)(float);
};

#define ISOTRACE_ROW(name, Function) \
  { #name, &MathFunctions::name, &r::name, &r::trusted::name, &is_in_doubt < r::Function> }
const Row rows[] = {
    ISOTRACE_ROW(exp, Exp),     ISOTRACE_ROW(exp2, Exp2),   ISOTRACE_ROW(expm1, Expm1),
    ISOTRACE_ROW(log, Log),     ISOTRACE_ROW(log2, Log2),   ISOTRACE_ROW(log1p, Log1p),
    ISOTRACE_ROW(sin, Sin),     ISOTRACE_ROW(cos, Cos),     ISOTRACE_ROW(tan, Tan),
    ISOTRACE_ROW(asin, Asin),   ISOTRACE_ROW(acos, Acos),   ISOTRACE_ROW(atan, Atan),
    ISOTRACE_ROW(sinh, Sinh),   ISOTRACE_ROW(cosh, Cosh),   ISOTRACE_ROW(tanh, Tanh),
    ISOTRACE_ROW(asinh, Asinh), ISOTRACE_ROW(acosh, Acosh), ISOTRACE_ROW(atanh, Atanh),
    ISOTRACE_ROW(erf, Erf),     ISOTRACE_ROW(rsqrt, Rsqrt)};
#undef ISOTRACE_ROW

std::uint32_t bits_of(float x) { return std::bit_cast<std::uint32_t>(x); }

/// About one in 2^12 of random arguments with results that are not saturated.
std::vector<float> arguments_in_doubt(const Row& row) {
  core::PhiloxStream random(17);
  std::vector<float> found;
  while (found.size() < 300) {
    const auto exponent = static_cast<std::uint32_t>(117 + random.next_below(14));
    const float x = std::bit_cast<float>((random.next_u32() & 0x807FFFFF) | exponent << 23);
    if (row.is_in_doubt(x)) found.push_back(x);
  }
  return found;
}

class MathInDoubt : public ::testing::TestWithParam<Row> {
 protected:
  core::FloatEnvironment environment_;
};

TEST_P(MathInDoubt, is_settled_as_the_slow_path_does) {
  const std::vector<float> x = arguments_in_doubt(GetParam());
  const CpuFeatures features = find_cpu_features();
  std::vector<const MathFunctions*> packs;
  if (features.avx2) packs.push_back(&math_avx2());
  if (features.avx512) packs.push_back(&math_avx512());
  for (const float argument : x) {
    ASSERT_EQ(bits_of(GetParam().fast(argument)), bits_of(GetParam().slow(argument)))
        << std::hexfloat << argument;
  }
  for (const MathFunctions* functions : packs) {
    std::vector<float> y(x.size());
    (functions->*GetParam().packed)(x.data(), y.data(), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(bits_of(y[i]), bits_of(GetParam().slow(x[i]))) << std::hexfloat << x[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Functions, MathInDoubt, ::testing::ValuesIn(rows),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace isotrace::backends::cpu
