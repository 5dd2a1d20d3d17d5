#include <isotrace/tools/bench/peers.hpp>

#include <dlfcn.h>

namespace isotrace::tools::bench {
namespace {

template <class Function>
Function find_symbol(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

/// The first library that can be loaded and has all the symbols.
void* load(std::initializer_list<const char*> names, std::initializer_list<const char*> symbols) {
  for (const char* name : names) {
    void* library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    bool whole = library != nullptr;
    for (const char* symbol : symbols) {
      whole = whole && dlsym(library, symbol) != nullptr;
    }
    if (whole) return library;
  }
  return nullptr;
}

using CblasSgemm = void (*)(int, int, int, int, int, int, float, const float*, int, const float*,
                            int, float, float*, int);
using DnnlSgemm = int (*)(char, char, std::int64_t, std::int64_t, std::int64_t, float, const float*,
                          std::int64_t, const float*, std::int64_t, float, float*, std::int64_t);
template <class A>
using DnnlGemm8 = int (*)(char, char, char, std::int64_t, std::int64_t, std::int64_t, float,
                          const A*, std::int64_t, A, const std::int8_t*, std::int64_t, std::int8_t,
                          float, std::int32_t*, std::int64_t, const std::int32_t*);

template <class A>
void run_gemm8(void* library, const char* name, MatrixSize s, const A* a, const std::int8_t* b,
               std::int32_t* c) {
  const std::int32_t offset = 0;
  find_symbol<DnnlGemm8<A>>(library, name)('N', 'N', 'F', s.rows, s.columns, s.depth, 1.0F, a,
                                           s.depth, A{0}, b, s.columns, std::int8_t{0}, 0.0F, c,
                                           s.columns, &offset);
}

}  // namespace

std::optional<OpenBlas> OpenBlas::find(unsigned threads) {
  void* library = load({"libopenblas.so.0", "libopenblas.so"},
                       {"cblas_sgemm", "openblas_set_num_threads", "openblas_get_corename"});
  if (library == nullptr) return std::nullopt;
  find_symbol<void (*)(int)>(library, "openblas_set_num_threads")(static_cast<int>(threads));
  return OpenBlas(library);
}

void OpenBlas::sgemm(MatrixSize s, const float* a, const float* b, float* c) const {
  constexpr int row_major = 101;
  constexpr int not_transposed = 111;
  const auto m = static_cast<int>(s.rows);
  const auto n = static_cast<int>(s.columns);
  const auto k = static_cast<int>(s.depth);
  find_symbol<CblasSgemm>(library_, "cblas_sgemm")(row_major, not_transposed, not_transposed, m, n,
                                                   k, 1.0F, a, k, b, n, 0.0F, c, n);
}

std::string OpenBlas::core_name() const {
  return find_symbol<char* (*)()>(library_, "openblas_get_corename")();
}

std::optional<OneDnn> OneDnn::find(unsigned threads) {
  void* library = load({"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so"},
                       {"dnnl_sgemm", "dnnl_gemm_s8s8s32", "dnnl_gemm_u8s8s32", "dnnl_version"});
  if (library == nullptr) return std::nullopt;
  // Its threads are those of OpenMP, found through it.
  if (auto* set = find_symbol<void (*)(int)>(library, "omp_set_num_threads")) {
    set(static_cast<int>(threads));
  }
  return OneDnn(library);
}

void OneDnn::sgemm(MatrixSize s, const float* a, const float* b, float* c) const {
  find_symbol<DnnlSgemm>(library_, "dnnl_sgemm")('N', 'N', s.rows, s.columns, s.depth, 1.0F, a,
                                                 s.depth, b, s.columns, 0.0F, c, s.columns);
}

void OneDnn::gemm_s8s8s32(MatrixSize s, const std::int8_t* a, const std::int8_t* b,
                          std::int32_t* c) const {
  run_gemm8(library_, "dnnl_gemm_s8s8s32", s, a, b, c);
}

void OneDnn::gemm_u8s8s32(MatrixSize s, const std::uint8_t* a, const std::int8_t* b,
                          std::int32_t* c) const {
  run_gemm8(library_, "dnnl_gemm_u8s8s32", s, a, b, c);
}

std::string OneDnn::version() const {
  struct Version {
    int major, minor, patch;
  };
  const auto* v = find_symbol<const Version* (*)()>(library_, "dnnl_version")();
  return std::to_string(v->major) + "." + std::to_string(v->minor) + "." + std::to_string(v->patch);
}

}  // namespace isotrace::tools::bench
