// Time, waiting for it, and randomness.
#include <algorithm>

#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

constexpr std::uint32_t subscription_bytes = 48;
constexpr std::uint32_t event_bytes = 32;
constexpr std::uint32_t subscriptions_max = 1024;
constexpr std::uint8_t clock_event = 0;
constexpr std::uint16_t absolute_flag = 1;

/// The time of day and the steady clock; those of the processor tell of the machine.
Answer<ClockId> get_clock(std::uint32_t id) {
  if (id > static_cast<std::uint32_t>(ClockId::monotonic)) return fail(Errno::invalid);
  return ClockId{id};
}

struct Subscription {
  std::uint64_t user_data = 0;
  std::uint8_t kind = clock_event;
  std::uint32_t clock = 0;
  std::uint64_t timeout_ns = 0;
  bool absolute = false;
};

Subscription parse_subscription(core::ByteView bytes) {
  core::ByteReader reader(bytes);
  Subscription subscription;
  subscription.user_data = *reader.u64();
  subscription.kind = *reader.u8();
  (void)reader.raw(7);
  subscription.clock = *reader.u32();
  (void)reader.raw(4);
  subscription.timeout_ns = *reader.u64();
  (void)reader.u64();  // precision: as good as the world's clock
  subscription.absolute = (*reader.u16() & absolute_flag) != 0;
  return subscription;
}

/// Something a program waits for: it comes after `wait_ns`, or is refused at once.
struct Waiting {
  Subscription subscription;
  std::uint64_t wait_ns = 0;
  Errno error = Errno::success;
};

Waiting wait_for(const Subscription& subscription, Clock& clock) {
  Waiting waiting{.subscription = subscription};
  const auto refuse = [&](Errno why) {
    waiting.error = why;
    return waiting;
  };
  if (subscription.kind != clock_event) return refuse(Errno::not_supported);
  const Answer<ClockId> id = get_clock(subscription.clock);
  if (!id) return refuse(id.error());
  waiting.wait_ns = subscription.timeout_ns;
  if (!subscription.absolute) return waiting;
  const Answer<std::uint64_t> now = clock.now(*id);
  if (!now) return refuse(now.error());
  waiting.wait_ns -= std::min(*now, waiting.wait_ns);
  return waiting;
}

void write_event(core::ByteWriter& events, const Waiting& waiting) {
  events.u64(waiting.subscription.user_data)
      .u16(static_cast<std::uint16_t>(waiting.error))
      .u8(waiting.subscription.kind);
  for (std::size_t i = 11; i < event_bytes; ++i) events.u8(0);
}

}  // namespace

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

/// Waits for clocks only; what concerns descriptors is answered at once with `not_supported`.
Answer<Done> Wasi::poll_oneoff(HostCall& call) {
  const std::uint32_t events_place = call.u32(1);
  const std::uint32_t count = call.u32(2);
  if (count == 0 || count > subscriptions_max) return fail(Errno::invalid);
  ISOTRACE_TRY(const core::ByteView list,
               get(call, call.u32(0), std::uint64_t{count} * subscription_bytes));
  ISOTRACE_TRY_DONE(check_place(call, events_place, std::uint64_t{count} * event_bytes));
  ISOTRACE_TRY_DONE(check_place(call, call.u32(3), 4));
  std::vector<Waiting> all;
  std::uint64_t first_ns = UINT64_MAX;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back(
        wait_for(parse_subscription(list.subspan(i * subscription_bytes, subscription_bytes)),
                 *world_.clock));
    first_ns = std::min(first_ns, all.back().wait_ns);
  }
  if (first_ns != 0) world_.clock->sleep(first_ns);
  core::ByteWriter events;
  for (const Waiting& waiting : all) {
    if (waiting.wait_ns <= first_ns) write_event(events, waiting);
  }
  const auto happened = static_cast<std::uint32_t>(events.bytes().size() / event_bytes);
  ISOTRACE_TRY_DONE(put(call, events_place, events.bytes()));
  return put_u32(call, call.u32(3), happened);
}

}  // namespace isotrace::wasm::wasi
