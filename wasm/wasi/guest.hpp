// What WASI functions read and write in the memory of the program that calls them. Whatever leads
// out of it is answered by `fault`.
#pragma once

#include <isotrace/wasm/host.hpp>
#include <isotrace/wasm/wasi/errno.hpp>

namespace isotrace::wasm::wasi {

/// The most bytes that one call moves; reads and writes of more are cut short, as they may be.
inline constexpr std::uint64_t transfer_bytes_max = std::uint64_t{16} << 20;
/// The most buffers of one call; more are `invalid`.
inline constexpr std::uint32_t buffers_max = 1024;
/// Longer paths are `name_too_long`.
inline constexpr std::uint32_t path_bytes_max = 4096;

/// Whether a result of that size can be put there: asked before the world is changed.
Answer<core::Done> check_place(const HostCall& call, std::uint32_t address, std::uint64_t size);
Answer<core::ByteView> get(const HostCall& call, std::uint32_t address, std::uint64_t size);
Answer<core::Done> put(HostCall& call, std::uint32_t address, core::ByteView bytes);
Answer<core::Done> put_u32(HostCall& call, std::uint32_t address, std::uint32_t value);
Answer<core::Done> put_u64(HostCall& call, std::uint32_t address, std::uint64_t value);

/// Part of the memory.
struct Buffer {
  std::uint32_t address = 0;
  std::uint32_t size = 0;
};

/// A list of `iovec`, every buffer of it in bounds, cut to transfer_bytes_max in all. Refuses fault
/// and invalid.
Answer<std::vector<Buffer>> get_buffers(const HostCall& call, std::uint32_t list,
                                        std::uint32_t count);
std::uint64_t size_of(std::span<const Buffer> buffers);
/// The contents, one buffer after the other.
core::Bytes gather(const HostCall& call, std::span<const Buffer> buffers);
/// Puts the bytes, which are no more than the buffers hold, into them.
Answer<core::Done> scatter(HostCall& call, std::span<const Buffer> buffers, core::ByteView bytes);

/// Refuses fault, name_too_long, no_entry (an empty one), invalid (with a zero byte).
Answer<std::string> get_path(const HostCall& call, std::uint32_t address, std::uint32_t size);

}  // namespace isotrace::wasm::wasi
