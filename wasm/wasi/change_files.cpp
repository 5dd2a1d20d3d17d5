// Sizes and times of files.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

constexpr std::uint64_t size_max = INT64_MAX;
constexpr std::uint32_t advice_last = 5;
constexpr std::uint32_t lookup_follow = 1;

/// Bits of `fstflags`.
constexpr std::uint32_t set_accessed = 1;
constexpr std::uint32_t set_accessed_now = 2;
constexpr std::uint32_t set_modified = 4;
constexpr std::uint32_t set_modified_now = 8;
constexpr std::uint32_t set_all = 15;

NewTime new_time(bool set, bool set_now, std::uint64_t time) {
  if (set_now) return {.kind = NewTime::Kind::now};
  if (set) return {.kind = NewTime::Kind::given, .given = time};
  return {};
}

/// A time is either given or that of the call.
Answer<NewTimes> get_times(std::uint64_t accessed, std::uint64_t modified, std::uint32_t flags) {
  constexpr std::uint32_t both_accessed = set_accessed | set_accessed_now;
  constexpr std::uint32_t both_modified = set_modified | set_modified_now;
  if ((flags & ~set_all) != 0 || (flags & both_accessed) == both_accessed ||
      (flags & both_modified) == both_modified) {
    return fail(Errno::invalid);
  }
  return NewTimes{
      .accessed = new_time((flags & set_accessed) != 0, (flags & set_accessed_now) != 0, accessed),
      .modified = new_time((flags & set_modified) != 0, (flags & set_modified_now) != 0, modified)};
}

}  // namespace

Answer<Descriptor*> Wasi::find_writable(std::uint32_t number) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find_file(number));
  if (!descriptor->writable) return fail(Errno::bad_descriptor);
  return descriptor;
}

/// Advice changes nothing that a program can see.
Answer<Done> Wasi::fd_advise(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find_file(call.u32(0)));
  if (descriptor->is_stream()) return fail(Errno::not_seekable);
  const bool fits = call.u64(1) <= size_max && call.u64(2) <= size_max;
  if (!fits || call.u32(3) > advice_last) return fail(Errno::invalid);
  return Done{};
}

Answer<Done> Wasi::fd_allocate(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, find_writable(call.u32(0)));
  if (descriptor->is_stream()) return fail(Errno::not_seekable);
  const std::uint64_t begin = call.u64(1);
  const std::uint64_t size = call.u64(2);
  if (begin > size_max || size == 0 || size > size_max) return fail(Errno::invalid);
  if (size > size_max - begin) return fail(Errno::file_too_big);
  return descriptor->file->allocate(begin, size);
}

Answer<Done> Wasi::fd_filestat_set_size(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, find_writable(call.u32(0)));
  if (call.u64(1) > size_max) return fail(Errno::invalid);
  return descriptor->file->set_size(call.u64(1));
}

Answer<Done> Wasi::fd_filestat_set_times(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  ISOTRACE_TRY(const NewTimes times, get_times(call.u64(1), call.u64(2), call.u32(3)));
  return descriptor->folder != nullptr ? descriptor->folder->set_times(times)
                                       : descriptor->file->set_times(times);
}

Answer<Done> Wasi::path_filestat_set_times(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const base, descriptors_.find_folder(call.u32(0)));
  const std::uint32_t lookup = call.u32(1);
  if ((lookup & ~lookup_follow) != 0) return fail(Errno::invalid);
  ISOTRACE_TRY(const std::string path, get_path(call, call.u32(2), call.u32(3)));
  ISOTRACE_TRY(const NewTimes times, get_times(call.u64(4), call.u64(5), call.u32(6)));
  return base->folder->set_times_of(path, lookup != 0, times);
}

}  // namespace isotrace::wasm::wasi
