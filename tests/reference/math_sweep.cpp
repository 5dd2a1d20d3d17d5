// Sweeps the slow path of one elementary function over a range of binary32 bit patterns. Every
// evaluation checks that its error bound decides the rounding (math/round.hpp) and aborts
// otherwise, so a sweep that ends has shown correct rounding on that range; with "mpfr" each result
// is compared with MPFR as well.
//
// usage: reference_math_sweep FUNCTION FIRST LAST [STEP [mpfr]]   (bits, e.g.
// 0x3f800000)
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <isotrace/core/float_environment.hpp>
#include <tests/reference/oracle.hpp>

namespace isotrace::reference {
namespace {

int sweep(const Function& function, std::uint64_t first, std::uint64_t last, std::uint64_t step,
          bool compare) {
  const core::FloatEnvironment environment;
  Oracle oracle;
  std::uint64_t wrong = 0;
  std::uint64_t count = 0;
  for (std::uint64_t bits = first; bits <= last; bits += step, ++count) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    const float y = function.trusted(x);
    if (compare && canonical_bits(y) != canonical_bits(oracle(function.exact, x))) {
      if (++wrong <= 10)
        std::printf("%s wrong at 0x%08llx\n", function.name, static_cast<unsigned long long>(bits));
    }
  }
  std::printf("%s: %llu arguments, all roundings certain", function.name,
              static_cast<unsigned long long>(count));
  if (compare) std::printf(", %llu differ from MPFR", static_cast<unsigned long long>(wrong));
  std::printf("\n");
  return wrong == 0 ? 0 : 1;
}

}  // namespace
}  // namespace isotrace::reference

int main(int argc, char** argv) {
  using isotrace::reference::functions;
  for (const auto& function : functions) {
    if (argc < 4 || std::strcmp(argv[1], function.name) != 0) continue;
    const std::uint64_t first = std::strtoull(argv[2], nullptr, 0);
    const std::uint64_t last = std::strtoull(argv[3], nullptr, 0);
    const std::uint64_t step = argc > 4 ? std::strtoull(argv[4], nullptr, 0) : 1;
    if (first > last || last > 0xFFFFFFFF || step == 0) break;
    const bool compare = argc > 5 && std::strcmp(argv[5], "mpfr") == 0;
    return isotrace::reference::sweep(function, first, last, step, compare);
  }
  std::printf("usage: reference_math_sweep FUNCTION FIRST LAST [STEP [mpfr]]\n");
  return 2;
}
