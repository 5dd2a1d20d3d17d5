// Runs one folder of the ONNX backend test suite: model.onnx and
// test_data_set_*/{input,output}_N.pb. The stored results come from other implementations, so
// floats are compared with the suite's own tolerance; this says that a model is understood, never
// that two runs are the same computation.
#pragma once

#include <isotrace/executor/execute.hpp>

namespace isotrace::executor {

struct ConformanceData {
  std::vector<NamedTensor> inputs;     ///< bound to the program's inputs in order
  std::vector<core::Tensor> expected;  ///< the program's outputs in order
};

struct ConformanceCase {
  core::Program program;
  std::vector<ConformanceData> data;  ///< at least one
};

/// Refuses what import_onnx and parse_tensor_file refuse, and file_not_found.
core::Result<ConformanceCase> load_conformance(core::Files& files, const std::string& folder);

/// The first mismatch in words, nothing if all outputs agree: dtype and shape equal, integers
/// equal, floats within 1e-7 + 1e-3 |expected|, NaN equal to NaN.
std::optional<std::string> find_mismatch(std::span<const core::Tensor> expected,
                                         std::span<const NamedTensor> found);

struct ConformanceOutcome {
  enum class Kind : std::uint8_t { passed, failed, refused };
  Kind kind = Kind::refused;
  std::string mismatch;                  ///< when failed
  std::optional<core::Refusal> refusal;  ///< when refused
};
ConformanceOutcome check_conformance(core::Files& files, const std::string& folder,
                                     backends::Backend& backend);

}  // namespace isotrace::executor
