// Files and streams of the operating system.
#pragma once

#include <array>

#include <sys/stat.h>

#include <isotrace/tools/wasi/unique_descriptor.hpp>
#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::tools::wasi {

wasm::wasi::FileStatus status_from(const struct stat& status);
/// As futimens and utimensat take them: access, modification.
std::array<timespec, 2> times_for(const wasm::wasi::NewTimes& times);

class RegularFile final : public wasm::wasi::File {
 public:
  explicit RegularFile(UniqueDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  wasm::wasi::Answer<std::size_t> read(std::span<std::uint8_t> bytes,
                                       std::uint64_t position) override;
  wasm::wasi::Answer<std::size_t> write(core::ByteView bytes, std::uint64_t position) override;
  wasm::wasi::Answer<wasm::wasi::FileStatus> status() override;
  wasm::wasi::Answer<core::Done> sync() override;
  wasm::wasi::Answer<core::Done> set_size(std::uint64_t size) override;
  wasm::wasi::Answer<core::Done> allocate(std::uint64_t position, std::uint64_t size) override;
  wasm::wasi::Answer<core::Done> set_times(const wasm::wasi::NewTimes& times) override;

 private:
  UniqueDescriptor descriptor_;
};

/// How much a read of a stream takes: what there is, as programs that talk to people need it, or
/// all that was asked for, so that it does not matter in which pieces it comes.
enum class StreamReads : std::uint8_t { what_is_there, all };

/// A stream of the process, by its descriptor, which stays open.
class Stream final : public wasm::wasi::File {
 public:
  explicit Stream(int descriptor, StreamReads reads = StreamReads::what_is_there)
      : descriptor_(descriptor), reads_(reads) {}

  wasm::wasi::Answer<std::size_t> read(std::span<std::uint8_t> bytes,
                                       std::uint64_t position) override;
  wasm::wasi::Answer<std::size_t> write(core::ByteView bytes, std::uint64_t position) override;
  wasm::wasi::Answer<wasm::wasi::FileStatus> status() override;
  wasm::wasi::Answer<core::Done> sync() override;
  /// Where reads take all that was asked for, they wait themselves.
  wasm::wasi::Answer<bool> wait_for_input(std::optional<std::uint64_t> timeout) override;

 private:
  int descriptor_;
  StreamReads reads_;
};

}  // namespace isotrace::tools::wasi
