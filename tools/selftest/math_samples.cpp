#include <isotrace/tools/selftest/math_samples.hpp>

#include <bit>
#include <cmath>

#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/functions.hpp>
#include <isotrace/tools/selftest/mpfr_function.hpp>

namespace isotrace::tools {
namespace {

constexpr std::uint32_t neighbours = 40;  // on both sides of a boundary

constexpr float boundaries[] = {
    0.0F,       0x1p-149F,   0x1p-126F,      0x1p-29F,   0x1p-25F,    0x1p-24F,       0x1p-12F,
    0.25F,      0.34657359F, 0.41421357F,    0.5F,       0.70710677F, 0.78539816F,    0.75F,
    1.0F,       1.4142135F,  1.5707964F,     2.0F,       2.4142137F,  3.0F,           3.1415927F,
    3.8325067F, 3.9191773F,  4.0F,           6.2831855F, 8.0F,        9.0109133F,     10.0F,
    17.328680F, 18.0F,       20.0F,          22.0F,      33.0F,       87.336545F,     88.722839F,
    89.415985F, 90.0F,       91.0F,          103.27893F, 103.97208F,  104.0F,         126.0F,
    128.0F,     149.0F,      150.0F,         152.0F,     0x1p20F,     0x1.921fb6p20F, 0x1p24F,
    0x1p64F,    0x1p100F,    0x1.fffffep127F};

/// log is within 2^-28 of a unit of a half-way value there: binary64 rounds wrongly. sin: nearest
/// to a multiple of pi.
constexpr std::uint32_t hard[] = {0x3c413d3a, 0x41178feb, 0x4c5d65a5, 0x65d890d3, 0x6f31a8ec,
                                  0x6115cb11, 0x7f800000, 0x7fc00000, 0x7f800001, 0x7fffffff};

}  // namespace

std::vector<float> math_samples(std::uint64_t samples) {
  std::vector<float> arguments;
  const auto push_both = [&](std::uint32_t bits) {
    arguments.push_back(std::bit_cast<float>(bits));
    arguments.push_back(std::bit_cast<float>(bits ^ 0x80000000));
  };
  for (const float boundary : boundaries) {
    const auto bits = std::bit_cast<std::uint32_t>(boundary);
    const std::uint32_t from = bits < neighbours ? 0 : bits - neighbours;
    for (std::uint32_t at = from; at <= bits + neighbours; ++at) push_both(at);
  }
  for (const std::uint32_t bits : hard) push_both(bits);
  core::PhiloxStream random(11);
  for (std::uint64_t i = 0; i < samples / 2; ++i) {
    const auto exponent = static_cast<std::uint32_t>(i % 256);
    push_both(exponent << 23 | random.next_u32() >> 9);
  }
  return arguments;
}

MathReport check_power_samples(std::uint64_t samples) {
  MathRow row{"pow", "scalar", 0, 0, {}, 0};
  MpfrFunction mpfr(oracle_functions().front());
  const auto check = [&](float x, float y) {
    const float expected = mpfr.rounded_power(x, static_cast<double>(y));
    const float actual = reference::pow(x, static_cast<double>(y));
    ++row.checked;
    if (std::bit_cast<std::uint32_t>(expected) == std::bit_cast<std::uint32_t>(actual)) return;
    ++row.wrong;
    const auto bits = std::bit_cast<std::uint32_t>(x);
    if (!row.first_wrong || bits < *row.first_wrong) row.first_wrong = bits;
  };
  for (const float x : boundaries) {
    for (const float y : boundaries) {
      for (const float sign : {1.0F, -1.0F}) {
        check(sign * x, y);
        check(sign * x, -y);
      }
    }
  }
  for (int x = 1; x < 100; ++x) {  // exact and half-way results
    for (int y = -40; y < 40; ++y) check(static_cast<float>(x), static_cast<float>(y) / 4);
  }
  core::PhiloxStream random(12);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const float x = std::bit_cast<float>(random.next_u32() & 0x7FFFFFFF);
    const float logarithm = reference::log2(x);
    if (!(std::fabs(logarithm) < 200) || logarithm == 0) continue;
    check(x, (2 * random.next_f32() - 1) * 155 / logarithm);
  }
  return {{row}, 0};
}

}  // namespace isotrace::tools
