// Our side of the comparison of whole models: this program once more, as a process of its own, so
// that its peak of memory is that of one model. Answers one line for one line, as onnx_runtime.js.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/program.hpp>
#include <isotrace/executor/named_tensor.hpp>
#include <isotrace/tools/bench/section.hpp>

namespace isotrace::tools::bench {

/// The first word of its command line; main() passes the others on.
inline constexpr std::string_view model_side_word = "--model-side";

/// The command line that starts it for a model file.
std::vector<std::string> model_side_command(const std::string& path, const BenchOptions& options);

/// Loads the model and answers: `ready` with itself, or with what is refused; `run` and `record`
/// execute it, without and with a trace, and print the nanoseconds that took of all processors and
/// by the clock; `root` prints the trace root of the last `record`, `mean` the mean magnitude of
/// the first output, `peak` the most bytes that were in memory. What is refused is said on stderr.
int serve_model(const std::vector<std::string>& words);

/// Operands of a program: those that onnx_runtime.js makes with seed 1. Refuses input_missing for
/// element types that it does not make.
core::Result<std::vector<executor::NamedTensor>> make_operands(const core::Program& program);

}  // namespace isotrace::tools::bench
