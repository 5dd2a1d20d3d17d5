// What a section of `isotrace bench` is: one file that measures one kind of operation
// beside its peers, and gives a table or several. Sections are listed in sections.cpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/core/result.hpp>

namespace isotrace::tools::bench {

struct BenchOptions {
  unsigned threads = 1;
  std::string isa;                       ///< as BackendOptions::isa; peers choose for themselves
  bool quick = false;                    ///< fewer cases, less time for each
  std::string onnx_runtime_path;         ///< node_modules with onnxruntime-node; empty: absent
  std::vector<std::string> models = {};  ///< files to measure in place of those made up
  // Of `bench wasm`.
  std::string kernels = {};  ///< a folder of modules with params.txt
  std::string wabt = {};     ///< wabt's wasm-interp
  std::string wasm3 = {};    ///< empty: absent
  std::size_t rounds = 5;

  /// Seconds that the contenders of one case share, at least.
  [[nodiscard]] double seconds() const { return quick ? 0.1 : 1.0; }
};

/// One measured speed, time or size, or nothing where the peer is absent.
using Speed = std::optional<double>;

struct BenchRow {
  std::string name;           ///< the case: "128x768x768"
  std::vector<Speed> speeds;  ///< as BenchTable::columns
  bool identical = false;     ///< our results are the reference's, byte by byte
};

struct BenchTable {
  std::string section;
  std::string unit;                  ///< of all speeds
  std::vector<std::string> columns;  ///< the first is ours, to which the others are compared
  std::vector<BenchRow> rows;
  std::vector<std::string> notes;  ///< which peers, which instruction set
  bool less_is_better = false;     ///< the "speeds" are times or sizes
};

/// How many times better ours is than a peer in this row.
std::optional<double> ratio(const BenchTable& table, const BenchRow& row, std::size_t column);
/// The geometric mean of the ratios of a column, over the rows where it is present.
std::optional<double> mean_ratio(const BenchTable& table, std::size_t column);

using SectionFunction = core::Result<std::vector<BenchTable>> (*)(const BenchOptions& options);

struct Section {
  std::string_view what;  ///< the operand of `bench` that it is for
  std::string_view name;
  SectionFunction run;
};

/// All sections in the order in which they are printed.
const std::vector<Section>& all_sections();

// One file each.
core::Result<std::vector<BenchTable>> bench_gemm(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_int8(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_quantised(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_ternary(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_math(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_models(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_gpu_products(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_gpu_bytes(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_gpu_memory(const BenchOptions& options);
core::Result<std::vector<BenchTable>> bench_wasm(const BenchOptions& options);

}  // namespace isotrace::tools::bench
