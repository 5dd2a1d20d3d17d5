// Compiled with -mavx2; called only where the processor has it.
#define ISOTRACE_KERNEL_ROWS 4
#include <isotrace/proofs/search/kernels_body.hpp>

namespace isotrace::proofs::search {

const Kernels avx2_kernels = {"avx2", multiply, multiply_sparse, relax, shift, least, affine};

}  // namespace isotrace::proofs::search
