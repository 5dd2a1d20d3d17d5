// The row kernels for processors with AVX-512F.
#include "row_kernels.hpp"

namespace isotrace::proofs {
namespace avx512 {
namespace {

#include "row_kernels_body.hpp"

}  // namespace

const RowKernels& row_kernels() { return kernels; }

}  // namespace avx512

}  // namespace isotrace::proofs
