// Runs a function or a program of somebody else's in a child process that can compute, read its
// standard input and write its standard output, and nothing else: no network, no file opened for
// writing, no new process, bounded memory, processor time, wall time and output.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <isotrace/core/result.hpp>

namespace isotrace::smt {

struct SandboxLimits {
  std::uint64_t memory_bytes = std::uint64_t{2}
                               << 30;  ///< address space on top of ours at the fork
  std::uint64_t cpu_seconds = 60;
  int wall_milliseconds = 60'000;
  std::size_t output_bytes_max = std::size_t{16} << 20;
};

struct SandboxOutcome {
  enum class End {
    finished,      ///< exit code 0
    failed,        ///< another exit code
    killed,        ///< a signal: a forbidden call (SIGSYS), a limit of the kernel's, a crash
    wall_limit,    ///< ended by the watchdog
    output_limit,  ///< ended for writing too much
    stopped,       ///< ended because its answer is no longer wanted
  };
  End end;
  int code = 0;        ///< failed: exit code; killed: signal number
  std::string output;  ///< standard output, complete only if finished
};

/// What to run; the text returned is its output. Exceptions end the child with exit code 1, memory
/// that cannot be had with sandbox_exit_memory.
using SandboxBody = std::function<std::string()>;
inline constexpr int sandbox_exit_memory = 124;

/// What a child writes once every limit is in force; not part of the output.
inline constexpr char sandbox_ready = 'R';

class SandboxedChild;

/// Forks and lets `body` run in the child. Refuses sandbox_failed where fork, pipes or seccomp
/// cannot be had. See sandboxed_child.hpp.
core::Result<std::unique_ptr<SandboxedChild>> start_sandboxed(const SandboxBody& body,
                                                              const SandboxLimits& limits);

/// Forks and runs `body` in the child. Refuses sandbox_failed where fork, pipes, rlimits or seccomp
/// cannot be had: the body then has not run.
core::Result<SandboxOutcome> run_sandboxed(const SandboxBody& body, const SandboxLimits& limits);

/// Runs an executable with arguments (without argv[0]), `input` on its standard input, an empty
/// environment. Refuses solver_absent if it cannot be opened, and sandbox_failed.
core::Result<SandboxOutcome> run_sandboxed_program(const std::string& path,
                                                   const std::vector<std::string>& arguments,
                                                   const std::string& input,
                                                   const SandboxLimits& limits);

/// "killed by signal 31 (Bad system call)"
std::string describe(const SandboxOutcome& outcome);

}  // namespace isotrace::smt
