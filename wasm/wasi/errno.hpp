// What WASI functions answer (wasi_snapshot_preview1, type `errno`): 0, or why not.
#pragma once

#include <cstdint>

#include <isotrace/core/result.hpp>

namespace isotrace::wasm::wasi {

/// Those that this host gives.
enum class Errno : std::uint16_t {
  success = 0,
  access_denied = 2,
  again = 6,
  bad_descriptor = 8,
  busy = 10,
  no_quota = 19,
  exists = 20,
  fault = 21,  ///< a pointer leads out of the memory
  file_too_big = 22,
  interrupted = 27,
  invalid = 28,
  io = 29,
  is_directory = 31,
  loop = 32,  ///< too many symbolic links, or one where none may be
  too_many_open = 33,
  too_many_links = 34,
  name_too_long = 37,
  no_entry = 44,
  no_space = 51,
  not_implemented = 52,
  not_directory = 54,
  not_empty = 55,
  not_socket = 57,
  not_supported = 58,
  overflow = 61,
  not_permitted = 63,
  broken_pipe = 64,
  read_only = 69,
  not_seekable = 70,
  text_busy = 74,
  cross_device = 75,
  not_capable = 76,  ///< the path leads out of the folder
};

template <class T>
using Answer = tl::expected<T, Errno>;

[[nodiscard]] inline tl::unexpected<Errno> fail(Errno why) { return tl::unexpected<Errno>(why); }

}  // namespace isotrace::wasm::wasi
