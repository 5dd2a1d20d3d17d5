// OpenBLAS and oneDNN, loaded at run time if this machine has them. Nothing is linked: the figures
// are about the libraries that users have, and their absence is printed.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace isotrace::tools::bench {

struct MatrixSize {
  std::ptrdiff_t rows, columns, depth;
};

/// c = a b, all row-major and contiguous.
class OpenBlas {
 public:
  /// Nothing if there is no OpenBLAS.
  static std::optional<OpenBlas> find(unsigned threads);
  void sgemm(MatrixSize size, const float* a, const float* b, float* c) const;
  /// Which of its kernels it chose; OPENBLAS_CORETYPE in the environment overrides that.
  [[nodiscard]] std::string core_name() const;

 private:
  explicit OpenBlas(void* library) : library_(library) {}
  void* library_;  // stays loaded: its threads do not survive unloading
};

class OneDnn {
 public:
  static std::optional<OneDnn> find(unsigned threads);
  void sgemm(MatrixSize size, const float* a, const float* b, float* c) const;
  void gemm_s8s8s32(MatrixSize size, const std::int8_t* a, const std::int8_t* b,
                    std::int32_t* c) const;
  void gemm_u8s8s32(MatrixSize size, const std::uint8_t* a, const std::int8_t* b,
                    std::int32_t* c) const;
  [[nodiscard]] std::string version() const;

 private:
  explicit OneDnn(void* library) : library_(library) {}
  void* library_;
};

}  // namespace isotrace::tools::bench
