// The row kernels for processors with AVX2.
#include "row_kernels.hpp"

namespace isotrace::proofs {
namespace avx2 {
namespace {

#include "row_kernels_body.hpp"

}  // namespace

const RowKernels& row_kernels() { return kernels; }

}  // namespace avx2

}  // namespace isotrace::proofs
