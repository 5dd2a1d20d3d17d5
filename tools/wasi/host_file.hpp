// Files and streams of the operating system.
#pragma once

#include <sys/stat.h>

#include <isotrace/tools/wasi/unique_descriptor.hpp>
#include <isotrace/wasm/wasi/world.hpp>

namespace isotrace::tools::wasi {

wasm::wasi::FileStatus status_from(const struct stat& status);

class RegularFile final : public wasm::wasi::File {
 public:
  explicit RegularFile(UniqueDescriptor descriptor) : descriptor_(std::move(descriptor)) {}

  wasm::wasi::Answer<std::size_t> read(std::span<std::uint8_t> bytes,
                                       std::uint64_t position) override;
  wasm::wasi::Answer<std::size_t> write(core::ByteView bytes, std::uint64_t position) override;
  wasm::wasi::Answer<wasm::wasi::FileStatus> status() override;
  wasm::wasi::Answer<core::Done> sync() override;

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

 private:
  int descriptor_;
  StreamReads reads_;
};

}  // namespace isotrace::tools::wasi
