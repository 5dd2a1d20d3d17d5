// How values flow through the steps of a trace, found by their digests: which step made what a step
// reads, and how many bytes are alive meanwhile.
#pragma once

#include <optional>
#include <vector>

#include <isotrace/trace/reader.hpp>

namespace isotrace::tools::page {

/// Where an operand comes from.
struct Source {
  enum class Kind : std::uint8_t {
    absent,    ///< the operand is left out
    input,     ///< an input of the program
    step,      ///< the last step before that gave the same bits
    constant,  ///< nothing that was recorded before: a constant of the program
  };
  Kind kind = Kind::absent;
  std::size_t index = 0;  ///< of input or step
};

struct StepFlow {
  std::vector<Source> operands;
  std::vector<std::size_t> readers;  ///< steps that read a result, ascending, each once
  std::uint64_t result_bytes = 0;
  /// While the step runs: inputs and results that it or a later step reads or that are outputs,
  /// values of the same bits once, constants left out.
  std::uint64_t alive_bytes = 0;
};

struct Flow {
  std::vector<StepFlow> steps;
  std::size_t peak = 0;  ///< the first step with the most bytes alive
};

/// Bytes of the value; 0 for sequences and optionals, whose size no record says.
std::uint64_t bytes_of(const trace::TensorRecord& record);

/// Of a trace of a tensor program; costs what its steps and operands are in number.
Flow find_flow(const trace::Trace& trace);

}  // namespace isotrace::tools::page
