// A stream that counts the bytes that pass and ends when too many have come in (internal).
#pragma once

#include <kj/async-io.h>

#include <cstdint>

namespace isotrace::referee {

class CountedStream final : public kj::AsyncIoStream {
 public:
  CountedStream(kj::Own<kj::AsyncIoStream> stream, std::uint64_t read_max)
      : stream_(kj::mv(stream)), read_max_(read_max) {}

  [[nodiscard]] std::uint64_t bytes() const { return read_ + written_; }

  kj::Promise<std::size_t> tryRead(void* buffer, std::size_t least, std::size_t most) override {
    return stream_->tryRead(buffer, least, most).then([this](std::size_t count) {
      read_ += count;
      KJ_REQUIRE(read_ <= read_max_, "more bytes than allowed");
      return count;
    });
  }
  kj::Promise<void> write(const void* buffer, std::size_t size) override {
    written_ += size;
    return stream_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    for (const auto& piece : pieces) written_ += piece.size();
    return stream_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return stream_->whenWriteDisconnected(); }
  void shutdownWrite() override { stream_->shutdownWrite(); }
  void abortRead() override { stream_->abortRead(); }

 private:
  kj::Own<kj::AsyncIoStream> stream_;
  std::uint64_t read_max_;
  std::uint64_t read_ = 0;
  std::uint64_t written_ = 0;
};

}  // namespace isotrace::referee
