// The system calls that a sandboxed child may make. An allow list: anything else kills the process.
#pragma once

#include <memory>
#include <optional>

namespace isotrace::smt {

/// Frees a libseccomp context.
struct FilterFree {
  void operator()(void* context) const;
};
using Filter = std::unique_ptr<void, FilterFree>;

/// The filter, or nullptr if libseccomp refuses. With `program`, one execveat of that descriptor
/// (close-on-exec, so it cannot be repeated) is allowed.
Filter make_filter(std::optional<int> program);
/// Installs it in this process, for good. True on success.
bool install_filter(const Filter& filter);

}  // namespace isotrace::smt
