// NVIDIA's libraries of matrix products, loaded at run time: what the kernels are measured beside.
// On a machine without them, or where one lacks a function, they are absent.
#pragma once

#include <optional>

#include <isotrace/backends/gpu/driver.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/tools/bench/peers.hpp>

namespace isotrace::tools::bench {

/// cuBLAS in f32 without shortcuts (CUBLAS_PEDANTIC_MATH: no TF32). The library stays loaded.
class CuBlas {
 public:
  static std::optional<CuBlas> find();
  /// c = a b of row-major matrices of f32.
  [[nodiscard]] core::Result<core::Done> multiply(MatrixSize size, const backends::gpu::Array& a,
                                                  const backends::gpu::Array& b,
                                                  const backends::gpu::Array& c) const;

 private:
  using Sgemm = int (*)(void*, int, int, int, int, int, const float*, const float*, int,
                        const float*, int, const float*, float*, int);
  void* handle_ = nullptr;
  Sgemm sgemm_ = nullptr;
};

/// cuBLASLt's product of i8 by i8 into i32 of one size, by the algorithm that it recommends. The
/// library, and the few descriptions that a bench makes, stay.
class CuBlasLt {
 public:
  /// Refuses device_absent ("absent"; or why it does not do this size). The device outlives it.
  static core::Result<CuBlasLt> make(backends::gpu::Device& device, MatrixSize size);
  /// c = a b, given b's transpose: row-major matrices, and the order of factors that tensor cores
  /// take.
  [[nodiscard]] core::Result<core::Done> multiply(const backends::gpu::Array& a,
                                                  const backends::gpu::Array& b_transposed,
                                                  const backends::gpu::Array& c) const;

 private:
  using Matmul = int (*)(void* handle, void* operation, const void* alpha, const void* a,
                         void* a_layout, const void* b, void* b_layout, const void* beta,
                         const void* c, void* c_layout, void* d, void* d_layout,
                         const void* algorithm, void* workspace, std::size_t workspace_bytes,
                         void* stream);
  /// cublasLtMatmulHeuristicResult_t
  struct Recommendation {
    std::uint64_t algorithm[8];
    std::size_t workspace_bytes;
    int status;
    float waves;
    int reserved[4];
  };

  void* handle_ = nullptr;
  void* operation_ = nullptr;
  void* left_ = nullptr;  ///< layouts
  void* right_ = nullptr;
  void* result_ = nullptr;
  Matmul matmul_ = nullptr;
  Recommendation recommendation_{};
  std::optional<backends::gpu::Buffer> workspace_;
};

}  // namespace isotrace::tools::bench
