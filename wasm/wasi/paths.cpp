// Files and folders by path, below the folders that are open.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

constexpr std::uint32_t lookup_follow = 1;

/// Bits of `oflags`.
constexpr std::uint32_t open_create = 1;
constexpr std::uint32_t open_folder = 2;
constexpr std::uint32_t open_exclusive = 4;
constexpr std::uint32_t open_truncate = 8;
constexpr std::uint32_t open_all = 15;

Answer<OpenRequest> parse_request(std::uint32_t lookup, std::uint32_t how, std::uint64_t rights) {
  if ((lookup & ~lookup_follow) != 0 || (how & ~open_all) != 0) return fail(Errno::invalid);
  return OpenRequest{.read = (rights & rights_to_read) != 0,
                     .write = (rights & rights_to_write) != 0,
                     .create = (how & open_create) != 0,
                     .exclusive = (how & open_exclusive) != 0,
                     .truncate = (how & open_truncate) != 0,
                     .folder = (how & open_folder) != 0,
                     .follow_links = (lookup & lookup_follow) != 0};
}

}  // namespace

Answer<Done> Wasi::path_open(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(2), call.u32(3)));
  const std::uint64_t rights = call.u64(5) & base->inner_rights_left;
  const std::uint64_t inner_rights = base->inner_rights_left;
  ISOTRACE_TRY(const OpenRequest request, parse_request(call.u32(1), call.u32(4), rights));
  const std::uint32_t flags = call.u32(7);
  if ((flags & ~std::uint32_t{flags_all}) != 0) return fail(Errno::invalid);
  ISOTRACE_TRY_DONE(check_place(call, call.u32(8), 4));
  ISOTRACE_TRY_DONE(descriptors_.check_room());
  ISOTRACE_TRY(Opened opened, base->folder->open(path, request));
  Descriptor made{.file = std::move(opened.file),
                  .folder = std::move(opened.folder),
                  .type = opened.status.type,
                  .readable = request.read,
                  .writable = request.write,
                  .flags = static_cast<std::uint16_t>(flags),
                  .rights_left = inner_rights,
                  .inner_rights_left = inner_rights,
                  .inode = inodes_.of(opened.status.identity)};
  ISOTRACE_TRY(const std::uint32_t number, descriptors_.add(std::move(made)));
  return put_u32(call, call.u32(8), number);
}

Answer<Done> Wasi::path_filestat_get(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  const std::uint32_t lookup = call.u32(1);
  if ((lookup & ~lookup_follow) != 0) return fail(Errno::invalid);
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(2), call.u32(3)));
  ISOTRACE_TRY(const FileStatus status, base->folder->status_of(path, lookup != 0));
  return put_status(call, call.u32(4), status, inodes_.of(status.identity));
}

Answer<Done> Wasi::path_create_directory(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(1), call.u32(2)));
  return base->folder->create_folder(path);
}

Answer<Done> Wasi::path_unlink_file(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(1), call.u32(2)));
  const Answer<FileStatus> gone = base->folder->status_of(path, false);
  ISOTRACE_TRY_DONE(base->folder->remove_file(path));
  forget(gone);
  return Done{};
}

Answer<Done> Wasi::path_remove_directory(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(1), call.u32(2)));
  const Answer<FileStatus> gone = base->folder->status_of(path, false);
  ISOTRACE_TRY_DONE(base->folder->remove_folder(path));
  forget(gone);
  return Done{};
}

Answer<Done> Wasi::path_rename(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(1), call.u32(2)));
  ISOTRACE_TRY(Descriptor* const target, descriptors_.find_folder(call.u32(3)));
  ISOTRACE_TRY(const std::string target_path, get_path(call, call.u32(4), call.u32(5)));
  const Answer<FileStatus> moved = base->folder->status_of(path, false);
  const Answer<FileStatus> replaced = target->folder->status_of(target_path, false);
  ISOTRACE_TRY_DONE(base->folder->rename(path, *target->folder, target_path));
  const bool same = moved && replaced && moved->identity == replaced->identity;
  if (!same) forget(replaced);
  return Done{};
}

void Wasi::forget(const Answer<FileStatus>& gone) {
  if (!gone) return;
  const bool was_last = gone->type == FileType::folder || gone->links <= 1;
  if (was_last) inodes_.forget(gone->identity);
}

}  // namespace isotrace::wasm::wasi
