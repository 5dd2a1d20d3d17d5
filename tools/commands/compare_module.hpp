// `isotrace compare` of traces of WebAssembly runs.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/compare.hpp>

namespace isotrace::tools {

/// That both runs are one computation.
void print_same_run(const Context& context, std::uint64_t steps, const core::Digest& root);

/// Options that say nothing of two traces of such runs; empty if there are none.
std::string run_option_problem(const Arguments& arguments);

int compare_modules(const Context& context, const Arguments& arguments, const trace::Trace& a,
                    const trace::Trace& b);

/// --against: with a fresh run of the trace's program on that engine, hosts answering as recorded.
int compare_with_engine(const Context& context, const Arguments& arguments,
                        const trace::Trace& trace);

/// How and where they part, as JSON with fixed keys unless the programs differ, and that as text.
Json run_difference_json(const wasm::Module& module, const wasm::RunDifference& difference);
void print_run_difference(const Context& context, const Json& difference);

}  // namespace isotrace::tools
