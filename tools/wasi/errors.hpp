// Errors of the operating system as WASI programs see them.
#pragma once

#include <isotrace/wasm/wasi/errno.hpp>

namespace isotrace::tools::wasi {

/// Of a value of errno; what has no counterpart is `io`.
wasm::wasi::Errno errno_of(int error);
/// What the latest system call left in errno.
[[nodiscard]] tl::unexpected<wasm::wasi::Errno> fail_with_errno();

}  // namespace isotrace::tools::wasi
