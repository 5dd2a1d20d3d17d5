// Lets referees ask a party through a socket.
#pragma once

#include <functional>

#include <isotrace/core/result.hpp>
#include <isotrace/referee/address.hpp>
#include <isotrace/referee/party.hpp>

namespace isotrace::referee {

/// Listens until the process gets SIGTERM or SIGINT; a Unix socket is then removed. `listening` is
/// told the address, with the port that was found where the one given is 0. One referee is answered
/// after the other's question. Refuses listen_failed.
core::Result<core::Done> serve(Party& party, const Address& address,
                               const std::function<void(const Address&)>& listening);

}  // namespace isotrace::referee
