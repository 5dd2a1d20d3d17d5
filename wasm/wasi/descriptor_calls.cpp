// What descriptors are, and their end.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

/// Bits of `rights`. Nothing is decided by them: descriptors say themselves what can be done, but
/// libraries ask (a descriptor that can seek is no terminal).
constexpr std::uint64_t right_read = 1U << 1;
constexpr std::uint64_t right_seek = 1U << 2;
constexpr std::uint64_t right_tell = 1U << 5;
constexpr std::uint64_t right_write = 1U << 6;
constexpr std::uint64_t rights_all = (std::uint64_t{1} << 30) - 1;

std::uint64_t rights_of(const Descriptor& descriptor) {
  std::uint64_t rights = rights_all;
  if (descriptor.is_stream()) rights &= ~(right_seek | right_tell);
  if (descriptor.folder != nullptr) rights &= ~(right_seek | right_read | right_write);
  if (descriptor.file != nullptr && !descriptor.readable) rights &= ~right_read;
  if (descriptor.file != nullptr && !descriptor.writable) rights &= ~right_write;
  return rights;
}

}  // namespace

Answer<Done> Wasi::fd_close(HostCall& call) { return descriptors_.close(call.u32(0)); }

Answer<Done> Wasi::fd_fdstat_get(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  core::ByteWriter fields;
  fields.u8(static_cast<std::uint8_t>(descriptor->type)).u8(0).u16(descriptor->flags).u32(0);
  fields.u64(rights_of(*descriptor));
  fields.u64(descriptor->folder != nullptr ? rights_all : 0);  // of what is opened in it
  return put(call, call.u32(1), fields.bytes());
}

Answer<Done> Wasi::fd_fdstat_set_flags(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  const std::uint32_t flags = call.u32(1);
  if ((flags & ~std::uint32_t{flags_all}) != 0) return fail(Errno::invalid);
  // Nothing but a regular file is ready at any time.
  const bool may_block = descriptor->type != FileType::regular;
  if (may_block && (flags & flag_nonblock) != 0) return fail(Errno::not_supported);
  descriptor->flags = static_cast<std::uint16_t>(flags);
  return Done{};
}

/// A folder's size and links say only what kind of disk it is on.
Answer<Done> Wasi::put_status(HostCall& call, std::uint32_t place, const FileStatus& status,
                              std::uint64_t inode) {
  const bool plain = status.type != FileType::folder;
  const bool times = world_.shows_file_times;
  core::ByteWriter fields;
  fields.u64(1).u64(inode).u64(static_cast<std::uint64_t>(status.type));
  fields.u64(plain ? status.links : 1).u64(plain ? status.size : 0);
  fields.u64(times ? status.accessed : 0).u64(times ? status.modified : 0);
  fields.u64(times ? status.changed : 0);
  return put(call, place, fields.bytes());
}

Answer<Done> Wasi::fd_filestat_get(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  if (descriptor->is_stream()) return put_status(call, call.u32(1), {}, 0);
  ISOTRACE_TRY(const FileStatus status, descriptor->folder != nullptr ? descriptor->folder->status()
                                                                      : descriptor->file->status());
  if (descriptor->inode == 0) descriptor->inode = inodes_.of(status.identity);
  return put_status(call, call.u32(1), status, descriptor->inode);
}

Answer<Done> Wasi::fd_prestat_get(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  if (!descriptor->preopened_as) return fail(Errno::bad_descriptor);
  const auto size = static_cast<std::uint32_t>(descriptor->preopened_as->size());
  return put(call, call.u32(1), core::ByteWriter().u32(0).u32(size).bytes());
}

Answer<Done> Wasi::fd_prestat_dir_name(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  if (!descriptor->preopened_as) return fail(Errno::bad_descriptor);
  const std::string& name = *descriptor->preopened_as;
  if (call.u32(2) < name.size()) return fail(Errno::name_too_long);
  return put(call, call.u32(1), core::as_bytes(name));
}

}  // namespace isotrace::wasm::wasi
