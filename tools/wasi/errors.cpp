#include <isotrace/tools/wasi/errors.hpp>

#include <cerrno>

namespace isotrace::tools::wasi {

using wasm::wasi::Errno;

Errno errno_of(int error) {
  switch (error) {
    case EACCES: return Errno::access_denied;
    case EAGAIN: return Errno::again;
    case EBADF: return Errno::bad_descriptor;
    case EBUSY: return Errno::busy;
    case EDQUOT: return Errno::no_quota;
    case EEXIST: return Errno::exists;
    case EFBIG: return Errno::file_too_big;
    case EINTR: return Errno::interrupted;
    case EINVAL: return Errno::invalid;
    case EISDIR: return Errno::is_directory;
    case ELOOP: return Errno::loop;
    case EMFILE:
    case ENFILE: return Errno::too_many_open;
    case EMLINK: return Errno::too_many_links;
    case ENAMETOOLONG: return Errno::name_too_long;
    case ENOENT: return Errno::no_entry;
    case ENOSPC: return Errno::no_space;
    case ENOTDIR: return Errno::not_directory;
    case ENOTEMPTY: return Errno::not_empty;
    case EOPNOTSUPP: return Errno::not_supported;
    case EOVERFLOW: return Errno::overflow;
    case EPERM: return Errno::not_permitted;
    case EPIPE: return Errno::broken_pipe;
    case EROFS: return Errno::read_only;
    case ESPIPE: return Errno::not_seekable;
    case ETXTBSY: return Errno::text_busy;
    case EXDEV: return Errno::cross_device;
    default: return Errno::io;
  }
}

tl::unexpected<Errno> fail_with_errno() { return wasm::wasi::fail(errno_of(errno)); }

}  // namespace isotrace::tools::wasi
