// The world that WASI programs get from the command line: this process's streams, the folders that
// were named, and the machine's clock and randomness, or such as are the same in every run.
#pragma once

#include <optional>

#include <isotrace/core/result.hpp>
#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::tools::wasi {

struct FolderName {
  std::string guest;  ///< how the program calls it
  std::string host;
};

/// Where a program's standard output goes.
enum class Output : std::uint8_t { standard_output, standard_error };

struct WorldOptions {
  std::vector<FolderName> folders;
  /// Virtual: clock and randomness from this seed, no times of files, and reads of standard input
  /// that do not depend on the pieces it comes in.
  std::optional<std::uint64_t> virtual_seed = {};
  Output output = Output::standard_output;
};

/// Refuses file_not_found (a folder that cannot be opened) and limit_exceeded (more folders than a
/// program can have open).
core::Result<wasm::wasi::World> make_world(const WorldOptions& options);

}  // namespace isotrace::tools::wasi
