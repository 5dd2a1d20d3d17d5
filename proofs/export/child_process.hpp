// Runs another program, without a shell, under limits of time, memory and output.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/result.hpp>

namespace isotrace::proofs {

struct ChildLimits {
  double seconds_max = 600;
  std::uint64_t memory_bytes_max = std::uint64_t{8} << 30;
  std::size_t output_bytes_max = std::size_t{1} << 20;  ///< what comes after is dropped
};

struct ChildOutcome {
  bool timed_out = false;
  int exit_status = -1;  ///< -1: ended by a signal
  std::string output;    ///< standard output and error together
};

/// arguments[0] is the path of the program; it starts in `directory`, with an environment of its
/// own (and what is added to it), nothing on standard input, and unlimited stack. The whole process
/// group ends with the call. Refuses assistant_absent if the program cannot be started.
core::Result<ChildOutcome> run_child(const std::vector<std::string>& arguments,
                                     const std::string& directory, const ChildLimits& limits,
                                     const std::vector<std::string>& added_environment = {});

}  // namespace isotrace::proofs
