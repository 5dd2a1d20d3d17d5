// Contents of files and streams: reading, writing, positions.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

constexpr std::uint64_t position_max = INT64_MAX;

/// Numbers of `whence`.
enum class From : std::uint32_t { start = 0, position = 1, end = 2 };

/// In the preview before, they have another order.
From from_of_older(std::uint32_t number) {
  constexpr From all[] = {From::position, From::end, From::start};
  return number < std::size(all) ? all[number] : From{number};
}

Answer<std::uint64_t> move_by(std::uint64_t base, std::uint64_t delta) {
  const auto signed_delta = static_cast<std::int64_t>(delta);
  if (signed_delta < 0 && -delta > base) return fail(Errno::invalid);
  if (signed_delta > 0 && delta > position_max - base) return fail(Errno::overflow);
  return base + delta;
}

Answer<Done> check_position(const Descriptor& descriptor, std::uint64_t position) {
  if (descriptor.is_stream()) return fail(Errno::not_seekable);
  if (position > position_max) return fail(Errno::invalid);
  return Done{};
}

}  // namespace

Answer<Done> Wasi::read_file(HostCall& call, std::uint64_t position, bool moves,
                             std::uint32_t size_place) {
  ISOTRACE_TRY(Descriptor* const from, descriptors_.find_file(call.u32(0)));
  if (!from->readable) return fail(Errno::bad_descriptor);
  ISOTRACE_TRY(const auto buffers, get_buffers(call, call.u32(1), call.u32(2)));
  ISOTRACE_TRY_DONE(check_place(call, size_place, 4));
  core::Bytes bytes(size_of(buffers));
  ISOTRACE_TRY(const std::size_t size, from->file->read(bytes, position));
  if (moves) from->position += size;
  ISOTRACE_TRY_DONE(scatter(call, buffers, core::ByteView(bytes).first(size)));
  return put_u32(call, size_place, static_cast<std::uint32_t>(size));
}

Answer<Done> Wasi::write_file(HostCall& call, std::uint64_t position, bool moves,
                              std::uint32_t size_place) {
  ISOTRACE_TRY(Descriptor* const to, descriptors_.find_file(call.u32(0)));
  if (!to->writable) return fail(Errno::bad_descriptor);
  ISOTRACE_TRY(const auto buffers, get_buffers(call, call.u32(1), call.u32(2)));
  ISOTRACE_TRY_DONE(check_place(call, size_place, 4));
  if (moves && (to->flags & flag_append) != 0) {
    ISOTRACE_TRY(const FileStatus status, to->file->status());
    position = status.size;
  }
  ISOTRACE_TRY(const std::size_t size, to->file->write(gather(call, buffers), position));
  if (moves && !to->is_stream()) to->position = position + size;
  if ((to->flags & (flag_data_sync | flag_sync)) != 0) ISOTRACE_TRY_DONE(to->file->sync());
  return put_u32(call, size_place, static_cast<std::uint32_t>(size));
}

Answer<Done> Wasi::fd_read(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const from, descriptors_.find_file(call.u32(0)));
  return read_file(call, from->position, !from->is_stream(), call.u32(3));
}

Answer<Done> Wasi::fd_write(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const to, descriptors_.find_file(call.u32(0)));
  return write_file(call, to->position, true, call.u32(3));
}

Answer<Done> Wasi::fd_pread(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const from, descriptors_.find_file(call.u32(0)));
  ISOTRACE_TRY_DONE(check_position(*from, call.u64(3)));
  return read_file(call, call.u64(3), false, call.u32(4));
}

Answer<Done> Wasi::fd_pwrite(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const to, descriptors_.find_file(call.u32(0)));
  ISOTRACE_TRY_DONE(check_position(*to, call.u64(3)));
  return write_file(call, call.u64(3), false, call.u32(4));
}

Answer<Done> Wasi::fd_seek(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find_file(call.u32(0)));
  if (descriptor->is_stream()) return fail(Errno::not_seekable);
  ISOTRACE_TRY_DONE(check_place(call, call.u32(3), 8));
  std::uint64_t base = 0;
  switch (older_ ? from_of_older(call.u32(2)) : From{call.u32(2)}) {
    case From::start: break;
    case From::position: base = descriptor->position; break;
    case From::end: {
      ISOTRACE_TRY(const FileStatus status, descriptor->file->status());
      base = status.size;
      break;
    }
    default: return fail(Errno::invalid);
  }
  ISOTRACE_TRY(const std::uint64_t position, move_by(base, call.u64(1)));
  descriptor->position = position;
  return put_u64(call, call.u32(3), position);
}

Answer<Done> Wasi::fd_tell(HostCall& call) {
  ISOTRACE_TRY(const Descriptor* const descriptor, descriptors_.find_file(call.u32(0)));
  if (descriptor->is_stream()) return fail(Errno::not_seekable);
  return put_u64(call, call.u32(1), descriptor->position);
}

Answer<Done> Wasi::fd_sync(HostCall& call) {
  ISOTRACE_TRY(Descriptor* const descriptor, descriptors_.find(call.u32(0)));
  return descriptor->folder != nullptr ? descriptor->folder->sync() : descriptor->file->sync();
}

Answer<Done> Wasi::fd_datasync(HostCall& call) { return fd_sync(call); }

}  // namespace isotrace::wasm::wasi
