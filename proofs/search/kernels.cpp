#include <isotrace/proofs/search/kernels.hpp>

namespace isotrace::proofs::search {

const Kernels& best_kernels() {
  if (__builtin_cpu_supports("avx512f")) return avx512_kernels;
  if (__builtin_cpu_supports("avx2")) return avx2_kernels;
  return portable_kernels;
}

}  // namespace isotrace::proofs::search
