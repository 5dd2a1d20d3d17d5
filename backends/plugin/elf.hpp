// Whether a file can be a plugin of this machine, by the header that every shared library begins
// with (ELF: System V Application Binary Interface, chapter 4). Asked before anything runs.
#pragma once

#include <isotrace/core/bytes.hpp>

namespace isotrace::backends::plugin {

/// Refuses plugin_malformed: not ELF, not a shared library, not for x86-64.
core::Result<core::Done> check_shared_library(core::ByteView bytes);

}  // namespace isotrace::backends::plugin
