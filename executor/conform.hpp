// Runs one folder of the ONNX backend test suite: model.onnx and
// test_data_set_*/{input,output}_N.pb. The stored results come from other implementations, so
// floats are compared with the suite's own tolerance; this says that a model is understood, never
// that two runs are the same computation.
#pragma once

#include <isotrace/executor/execute.hpp>

namespace isotrace::executor {

struct ConformanceData {
  std::vector<NamedTensor> inputs;    ///< bound to the program's inputs in order
  std::vector<NamedTensor> expected;  ///< the program's outputs in order
};

struct ConformanceCase {
  core::Program program;
  std::vector<ConformanceData> data;  ///< at least one
};

/// bfloat16 inputs may be stored as u16: the suite's writer, NumPy, has no such type. Refuses what
/// import_onnx and parse_tensors refuse, and file_not_found.
core::Result<ConformanceCase> load_conformance(core::Files& files, const std::string& folder);

/// The first mismatch in words, nothing if all outputs agree, by position (stored names are as the
/// writer chose): count, dtype and shape equal, integers equal, NaN equal to NaN, floats within
/// 1e-7 + 1e-3 |expected| + 2^-23 of the largest expected magnitude, or next to each other in their
/// own format, where that is wider (all of 16 bits and less): results rounded in another direction
/// agree. bfloat16 outputs may be stored as u16.
std::optional<std::string> find_mismatch(std::span<const NamedTensor> expected,
                                         std::span<const NamedTensor> found);

struct ConformanceOutcome {
  enum class Kind : std::uint8_t { passed, failed, refused };
  Kind kind = Kind::refused;
  std::string mismatch;                  ///< when failed
  std::optional<core::Refusal> refusal;  ///< when refused
  std::size_t sets = 0;                  ///< of data, when passed
};
/// Judges test_data_set_0, 1, ... up to the first that is missing or empty.
ConformanceOutcome check_conformance(core::Files& files, const std::string& folder,
                                     backends::Backend& backend, const ExecuteLimits& limits = {});

}  // namespace isotrace::executor
