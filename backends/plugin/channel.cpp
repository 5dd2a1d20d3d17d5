#include <isotrace/backends/plugin/channel.hpp>

#include <poll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace isotrace::backends::plugin {

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void Descriptor::reset() {
  if (number_ >= 0) ::close(number_);
  number_ = -1;
}

std::optional<Deadline> Deadline::make(std::chrono::milliseconds span) {
  Descriptor timer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  itimerspec once{};
  once.it_value.tv_sec = span.count() / 1000;
  once.it_value.tv_nsec = span.count() % 1000 * 1'000'000 + 1;  // zero would disarm it
  if (timer.get() < 0 || ::timerfd_settime(timer.get(), 0, &once, nullptr) != 0) {
    return std::nullopt;
  }
  return Deadline(std::move(timer));
}

bool Deadline::wait(int descriptor, short events) const {
  for (;;) {
    std::array<pollfd, 2> waiting = {pollfd{descriptor, events, 0},
                                     pollfd{timer_.get(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return false;
    }
    // Who answers at the last moment has answered.
    return waiting[0].revents != 0;
  }
}

bool Deadline::is_over() const {
  pollfd timer{timer_.get(), POLLIN, 0};
  return ::poll(&timer, 1, 0) != 0;
}

ChannelResult<core::Done> Channel::write_all(core::ByteView bytes, const Deadline* deadline) {
  while (!bytes.empty()) {
    if (deadline != nullptr && !deadline->wait(socket_.get(), POLLOUT)) {
      return tl::make_unexpected(ChannelEnd::late);
    }
    // The plugin's process may call no more than write. It waits without a deadline, and may end
    // with SIGPIPE; the run must not.
    const ssize_t size = deadline == nullptr
                             ? ::write(socket_.get(), bytes.data(), bytes.size())
                             : ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return tl::make_unexpected(ChannelEnd::closed);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return core::Done{};
}

ChannelResult<core::Done> Channel::read_all(std::span<std::uint8_t> bytes,
                                            const Deadline* deadline) {
  while (!bytes.empty()) {
    if (deadline != nullptr && !deadline->wait(socket_.get(), POLLIN)) {
      return tl::make_unexpected(ChannelEnd::late);
    }
    const ssize_t size = ::read(socket_.get(), bytes.data(), bytes.size());
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (size <= 0) return tl::make_unexpected(ChannelEnd::closed);
    bytes = bytes.subspan(static_cast<std::size_t>(size));
    // Who always has one more byte ready is late, too.
    if (!bytes.empty() && deadline != nullptr && deadline->is_over()) {
      return tl::make_unexpected(ChannelEnd::late);
    }
  }
  return core::Done{};
}

ChannelResult<core::Done> Channel::send(core::ByteView message, const Deadline* deadline) {
  if (message.size() > message_bytes_max) return tl::make_unexpected(ChannelEnd::too_long);
  const core::Bytes length =
      core::ByteWriter().u32(static_cast<std::uint32_t>(message.size())).take();
  auto done = write_all(length, deadline);
  return done ? write_all(message, deadline) : done;
}

ChannelResult<core::Bytes> Channel::receive(const Deadline* deadline) {
  std::array<std::uint8_t, 4> length{};
  auto done = read_all(length, deadline);
  if (!done) return tl::make_unexpected(done.error());
  std::size_t left = *core::ByteReader(length).u32();
  if (left > message_bytes_max) return tl::make_unexpected(ChannelEnd::too_long);
  // In pieces, so that a length alone allocates nothing.
  constexpr std::size_t piece = std::size_t{1} << 20;
  core::Bytes message;
  while (left != 0) {
    const std::size_t size = std::min(left, piece);
    const std::size_t before = message.size();
    message.resize(before + size);
    done = read_all(std::span(message).subspan(before), deadline);
    if (!done) return tl::make_unexpected(done.error());
    left -= size;
  }
  return message;
}

}  // namespace isotrace::backends::plugin
