// Size and speed of traces of WebAssembly, of one run of each kernel.
#pragma once

#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {

core::Result<std::vector<BenchTable>> bench_wasm_traces(const BenchOptions& options);

}  // namespace isotrace::tools::bench
