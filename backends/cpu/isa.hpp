// Which instruction set the cpu backend uses. The choice changes speed, never bits.
#pragma once

#include <string_view>

#include <isotrace/backends/cpu/amx.hpp>
#include <isotrace/core/result.hpp>

namespace isotrace::backends::cpu {

enum class Isa : std::uint8_t { avx2, avx512 };

struct CpuFeatures {
  bool avx2 = false;    ///< AVX2, FMA and F16C
  bool avx512 = false;  ///< AVX-512 F
  bool vnni = false;    ///< AVX-512 BW and VNNI
  AmxState amx{};       ///< matrix unit for bytes; not without VNNI
};

/// What this processor and its operating system support.
CpuFeatures find_cpu_features();

/// Bytes of the second-level cache of one core; 1 MiB where the system does not say.
std::size_t find_level2_bytes();

std::string_view isa_name(Isa isa);

/// "" gives the best set present. Refuses backend_unknown for a name that is none of ours and
/// device_absent for a set that the processor lacks.
core::Result<Isa> choose_isa(std::string_view requested, CpuFeatures features);

}  // namespace isotrace::backends::cpu
