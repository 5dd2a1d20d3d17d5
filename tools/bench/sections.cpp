#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {

const std::vector<Section>& all_sections() {
  static const std::vector<Section> sections = {
      {"gemm", &bench_gemm}, {"int8", &bench_int8}, {"ternary", &bench_ternary}};
  return sections;
}

}  // namespace isotrace::tools::bench
