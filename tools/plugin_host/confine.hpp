// Takes from this process what a plugin has no need of, for good. Called before anything of the
// plugin's runs, its static constructors included.
#pragma once

#include <cstdint>

#include <isotrace/backends/plugin/plugin_backend.hpp>

namespace isotrace::tools {

/// Limits on private memory and files, and a filter on system calls (docs/backends.md). False where
/// the kernel refuses.
bool confine(std::uint64_t memory_bytes, backends::PluginAccess access);

}  // namespace isotrace::tools
