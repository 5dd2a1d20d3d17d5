#include <isotrace/tools/bench/gpu_peers.hpp>

#include <dlfcn.h>

namespace isotrace::tools::bench {
namespace {

namespace gpu = backends::gpu;

template <class Function>
bool find_symbol(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

/// The library under the newest of its names, or nullptr.
void* open_library(std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  return nullptr;
}

// Numbers of the interface of cuBLASLt, the same in versions 11 to 13.
constexpr int compute_in_i32 = 72;      // CUBLAS_COMPUTE_32I
constexpr int type_i8 = 3;              // CUDA_R_8I
constexpr int type_i32 = 10;            // CUDA_R_32I
constexpr int transposes_left = 3;      // CUBLASLT_MATMUL_DESC_TRANSA
constexpr int most_workspace = 1;       // CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES
constexpr std::int32_t transposed = 1;  // CUBLAS_OP_T
constexpr std::uint64_t workspace_max = std::uint64_t{32} << 20;

/// The functions that make a product ready.
struct LtFunctions {
  int (*create)(void** handle);
  int (*make_operation)(void** operation, int compute, int scale);
  int (*set_operation)(void* operation, int attribute, const void* value, std::size_t size);
  int (*make_layout)(void** layout, int type, std::uint64_t rows, std::uint64_t columns,
                     std::int64_t leading);
  int (*make_preference)(void** preference);
  int (*set_preference)(void* preference, int attribute, const void* value, std::size_t size);
  int (*recommend)(void* handle, void* operation, void* a, void* b, void* c, void* d,
                   void* preference, int wanted, void* results, int* found);

  [[nodiscard]] bool find(void* library) {
    return find_symbol(library, "cublasLtCreate", create) &&
           find_symbol(library, "cublasLtMatmulDescCreate", make_operation) &&
           find_symbol(library, "cublasLtMatmulDescSetAttribute", set_operation) &&
           find_symbol(library, "cublasLtMatrixLayoutCreate", make_layout) &&
           find_symbol(library, "cublasLtMatmulPreferenceCreate", make_preference) &&
           find_symbol(library, "cublasLtMatmulPreferenceSetAttribute", set_preference) &&
           find_symbol(library, "cublasLtMatmulAlgoGetHeuristic", recommend);
  }
};

auto refuse_absent(std::string why) {
  return core::refuse(core::RefusalCode::device_absent, "cuBLASLt", std::move(why));
}

}  // namespace

std::optional<CuBlas> CuBlas::find() {
  void* library = open_library(
      {"libcublas.so.13", "libcublas.so.12", "libcublas.so", "/usr/local/cuda/lib64/libcublas.so"});
  if (library == nullptr) return std::nullopt;
  int (*create)(void**) = nullptr;
  int (*set_mode)(void*, int) = nullptr;
  CuBlas blas;
  if (!find_symbol(library, "cublasCreate_v2", create) ||
      !find_symbol(library, "cublasSetMathMode", set_mode) ||
      !find_symbol(library, "cublasSgemm_v2", blas.sgemm_)) {
    return std::nullopt;
  }
  // As it comes: in f32, without TF32, and free to be fast (the pedantic mode, 2, is not).
  constexpr int usual = 0;
  if (create(&blas.handle_) != 0 || set_mode(blas.handle_, usual) != 0) return std::nullopt;
  return blas;
}

// Row-major matrices are the columns of their transposes.
core::Result<core::Done> CuBlas::multiply(MatrixSize size, const gpu::Array& a, const gpu::Array& b,
                                          const gpu::Array& c) const {
  const float one = 1;
  const float zero = 0;
  const auto m = static_cast<int>(size.rows);
  const auto n = static_cast<int>(size.columns);
  const auto k = static_cast<int>(size.depth);
  if (sgemm_(handle_, 0, 0, n, m, k, &one, b.data<float>(), n, a.data<float>(), k, &zero,
             c.data<float>(), n) == 0) {
    return core::Done{};
  }
  return core::refuse(core::RefusalCode::device_failed, "cuBLAS");
}

// c^T = b^T a^T, in columns: b^T is what is given, transposed once more.
core::Result<CuBlasLt> CuBlasLt::make(gpu::Device& device, MatrixSize size) {
  void* library = open_library({"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so",
                                "/usr/local/cuda/lib64/libcublasLt.so"});
  CuBlasLt lt;
  LtFunctions functions{};
  if (library == nullptr || !functions.find(library) ||
      !find_symbol(library, "cublasLtMatmul", lt.matmul_)) {
    return refuse_absent("absent");
  }
  const auto m = static_cast<std::uint64_t>(size.rows);
  const auto n = static_cast<std::uint64_t>(size.columns);
  const auto k = static_cast<std::uint64_t>(size.depth);
  void* preference = nullptr;
  int found = 0;
  const bool ready =
      functions.create(&lt.handle_) == 0 &&
      functions.make_operation(&lt.operation_, compute_in_i32, type_i32) == 0 &&
      functions.set_operation(lt.operation_, transposes_left, &transposed, sizeof transposed) ==
          0 &&
      functions.make_layout(&lt.left_, type_i8, k, n, size.depth) == 0 &&
      functions.make_layout(&lt.right_, type_i8, k, m, size.depth) == 0 &&
      functions.make_layout(&lt.result_, type_i32, n, m, size.columns) == 0 &&
      functions.make_preference(&preference) == 0 &&
      functions.set_preference(preference, most_workspace, &workspace_max, sizeof workspace_max) ==
          0 &&
      functions.recommend(lt.handle_, lt.operation_, lt.left_, lt.right_, lt.result_, lt.result_,
                          preference, 1, &lt.recommendation_, &found) == 0;
  if (!ready || found == 0 || lt.recommendation_.status != 0) {
    return refuse_absent("does not multiply i8 by i8 here");
  }
  ISOTRACE_TRY(
      lt.workspace_,
      gpu::Buffer::make(device, std::max<std::size_t>(1, lt.recommendation_.workspace_bytes)));
  return lt;
}

core::Result<core::Done> CuBlasLt::multiply(const gpu::Array& a, const gpu::Array& b_transposed,
                                            const gpu::Array& c) const {
  const std::int32_t one = 1;
  const std::int32_t zero = 0;
  auto* const sums = c.data<std::int32_t>();
  const int status = matmul_(
      handle_, operation_, &one, b_transposed.data<std::int8_t>(), left_, a.data<std::int8_t>(),
      right_, &zero, sums, result_, sums, result_, recommendation_.algorithm,
      reinterpret_cast<void*>(workspace_->address()), recommendation_.workspace_bytes, nullptr);
  if (status == 0) return core::Done{};
  return core::refuse(core::RefusalCode::device_failed, "cuBLASLt",
                      "status " + std::to_string(status));
}

}  // namespace isotrace::tools::bench
