// Time and randomness.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {

using core::Done;

/// The time of day and the steady clock; those of the processor tell of the machine.
Answer<ClockId> get_clock(std::uint32_t id) {
  if (id > static_cast<std::uint32_t>(ClockId::monotonic)) return fail(Errno::invalid);
  return ClockId{id};
}

Answer<Done> Wasi::clock_res_get(HostCall& call) {
  ISOTRACE_TRY(const ClockId clock, get_clock(call.u32(0)));
  ISOTRACE_TRY(const std::uint64_t resolution, world_.clock->resolution(clock));
  return put_u64(call, call.u32(1), resolution);
}

Answer<Done> Wasi::clock_time_get(HostCall& call) {
  ISOTRACE_TRY(const ClockId clock, get_clock(call.u32(0)));
  ISOTRACE_TRY(const std::uint64_t now, world_.clock->now(clock));
  return put_u64(call, call.u32(2), now);
}

Answer<Done> Wasi::random_get(HostCall& call) {
  ISOTRACE_TRY_DONE(check_place(call, call.u32(0), call.u32(1)));
  core::Bytes bytes(call.u32(1));
  ISOTRACE_TRY_DONE(world_.randomness->fill(bytes));
  return put(call, call.u32(0), bytes);
}

}  // namespace isotrace::wasm::wasi
