#include <isotrace/wasm/wasi/guest.hpp>

#include <algorithm>

namespace isotrace::wasm::wasi {

using core::Done;

Answer<Done> check_place(const HostCall& call, std::uint32_t address, std::uint64_t size) {
  if (!call.read(address, size)) return fail(Errno::fault);
  return Done{};
}

Answer<core::ByteView> get(const HostCall& call, std::uint32_t address, std::uint64_t size) {
  const auto bytes = call.read(address, size);
  if (!bytes) return fail(Errno::fault);
  return *bytes;
}

Answer<Done> put(HostCall& call, std::uint32_t address, core::ByteView bytes) {
  if (!call.write(address, bytes)) return fail(Errno::fault);
  return Done{};
}

Answer<Done> put_u32(HostCall& call, std::uint32_t address, std::uint32_t value) {
  return put(call, address, core::ByteWriter().u32(value).bytes());
}

Answer<Done> put_u64(HostCall& call, std::uint32_t address, std::uint64_t value) {
  return put(call, address, core::ByteWriter().u64(value).bytes());
}

Answer<std::vector<Buffer>> get_buffers(const HostCall& call, std::uint32_t list,
                                        std::uint32_t count) {
  if (count > buffers_max) return fail(Errno::invalid);
  ISOTRACE_TRY(const core::ByteView bytes, get(call, list, std::uint64_t{count} * 8));
  core::ByteReader reader(bytes);
  std::vector<Buffer> buffers;
  std::uint64_t left = transfer_bytes_max;
  for (std::uint32_t i = 0; i < count; ++i) {
    Buffer buffer{.address = *reader.u32(), .size = *reader.u32()};
    ISOTRACE_TRY_DONE(check_place(call, buffer.address, buffer.size));
    buffer.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(buffer.size, left));
    left -= buffer.size;
    buffers.push_back(buffer);
  }
  return buffers;
}

std::uint64_t size_of(std::span<const Buffer> buffers) {
  std::uint64_t size = 0;
  for (const Buffer& buffer : buffers) size += buffer.size;
  return size;
}

core::Bytes gather(const HostCall& call, std::span<const Buffer> buffers) {
  core::Bytes all;
  for (const Buffer& buffer : buffers) {
    const core::ByteView part = *call.read(buffer.address, buffer.size);
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

Answer<Done> scatter(HostCall& call, std::span<const Buffer> buffers, core::ByteView bytes) {
  for (const Buffer& buffer : buffers) {
    if (bytes.empty()) break;
    const std::size_t size = std::min<std::size_t>(buffer.size, bytes.size());
    if (size == 0) continue;
    ISOTRACE_TRY_DONE(put(call, buffer.address, bytes.first(size)));
    bytes = bytes.subspan(size);
  }
  return Done{};
}

Answer<std::string> get_path(const HostCall& call, std::uint32_t address, std::uint32_t size) {
  ISOTRACE_TRY(const core::ByteView bytes, get(call, address, size));
  if (size > path_bytes_max) return fail(Errno::name_too_long);
  if (size == 0) return fail(Errno::no_entry);
  if (std::ranges::find(bytes, 0) != bytes.end()) return fail(Errno::invalid);
  return std::string(core::as_text(bytes));
}

}  // namespace isotrace::wasm::wasi
