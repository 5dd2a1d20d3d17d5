// Parties at the other end of a socket.
#pragma once

#include <chrono>
#include <memory>

#include <isotrace/referee/address.hpp>
#include <isotrace/referee/party.hpp>

namespace isotrace::referee {

struct RemoteLimits {
  std::chrono::milliseconds timeout{60'000};  ///< for one answer, and for 64 MiB of evidence
  /// That one party may send in all.
  std::uint64_t bytes_max = std::uint64_t{16} << 30;
};

/// A party whose connection counts what passes.
class RemoteParty : public Party {
 public:
  /// Sent and received so far.
  [[nodiscard]] virtual std::uint64_t bytes_moved() const = 0;
};

/// The event loop that connections live in; one at a time in a thread, and outlives its parties.
class Connections {
 public:
  Connections();
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  /// Connects when it is asked first; that this fails is an answer (Fault::Kind::gone), too.
  std::unique_ptr<RemoteParty> find_party(const Address& address, const RemoteLimits& limits);

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace isotrace::referee
