// The row kernels for every x86-64 processor, and the choice between the variants.
#include "row_kernels.hpp"

namespace isotrace::proofs {
namespace portable {
namespace {

#include "row_kernels_body.hpp"

}  // namespace

}  // namespace portable

namespace avx2 {
const RowKernels& row_kernels();
}
namespace avx512 {
const RowKernels& row_kernels();
}

const RowKernels& row_kernels() {
  if (__builtin_cpu_supports("avx512f")) return avx512::row_kernels();
  if (__builtin_cpu_supports("avx2")) return avx2::row_kernels();
  return portable::kernels;
}

const RowKernels& portable_row_kernels() { return portable::kernels; }

}  // namespace isotrace::proofs
