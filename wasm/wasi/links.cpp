// Further names of files, and symbolic links. Whoever walks along a link stays in the folder; what
// stands in one is the program's own business, but for absolute paths, which are the machine's.
#include <algorithm>

#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

constexpr std::uint32_t lookup_follow = 1;

}  // namespace

Answer<Done> Wasi::path_link(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  const std::uint32_t lookup = call.u32(1);
  if ((lookup & ~lookup_follow) != 0) return fail(Errno::invalid);
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(2), call.u32(3)));
  ISOTRACE_TRY(const Descriptor* const target, descriptors_.find_folder(call.u32(4)));
  ISOTRACE_TRY(const std::string target_path, get_path(call, call.u32(5), call.u32(6)));
  return base->folder->link(path, lookup != 0, *target->folder, target_path);
}

Answer<Done> Wasi::path_symlink(HostCall& call) {
  ISOTRACE_TRY(const std::string text, get_path(call, call.u32(0), call.u32(1)));
  ISOTRACE_TRY(const Descriptor* const base, descriptors_.find_folder(call.u32(2)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(3), call.u32(4)));
  return base->folder->create_link(text, path);
}

/// As much of it as the buffer holds.
Answer<Done> Wasi::path_readlink(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(1), call.u32(2)));
  const std::uint32_t place = call.u32(3);
  ISOTRACE_TRY_DONE(check_place(call, place, call.u32(4)));
  ISOTRACE_TRY_DONE(check_place(call, call.u32(5), 4));
  ISOTRACE_TRY(const std::string text, base->folder->read_link(path));
  const std::size_t size = std::min<std::size_t>(text.size(), call.u32(4));
  ISOTRACE_TRY_DONE(put(call, place, core::as_bytes(text).first(size)));
  return put_u32(call, call.u32(5), static_cast<std::uint32_t>(size));
}

}  // namespace isotrace::wasm::wasi
