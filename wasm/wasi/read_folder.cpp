// The entries of folders, sorted by the bytes of their names: disks have orders of their own.
#include <algorithm>

#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {

using core::Done;

Answer<Done> Wasi::list_folder(Descriptor& descriptor) {
  ISOTRACE_TRY(std::vector<std::string> names, descriptor.folder->names());
  std::ranges::sort(names);
  std::vector<FolderEntry> entries;
  for (std::string& name : names) {
    const Answer<FileStatus> status = descriptor.folder->status_of(name, false);
    if (!status) continue;  // gone since
    entries.push_back({std::move(name), status->type, inodes_.of(status->identity)});
  }
  descriptor.listing = std::move(entries);
  return Done{};
}

/// A cookie is the number of the entry to begin with. From the first one on the folder is read
/// anew; until then it stays as it was.
Answer<Done> Wasi::fd_readdir(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find_folder(call.u32(0)));
  const std::uint32_t place = call.u32(1);
  const std::uint32_t size = call.u32(2);
  const std::uint64_t cookie = call.u64(3);
  ISOTRACE_TRY_DONE(check_place(call, place, size));
  ISOTRACE_TRY_DONE(check_place(call, call.u32(4), 4));
  if (cookie == 0 || !descriptor->listing) ISOTRACE_TRY_DONE(list_folder(*descriptor));
  const std::vector<FolderEntry>& entries = *descriptor->listing;
  core::ByteWriter fields;
  for (std::uint64_t i = cookie; i < entries.size() && fields.bytes().size() < size; ++i) {
    const FolderEntry& entry = entries[i];
    fields.u64(i + 1).u64(entry.inode).u32(static_cast<std::uint32_t>(entry.name.size()));
    fields.u32(static_cast<std::uint32_t>(entry.type)).raw(core::as_bytes(entry.name));
  }
  // The last entry may be cut: a buffer that is full says that there are more.
  const std::size_t used = std::min<std::size_t>(size, fields.bytes().size());
  ISOTRACE_TRY_DONE(put(call, place, core::ByteView(fields.bytes()).first(used)));
  return put_u32(call, call.u32(4), static_cast<std::uint32_t>(used));
}

}  // namespace isotrace::wasm::wasi
