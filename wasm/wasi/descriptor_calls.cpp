// What descriptors are, and their end.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

/// Libraries ask (a descriptor that can seek is no terminal).
std::uint64_t rights_of(const Descriptor& descriptor) {
  std::uint64_t rights = descriptor.rights_left;
  if (descriptor.is_stream()) rights &= ~(right_seek | right_tell);
  if (descriptor.folder != nullptr) rights &= ~(right_seek | right_read | right_write);
  if (descriptor.file != nullptr && !descriptor.readable) rights &= ~right_read;
  if (descriptor.file != nullptr && !descriptor.writable) rights &= ~right_write;
  return rights;
}

/// Of what is opened in it.
std::uint64_t inner_rights_of(const Descriptor& descriptor) {
  return descriptor.folder != nullptr ? descriptor.inner_rights_left : 0;
}

}  // namespace

Answer<Done> Wasi::fd_close(HostCall& call) { return descriptors_.close(call.u32(0)); }

Answer<Done> Wasi::fd_renumber(HostCall& call) {
  return descriptors_.renumber(call.u32(0), call.u32(1));
}

Answer<Done> Wasi::fd_fdstat_get(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  core::ByteWriter fields;
  fields.u8(static_cast<std::uint8_t>(descriptor->type)).u8(0).u16(descriptor->flags).u32(0);
  fields.u64(rights_of(*descriptor));
  fields.u64(inner_rights_of(*descriptor));
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

/// Rights are only ever given up. Those to read and to write are what a program can be held to;
/// the others are remembered, and told to who asks.
Answer<Done> Wasi::fd_fdstat_set_rights(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  const std::uint64_t rights = call.u64(1);
  const std::uint64_t inner_rights = call.u64(2);
  const bool asks_more = (rights & ~rights_of(*descriptor)) != 0 ||
                         (inner_rights & ~inner_rights_of(*descriptor)) != 0;
  if (asks_more) return fail(Errno::not_capable);
  descriptor->rights_left = rights;
  descriptor->inner_rights_left = inner_rights;
  if ((rights & right_read) == 0) descriptor->readable = false;
  if ((rights & right_write) == 0) descriptor->writable = false;
  return Done{};
}

Answer<Done> Wasi::answer_socket(const HostCall& call) {
  ISOTRACE_TRY_DONE(descriptors_.find(call.u32(0)));
  return fail(Errno::not_socket);
}

Answer<Done> Wasi::sock_accept(HostCall& call) { return answer_socket(call); }
Answer<Done> Wasi::sock_recv(HostCall& call) { return answer_socket(call); }
Answer<Done> Wasi::sock_send(HostCall& call) { return answer_socket(call); }
Answer<Done> Wasi::sock_shutdown(HostCall& call) { return answer_socket(call); }

/// A folder's size and links say only what kind of disk it is on.
Answer<Done> Wasi::put_status(HostCall& call, std::uint32_t place, const FileStatus& status,
                              std::uint64_t inode) {
  const bool plain = status.type != FileType::folder;
  const bool times = world_.shows_file_times;
  core::ByteWriter fields;
  const std::uint64_t links = plain ? status.links : 1;
  fields.u64(1).u64(inode);
  if (older_) {
    if (links > UINT32_MAX) return fail(Errno::overflow);
    fields.u32(static_cast<std::uint32_t>(status.type)).u32(static_cast<std::uint32_t>(links));
  } else {
    fields.u64(static_cast<std::uint64_t>(status.type)).u64(links);
  }
  fields.u64(plain ? status.size : 0);
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
