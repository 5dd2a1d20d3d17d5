#define ISOTRACE_KERNEL_ROWS 2
#include <isotrace/proofs/search/kernels_body.hpp>

namespace isotrace::proofs::search {

const Kernels portable_kernels = {"portable", multiply, multiply_sparse, relax,
                                  shift,      least,    affine};

}  // namespace isotrace::proofs::search
