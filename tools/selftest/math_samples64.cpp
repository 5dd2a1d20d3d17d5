#include <isotrace/tools/selftest/math_samples64.hpp>

#include <time.h>

#include <bit>
#include <cmath>

#include <mpfr.h>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/reference/math/binary64.hpp>

namespace isotrace::tools {
namespace {

struct Function64 {
  std::string_view name;
  double (*ours)(double);
  int (*exact)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t);
};

constexpr Function64 functions[] = {
    {"exp", reference::exp64, mpfr_exp},       {"expm1", reference::expm1_64, mpfr_expm1},
    {"log", reference::log64, mpfr_log},       {"log1p", reference::log1p_64, mpfr_log1p},
    {"sin", reference::sin64, mpfr_sin},       {"cos", reference::cos64, mpfr_cos},
    {"tan", reference::tan64, mpfr_tan},       {"asin", reference::asin64, mpfr_asin},
    {"acos", reference::acos64, mpfr_acos},    {"atan", reference::atan64, mpfr_atan},
    {"sinh", reference::sinh64, mpfr_sinh},    {"cosh", reference::cosh64, mpfr_cosh},
    {"tanh", reference::tanh64, mpfr_tanh},    {"asinh", reference::asinh64, mpfr_asinh},
    {"acosh", reference::acosh64, mpfr_acosh}, {"atanh", reference::atanh64, mpfr_atanh},
    {"erf", reference::erf64, mpfr_erf}};

constexpr std::uint64_t neighbours = 30;  // on both sides of a boundary

constexpr double boundaries[] = {
    0.0,      0x1p-1074, 0x1p-1022, 0x1p-500, 0x1p-60,   0x1p-56, 0x1p-54,
    0x1p-53,  0x1p-52,   0x1p-27,   0x1p-26,  0x1p-25,   0.25,    0.34657359027997264,
    0.5,      0.78,      1.0,       2.0,      6.0,       22.0,    0.7853981633974483,
    40.0,     100.0,     355.0,     708.4,    711.0,     746.0,   1.5707963267948966,
    0x1p60,   0x1p100,   0x1p200,   0x1p500,  0x1p600,   39.0,    709.782712893384,
    1e22,     17.0,      3.0,       5.9,      0x1p1000,  0x1p53,  710.4758600739439,
    0x1p-300, 1.25,      1.5,       1e300,    0x1p-1000, 0.1,     745.13321910194122};

/// MPFR's numbers of 53 bits in the range of binary64, subnormals included.
class Rounding64 {
 public:
  Rounding64() {
    mpfr_init2(x_, 53);
    mpfr_init2(y_, 53);
    mpfr_init2(value_, 53);
  }
  ~Rounding64() {
    mpfr_clear(x_);
    mpfr_clear(y_);
    mpfr_clear(value_);
  }
  Rounding64(const Rounding64&) = delete;
  Rounding64& operator=(const Rounding64&) = delete;

  double of(const Function64& function, double x) {
    set(x_, x);
    return rounded(function.exact(value_, x_, MPFR_RNDN));
  }
  double power(double x, double y) {
    set(x_, x);
    set(y_, y);
    return rounded(mpfr_pow(value_, x_, y_, MPFR_RNDN));
  }

 private:
  static void set(mpfr_t number, double value) {
    mpfr_set_emin(-1073);  // 2^-1074 is the least number; MPFR counts from 0.1 binary
    mpfr_set_emax(1024);
    mpfr_set_d(number, value, MPFR_RNDN);
  }
  double rounded(int inexact) {
    mpfr_subnormalize(value_, inexact, MPFR_RNDN);
    return core::canonical(mpfr_get_d(value_, MPFR_RNDN));
  }

  mpfr_t x_, y_, value_;
};

double thread_seconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

struct Arguments {
  double x;
  double y;  // of pow
};

/// Compares ours(arguments) with exact(arguments), bit by bit.
template <class Ours, class Exact>
MathReport compare(std::string_view name, const std::vector<Arguments>& arguments, Ours ours,
                   Exact exact) {
  MathRow row{std::string(name), "f64", arguments.size(), 0, {}, 0};
  const double start = thread_seconds();
  std::vector<double> expected;
  for (const Arguments& at : arguments) expected.push_back(exact(at));
  const double middle = thread_seconds();
  std::vector<double> actual;
  for (const Arguments& at : arguments) actual.push_back(ours(at));
  row.seconds = thread_seconds() - middle;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(arguments[i].x);
    if (std::bit_cast<std::uint64_t>(expected[i]) == std::bit_cast<std::uint64_t>(actual[i])) {
      continue;
    }
    ++row.wrong;
    if (!row.first_wrong || bits < *row.first_wrong) row.first_wrong = bits;
  }
  return {{std::move(row)}, middle - start};
}

std::vector<Arguments> make_arguments(std::uint64_t samples) {
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  std::vector<Arguments> arguments;
  const auto push_both = [&](std::uint64_t bits) {
    arguments.push_back({std::bit_cast<double>(bits), 0});
    arguments.push_back({std::bit_cast<double>(bits ^ sign), 0});
  };
  for (const double boundary : boundaries) {
    const auto bits = std::bit_cast<std::uint64_t>(boundary);
    for (std::uint64_t at = bits < neighbours ? 0 : bits - neighbours; at <= bits + neighbours;
         ++at) {
      push_both(at);
    }
  }
  for (const std::uint64_t high : {0x7ff0000000000000U, 0x7ff8000000000000U, 0x7fefffffffffffffU}) {
    push_both(high);
  }
  core::PhiloxStream random(13);
  for (std::uint64_t i = 0; i < samples / 2; ++i) {
    // Of two arguments one lies where results are neither the argument nor a limit.
    const std::uint64_t exponent = i % 2 == 0 ? i / 2 % 2048 : 1023 - 56 + i / 2 % 68;
    push_both(exponent << 52 | random.next_u64() >> 12);
  }
  return arguments;
}

std::vector<Arguments> make_power_arguments(std::uint64_t samples) {
  std::vector<Arguments> arguments;
  for (const double x : boundaries) {
    for (const double y : boundaries) {
      for (const double sign : {1.0, -1.0}) {
        arguments.push_back({sign * x, y});
        arguments.push_back({sign * x, -y});
      }
    }
  }
  for (int x = 1; x < 100; ++x) {  // exact and half-way results
    for (int y = -40; y < 160; ++y) arguments.push_back({static_cast<double>(x), y / 4.0});
  }
  core::PhiloxStream random(14);
  for (std::uint64_t i = 0; i < samples; ++i) {
    const double x = std::bit_cast<double>(random.next_u64() >> 1);
    const double size = reference::log64(x);
    if (!(std::fabs(size) < 1000) || size == 0) continue;
    arguments.push_back({x, (2.0 * random.next_f32() - 1) * 760 / size});
  }
  return arguments;
}

}  // namespace

std::vector<MathReport> check_samples64(std::uint64_t samples) {
  const core::FloatEnvironment environment;
  Rounding64 mpfr;
  std::vector<MathReport> reports;
  const std::vector<Arguments> arguments = make_arguments(samples);
  for (const Function64& function : functions) {
    reports.push_back(compare(
        function.name, arguments, [&](const Arguments& at) { return function.ours(at.x); },
        [&](const Arguments& at) { return mpfr.of(function, at.x); }));
  }
  reports.push_back(compare(
      "pow", make_power_arguments(samples),
      [](const Arguments& at) { return reference::pow64(at.x, at.y); },
      [&](const Arguments& at) { return mpfr.power(at.x, at.y); }));
  return reports;
}

}  // namespace isotrace::tools
