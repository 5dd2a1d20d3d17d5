// A program run to its end: what it wrote and how long it computed.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace isotrace::tools::bench {

struct ChildRun {
  double seconds = 0;  ///< of processors, in the program and in the kernel for it
  std::string output;  ///< standard output and standard error
};

/// Runs a program (found as a shell finds it) with these words. Nothing if it cannot be started or
/// does not end with exit status 0.
std::optional<ChildRun> run_child(const std::vector<std::string>& words);

}  // namespace isotrace::tools::bench
