#include <isotrace/backends/cpu/isa.hpp>

#include <cpuid.h>
#include <unistd.h>

namespace isotrace::backends::cpu {
namespace {

/// Conversions of binary16; not every compiler's __builtin_cpu_supports knows the name.
bool has_f16c() {
  unsigned a = 0;
  unsigned b = 0;
  unsigned c = 0;
  unsigned d = 0;
  return __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_F16C) != 0;
}

}  // namespace

CpuFeatures find_cpu_features() {
  __builtin_cpu_init();
  CpuFeatures features;
  features.avx2 =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && has_f16c();
  features.avx512 = features.avx2 && __builtin_cpu_supports("avx512f") != 0;
  features.vnni = features.avx512 && __builtin_cpu_supports("avx512bw") != 0 &&
                  __builtin_cpu_supports("avx512vnni") != 0;
  if (features.vnni) features.amx = find_amx();
  return features;
}

std::size_t find_level2_bytes() {
#ifdef _SC_LEVEL2_CACHE_SIZE
  const long bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
  if (bytes > 0) return static_cast<std::size_t>(bytes);
#endif
  return std::size_t{1} << 20;
}

std::string_view isa_name(Isa isa) { return isa == Isa::avx512 ? "avx512" : "avx2"; }

core::Result<Isa> choose_isa(std::string_view requested, CpuFeatures features) {
  const bool best = requested.empty();
  if (!best && requested != isa_name(Isa::avx2) && requested != isa_name(Isa::avx512)) {
    return core::refuse(core::RefusalCode::backend_unknown, "cpu",
                        "no instruction set is named '" + std::string(requested) + "'");
  }
  if (features.avx512 && (best || requested == isa_name(Isa::avx512))) return Isa::avx512;
  if (features.avx2 && (best || requested == isa_name(Isa::avx2))) return Isa::avx2;
  return core::refuse(core::RefusalCode::device_absent, "cpu",
                      "this processor has no " + std::string(best ? "avx2" : requested));
}

}  // namespace isotrace::backends::cpu
