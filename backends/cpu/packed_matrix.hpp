// A whole f32 matrix in the panels of the product's kernels. The layout does not know k_segment:
// any run of k of one panel is contiguous, so one packed form serves every segment length.
#pragma once

#include <isotrace/backends/cpu/gemm_kernels.hpp>
#include <isotrace/backends/cpu/packed_constants.hpp>

namespace isotrace::backends::cpu {

/// Vector p * width + lane, element k, stands at data[(p * depth + k) * width + lane].
struct PackedMatrix {
  const float* data = nullptr;  ///< nullptr: there is none
  Index depth = 0;
  Index width = 0;

  /// The panel of vector `vector` (a multiple of width) from element k on.
  [[nodiscard]] const float* at(Index vector, Index k) const {
    return data + vector * depth + k * width;
  }
};

/// The packed form of a matrix that lies inside a held constant; `wanted.packed` is not read.
PackedMatrix find_packed_matrix(PackedConstants& constants, const Kernels& kernels,
                                const PackArguments& wanted);

}  // namespace isotrace::backends::cpu
