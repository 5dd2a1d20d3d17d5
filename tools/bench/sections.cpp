#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {

const std::vector<Section>& all_sections() {
  static const std::vector<Section> sections = {
      {"gemm", &bench_gemm},       {"int8", &bench_int8}, {"quantised", &bench_quantised},
      {"ternary", &bench_ternary}, {"math", &bench_math}, {"models", &bench_models},
  };
  return sections;
}

}  // namespace isotrace::tools::bench
