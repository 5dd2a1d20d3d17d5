// One run of a program that is a command of C's library, in a virtual world with a folder /files.
#pragma once

#include "tests/wasm/programs/program.hpp"
#include "tests/wasm/wasi/wasi_machine.hpp"

namespace isotrace::wasm::tests {

struct CommandRun {
  /// `settings`: without the program's name. `more`: a library beside WASI, or none.
  CommandRun(const EngineChoice& engine, const std::string& program,
             const std::filesystem::path& files, wasi::Settings settings,
             std::string given_input = {}, HostLibrary* more = nullptr);

  std::string input;  ///< what is left of it
  std::string output;
  std::string error;
  bool exited = false;  ///< by proc_exit
  std::uint32_t exit_code = 0;
  std::uint64_t steps = 0;
  core::Digest root;
};

}  // namespace isotrace::wasm::tests
