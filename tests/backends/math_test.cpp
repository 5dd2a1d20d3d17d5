// Array functions against the reference, one argument at a time: every instruction set, every
// length, special values, arguments that the fast sequence leaves in doubt, and in place.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <string>
#include <vector>

#include <isotrace/backends/cpu/math.hpp>
#include <isotrace/core/convert.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/functions.hpp>

namespace isotrace::backends::cpu {
namespace {

namespace r = reference;

float sigmoid(float x) { return 1.0F / (1.0F + r::exp(-x)); }
float silu(float x) { return x / (1.0F + r::exp(-x)); }
float gelu(float x) { return (0.5F * x) * (1.0F + r::erf(x * 0x1.6a09e6p-1F)); }
float gelu_tanh(float x) {
  const float inner = std::fma(0.044715F * (x * x), x, x);
  return (0.5F * x) * (1.0F + r::tanh(0x1.988454p-1F * inner));
}
float softplus(float x) { return (x < 0 ? 0.0F : x) + r::log1p(r::exp(-std::fabs(x))); }
float square_root(float x) { return std::sqrt(x); }
float reciprocal(float x) { return 1.0F / x; }

struct Row {
  const char* name;
  ArrayFunction MathFunctions::*packed;
  float (*one)(float);
};

#define ISOTRACE_ROW(name) \
  { #name, &MathFunctions::name, &r::name }
const Row rows[] = {ISOTRACE_ROW(exp),
                    ISOTRACE_ROW(exp2),
                    ISOTRACE_ROW(expm1),
                    ISOTRACE_ROW(log),
                    ISOTRACE_ROW(log2),
                    ISOTRACE_ROW(log1p),
                    ISOTRACE_ROW(sin),
                    ISOTRACE_ROW(cos),
                    ISOTRACE_ROW(tan),
                    ISOTRACE_ROW(asin),
                    ISOTRACE_ROW(acos),
                    ISOTRACE_ROW(atan),
                    ISOTRACE_ROW(sinh),
                    ISOTRACE_ROW(cosh),
                    ISOTRACE_ROW(tanh),
                    ISOTRACE_ROW(asinh),
                    ISOTRACE_ROW(acosh),
                    ISOTRACE_ROW(atanh),
                    ISOTRACE_ROW(erf),
                    ISOTRACE_ROW(rsqrt),
                    {"sqrt", &MathFunctions::sqrt, &square_root},
                    {"reciprocal", &MathFunctions::reciprocal, &reciprocal},
                    {"sigmoid", &MathFunctions::sigmoid, &sigmoid},
                    {"silu", &MathFunctions::silu, &silu},
                    {"gelu", &MathFunctions::gelu, &gelu},
                    {"gelu_tanh", &MathFunctions::gelu_tanh, &gelu_tanh},
                    {"softplus", &MathFunctions::softplus, &softplus}};
#undef ISOTRACE_ROW

class ArrayMath : public ::testing::TestWithParam<Row> {
 protected:
  ArrayMath() {
    const CpuFeatures features = find_cpu_features();
    if (features.avx2) functions_.push_back(&math_avx2());
    if (features.avx512) functions_.push_back(&math_avx512());
  }

  void expect_equal(const std::vector<float>& x) {
    for (const MathFunctions* functions : functions_) {
      std::vector<float> y = x;  // in place
      (functions->*GetParam().packed)(y.data(), y.data(), y.size());
      for (std::size_t i = 0; i < x.size(); ++i) {
        ASSERT_EQ(std::bit_cast<std::uint32_t>(y[i]),
                  std::bit_cast<std::uint32_t>(core::canonical(GetParam().one(x[i]))))
            << GetParam().name << " of " << std::hexfloat << x[i];
      }
    }
  }

  core::FloatEnvironment environment_;
  core::PhiloxStream random_{5};
  std::vector<const MathFunctions*> functions_;
};

TEST_P(ArrayMath, any_length_leaves_the_rest_alone) {
  for (const MathFunctions* functions : functions_) {
    for (std::size_t count = 0; count < 40; ++count) {
      const std::vector<float> x(count, 0.75F);
      std::vector<float> y(count + 1, 7.0F);
      (functions->*GetParam().packed)(x.data(), y.data(), count);
      const float expected = GetParam().one(0.75F);
      for (std::size_t i = 0; i < count; ++i) {
        EXPECT_EQ(std::bit_cast<std::uint32_t>(y[i]),
                  std::bit_cast<std::uint32_t>(core::canonical(expected)));
      }
      EXPECT_EQ(y[count], 7.0F);
    }
  }
}

TEST_P(ArrayMath, special_values_in_every_lane) {
  const std::uint32_t specials[] = {0,          0x80000000, 0x3F800000, 0xBF800000, 0x7F800000,
                                    0xFF800000, 0x7FC00000, 0xFFC12345, 0x7F800001, 1,
                                    0x80000001, 0x7F7FFFFF, 0xFF7FFFFF, 0x00800000};
  for (const std::uint32_t special : specials) {
    for (std::size_t at = 0; at < 17; ++at) {
      std::vector<float> x(17, 0.5F);
      x[at] = std::bit_cast<float>(special);
      expect_equal(x);
    }
  }
}

TEST_P(ArrayMath, random_bits) {
  std::vector<float> x(50'000);
  for (float& value : x) value = std::bit_cast<float>(random_.next_u32());
  expect_equal(x);
}

TEST_P(ArrayMath, random_ordinary_arguments) {
  std::vector<float> x(200'000);
  for (float& value : x) value = 20 * random_.next_f32() - 10;
  expect_equal(x);
}

TEST_P(ArrayMath, every_exponent_and_sign) {
  std::vector<float> x;
  for (std::uint32_t i = 0; i < 512 * 64; ++i) {
    x.push_back(std::bit_cast<float>(i / 64 << 23 | random_.next_u32() >> 9));
  }
  expect_equal(x);
}

INSTANTIATE_TEST_SUITE_P(Functions, ArrayMath, ::testing::ValuesIn(rows),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace isotrace::backends::cpu
