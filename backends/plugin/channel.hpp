// Messages between a run and the process of its plugin: a length and so many bytes, over a socket.
// Each side takes the other for somebody else's: nothing is read beyond the limit, and nothing is
// waited for longer than the deadline.
#pragma once

#include <chrono>
#include <optional>

#include <isotrace/core/bytes.hpp>

namespace isotrace::backends::plugin {

/// The longest message. Lists of attributes and shapes are what is long in one.
inline constexpr std::size_t message_bytes_max = std::size_t{64} << 20;

/// Closes a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : number_(other.number_) { other.number_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  void reset();
  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

/// A span of time from now on. The kernel keeps it: nobody here reads a clock.
class Deadline {
 public:
  /// Nothing where the kernel refuses.
  static std::optional<Deadline> make(std::chrono::milliseconds span);
  /// Waits for one of `events` (of poll) on a descriptor; false once the span is over.
  [[nodiscard]] bool wait(int descriptor, short events) const;
  [[nodiscard]] bool is_over() const;

 private:
  explicit Deadline(Descriptor timer) : timer_(std::move(timer)) {}
  Descriptor timer_;
};

enum class ChannelEnd : std::uint8_t { closed, late, too_long };

template <class T>
using ChannelResult = tl::expected<T, ChannelEnd>;

/// One end of a stream socket. Without a deadline it waits as long as it takes.
class Channel {
 public:
  explicit Channel(Descriptor socket) : socket_(std::move(socket)) {}
  ChannelResult<core::Done> send(core::ByteView message, const Deadline* deadline);
  ChannelResult<core::Bytes> receive(const Deadline* deadline);

 private:
  ChannelResult<core::Done> write_all(core::ByteView bytes, const Deadline* deadline);
  ChannelResult<core::Done> read_all(std::span<std::uint8_t> bytes, const Deadline* deadline);
  Descriptor socket_;
};

}  // namespace isotrace::backends::plugin
