#include <isotrace/tools/bench/vector_libm.hpp>

#include <dlfcn.h>
#include <immintrin.h>

namespace isotrace::tools::bench {
namespace {

[[gnu::target("avx2")]] void run_eight(void* function, const float* x, float* y,
                                       std::size_t count) {
  const auto call = reinterpret_cast<__m256 (*)(__m256)>(function);
  for (std::size_t i = 0; i < count; i += 8) _mm256_storeu_ps(y + i, call(_mm256_loadu_ps(x + i)));
}

[[gnu::target("avx512f")]] void run_sixteen(void* function, const float* x, float* y,
                                            std::size_t count) {
  const auto call = reinterpret_cast<__m512 (*)(__m512)>(function);
  for (std::size_t i = 0; i < count; i += 16) _mm512_storeu_ps(y + i, call(_mm512_loadu_ps(x + i)));
}

}  // namespace

VectorFunction VectorFunction::find(const std::string& name, int lanes) {
  static void* const library = dlopen("libmvec.so.1", RTLD_NOW | RTLD_LOCAL);
  VectorFunction found;
  if (library == nullptr) return found;
  // x86-64 psABI, vector functions: d is AVX2 and e AVX-512, v a vector argument.
  const std::string symbol = (lanes == 16 ? "_ZGVeN16v_" : "_ZGVdN8v_") + name + "f";
  found.function_ = dlsym(library, symbol.c_str());
  found.lanes_ = lanes;
  return found;
}

void VectorFunction::run(const float* x, float* y, std::size_t count) const {
  if (lanes_ == 16) {
    run_sixteen(function_, x, y, count);
  } else {
    run_eight(function_, x, y, count);
  }
}

}  // namespace isotrace::tools::bench
