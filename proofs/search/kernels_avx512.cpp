// Compiled with -mavx512f; called only where the processor has it.
#define ISOTRACE_KERNEL_ROWS 8
#include <isotrace/proofs/search/kernels_body.hpp>

namespace isotrace::proofs::search {

const Kernels avx512_kernels = {"avx512", multiply, multiply_sparse, relax, shift, least, affine};

}  // namespace isotrace::proofs::search
