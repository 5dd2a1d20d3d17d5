// AMX: tiles of 16 rows of 64 bytes; tdpbusd adds sixteen times sixteen sums of 64 products of
// unsigned and signed bytes, exactly. Written in assembly because the macros of gcc 12 do not say
// that memory is read and written.
#include <isotrace/backends/cpu/amx_kernels_template.hpp>

namespace isotrace::backends::cpu {
namespace {

struct Amx {
  static void configure(const TileConfiguration& configuration) {
    asm volatile("ldtilecfg %0" : : "m"(configuration) : "memory");
  }
  static void release() { asm volatile("tilerelease" : : : "memory"); }
  template <int T>
  static void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(T));
  }
  template <int T>
  static void load(const void* bytes, Index stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(bytes), "r"(stride), "i"(T) : "memory");
  }
  template <int T>
  static void store(void* bytes, Index stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(bytes), "r"(stride), "i"(T) : "memory");
  }
  template <int C, int A, int B>
  static void multiply_add() {
    asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(C), "i"(A), "i"(B));
  }
};

}  // namespace

const IntegerKernels& integer_kernels_amx() {
  static const IntegerKernels table = AmxKernelSet<Amx>::make(integer_kernels_vnni());
  return table;
}

bool amx_computes_exactly() { return AmxKernelSet<Amx>::computes_exactly(); }

}  // namespace isotrace::backends::cpu
