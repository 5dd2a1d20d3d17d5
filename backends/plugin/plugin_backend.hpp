// A backend that somebody else wrote: a shared library behind isotrace_backend.h, in a process of
// its own. What it does wrong costs the call a refusal, and this process nothing: nothing of the
// other process is believed, its files of shared memory are only copied from, never mapped.
#pragma once

#include <isotrace/backends/backend.hpp>

namespace isotrace::backends {

/// What a plugin's process may do beside computing (docs/backends.md).
enum class PluginAccess : std::uint8_t {
  compute,  ///< threads, memory, files opened for reading; nothing else
  device,   ///< whatever drivers want, but no other process
};

struct PluginOptions {
  std::string host_program;                             ///< path of isotrace-plugin-host
  unsigned seconds = 60;                                ///< for each call, the start included
  std::uint64_t memory_bytes = std::uint64_t{8} << 30;  ///< private memory; results of one call
  PluginAccess access = PluginAccess::compute;
};

/// What stands before the path of a plugin where a backend is named.
inline constexpr std::string_view plugin_prefix = "plugin:";

/// Starts the plugin at `path`. Refuses file_not_found and its kin, plugin_malformed (no shared
/// library for this machine, or without the entry), plugin_unloadable, plugin_version_unsupported,
/// device_absent, sandbox_failed, and what its process may do wrong: plugin_ended, plugin_timeout,
/// plugin_failed, backend_contract_broken.
///
/// supports() and run() refuse the last four as well; after a process has ended, the next call
/// starts another.
core::Result<std::unique_ptr<Backend>> make_plugin_backend(const std::string& path,
                                                           const PluginOptions& options);

}  // namespace isotrace::backends
