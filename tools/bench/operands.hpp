// Matrices to multiply, and the engine to do it with: what the sections share.
#pragma once

#include <string>
#include <vector>

#include <isotrace/backends/cpu/gemm.hpp>
#include <isotrace/backends/cpu/isa.hpp>
#include <isotrace/core/check.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/core/tensor.hpp>
#include <isotrace/tools/bench/peers.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {

inline std::string size_name(MatrixSize s) {
  return std::to_string(s.rows) + "x" + std::to_string(s.columns) + "x" + std::to_string(s.depth);
}

/// Multiplications and additions, in units of 10^9.
inline double giga_operations(MatrixSize s) {
  return 2e-9 * static_cast<double>(s.rows) * static_cast<double>(s.columns) *
         static_cast<double>(s.depth);
}

/// Tensors, because that is what operands are: their memory begins at a cache line.
inline core::Tensor random_floats(std::ptrdiff_t rows, std::ptrdiff_t columns, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  core::Tensor tensor(core::Dtype::f32, {rows, columns});
  for (float& value : tensor.data<float>()) value = random.next_f32() - 0.5F;
  return tensor;
}

/// Any bytes, as u8.
inline core::Tensor random_bytes(std::ptrdiff_t rows, std::ptrdiff_t columns, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  core::Tensor tensor(core::Dtype::u8, {rows, columns});
  for (std::uint8_t& value : tensor.data<std::uint8_t>()) {
    value = static_cast<std::uint8_t>(random.next_u32());
  }
  return tensor;
}

/// What products run on: kernels of the best instruction set, threads, memory.
struct BenchEngine {
  static core::Result<BenchEngine> make(const BenchOptions& options) {
    const backends::cpu::CpuFeatures features = backends::cpu::find_cpu_features();
    ISOTRACE_TRY(const backends::cpu::Isa isa, backends::cpu::choose_isa(options.isa, features));
    ISOTRACE_TRY(auto pool, backends::cpu::ThreadPool::make(options.threads));
    BenchEngine engine{features, isa, std::move(pool), {}};
    const std::size_t level2_bytes = backends::cpu::find_level2_bytes();
    for (unsigned i = 0; i < options.threads; ++i) engine.scratch.emplace_back(level2_bytes);
    return engine;
  }
  [[nodiscard]] backends::cpu::Engine with(backends::cpu::PackedConstants* constants) {
    return {isa == backends::cpu::Isa::avx512 ? backends::cpu::kernels_avx512()
                                              : backends::cpu::kernels_avx2(),
            *pool, scratch, constants};
  }

  backends::cpu::CpuFeatures features;
  backends::cpu::Isa isa;
  std::unique_ptr<backends::cpu::ThreadPool> pool;
  std::vector<backends::cpu::Scratch> scratch;
};

/// Rows on which results are compared with the reference: all of few, some of many.
inline std::vector<std::ptrdiff_t> sampled_rows(std::ptrdiff_t rows) {
  if (rows <= 4) {
    std::vector<std::ptrdiff_t> all;
    for (std::ptrdiff_t i = 0; i < rows; ++i) all.push_back(i);
    return all;
  }
  return {0, rows / 3, rows / 2, rows - 1};
}

}  // namespace isotrace::tools::bench
