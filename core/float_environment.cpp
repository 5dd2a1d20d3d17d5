#include <isotrace/core/float_environment.hpp>

#include <xmmintrin.h>

namespace isotrace::core {
namespace {

constexpr std::uint32_t canonical = 0x1F80;  // all exceptions masked, nearest even, no FTZ, no DAZ
constexpr std::uint32_t status_flags = 0x003F;  // sticky exception flags carry no meaning here

}  // namespace

FloatEnvironment::FloatEnvironment() : saved_(_mm_getcsr()) { _mm_setcsr(canonical); }
FloatEnvironment::~FloatEnvironment() { _mm_setcsr(saved_); }

Result<Done> check_float_environment() {
  const std::uint32_t now = _mm_getcsr() & ~status_flags;
  if (now != canonical) {
    return refuse(RefusalCode::float_environment_wrong, "MXCSR", std::to_string(now));
  }
  return Done{};
}

}  // namespace isotrace::core
