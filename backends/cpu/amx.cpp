#include <isotrace/backends/cpu/amx.hpp>

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <isotrace/backends/cpu/integer_kernels.hpp>

namespace isotrace::backends::cpu {
namespace {

bool is_present() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned amx_tile = 1U << 24;
  constexpr unsigned amx_int8 = 1U << 25;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d) == 0) return false;
  return (d & amx_tile) != 0 && (d & amx_int8) != 0;
}

/// Bits 17 and 18 of XCR0: configuration and data of tiles are saved.
bool is_enabled() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  constexpr unsigned osxsave = 1U << 27;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & osxsave) == 0) return false;
  unsigned low = 0;
  unsigned high = 0;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (low >> 17 & 3U) == 3U;
}

bool ask_permission() {
#ifdef SYS_arch_prctl
  constexpr long request_permission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long tile_data = 18;               // XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
#else
  return false;
#endif
}

}  // namespace

AmxState decide_amx(const AmxProbe& probe) {
  if (!probe.is_present()) return {};
  if (!probe.is_enabled()) return {false, "the operating system does not keep its tiles"};
  if (!probe.ask_permission()) return {false, "the operating system does not permit it"};
  if (!probe.computes_exactly()) return {false, "its products are not exact"};
  return {true, {}};
}

const AmxState& find_amx() {
  static const AmxState state =
      decide_amx({&is_present, &is_enabled, &ask_permission, &amx_computes_exactly});
  return state;
}

}  // namespace isotrace::backends::cpu
