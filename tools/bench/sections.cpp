#include <cmath>

#include <isotrace/tools/bench/section.hpp>
#include <isotrace/tools/bench/wasm_traces_section.hpp>

namespace isotrace::tools::bench {

const std::vector<Section>& all_sections() {
  static const std::vector<Section> sections = {
      {"tensors", "gemm", &bench_gemm},           {"tensors", "int8", &bench_int8},
      {"tensors", "quantised", &bench_quantised}, {"tensors", "ternary", &bench_ternary},
      {"tensors", "math", &bench_math},           {"tensors", "models", &bench_models},
      {"gpu", "products", &bench_gpu_products},   {"gpu", "bytes", &bench_gpu_bytes},
      {"gpu", "memory", &bench_gpu_memory},       {"wasm", "engines", &bench_wasm},
      {"wasm", "traces", &bench_wasm_traces},
  };
  return sections;
}

std::optional<double> ratio(const BenchTable& table, const BenchRow& row, std::size_t column) {
  if (!row.speeds[0] || !row.speeds[column]) return std::nullopt;
  const double quotient = *row.speeds[0] / *row.speeds[column];
  return table.less_is_better ? 1 / quotient : quotient;
}

std::optional<double> mean_ratio(const BenchTable& table, std::size_t column) {
  double sum = 0.0;
  int count = 0;
  for (const BenchRow& row : table.rows) {
    const auto value = ratio(table, row, column);
    if (!value) continue;
    sum += std::log(*value);
    ++count;
  }
  return count == 0 ? std::nullopt : std::optional(std::exp(sum / count));
}

}  // namespace isotrace::tools::bench
