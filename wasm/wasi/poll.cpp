// Waiting for clocks and for input.
#include <algorithm>

#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {
namespace {

using core::Done;

constexpr std::uint32_t subscription_bytes = 48;
/// In the preview before, clocks have a name of their own, which nobody needs.
constexpr std::uint32_t older_clock_name_bytes = 8;
constexpr std::uint32_t event_bytes = 32;
constexpr std::uint32_t subscriptions_max = 1024;
constexpr std::uint16_t absolute_flag = 1;

/// Numbers of `eventtype`.
constexpr std::uint8_t clock_event = 0;
constexpr std::uint8_t read_event = 1;
constexpr std::uint8_t write_event = 2;

struct Subscription {
  std::uint64_t user_data = 0;
  std::uint8_t kind = clock_event;
  std::uint32_t subject = 0;  ///< a clock or a descriptor
  std::uint64_t timeout_ns = 0;
  bool absolute = false;
};

Subscription parse_subscription(core::ByteView bytes, bool older) {
  core::ByteReader reader(bytes);
  Subscription subscription;
  subscription.user_data = *reader.u64();
  subscription.kind = *reader.u8();
  (void)reader.raw(7);
  if (older && subscription.kind == clock_event) (void)reader.raw(older_clock_name_bytes);
  subscription.subject = *reader.u32();
  (void)reader.raw(4);
  subscription.timeout_ns = *reader.u64();
  (void)reader.u64();  // precision: as good as the world's clock
  subscription.absolute = (*reader.u16() & absolute_flag) != 0;
  return subscription;
}

/// Something a program waits for: it comes after `wait_ns`, or when `input` has something, or is
/// refused at once.
struct Waiting {
  Subscription subscription;
  std::uint64_t wait_ns = 0;
  File* input = nullptr;
  std::uint64_t bytes = 0;  ///< that can be read or written at least
  Errno error = Errno::success;
};

Waiting wait_for_clock(const Subscription& subscription, Clock& clock) {
  Waiting waiting{.subscription = subscription};
  const auto refuse = [&](Errno why) {
    waiting.error = why;
    return waiting;
  };
  const Answer<ClockId> id = get_clock(subscription.subject);
  if (!id) return refuse(id.error());
  waiting.wait_ns = subscription.timeout_ns;
  if (!subscription.absolute) return waiting;
  const Answer<std::uint64_t> now = clock.now(*id);
  if (!now) return refuse(now.error());
  waiting.wait_ns -= std::min(*now, waiting.wait_ns);
  return waiting;
}

/// How much can be read: of a stream not to be known.
Answer<std::uint64_t> bytes_ahead(const Descriptor& descriptor) {
  if (descriptor.is_stream()) return 1;
  ISOTRACE_TRY(const FileStatus status, descriptor.file->status());
  return status.size - std::min(status.size, descriptor.position);
}

/// Files can always be read and written, and streams take all that they are given.
Waiting wait_for_file(const Subscription& subscription, const Answer<Descriptor*>& found) {
  Waiting waiting{.subscription = subscription};
  const bool reads = subscription.kind == read_event;
  if (!found) {
    waiting.error = found.error();
  } else if (reads ? !(*found)->readable : !(*found)->writable) {
    waiting.error = Errno::bad_descriptor;
  } else if (reads) {
    const Answer<std::uint64_t> bytes = bytes_ahead(**found);
    waiting.bytes = bytes.value_or(0);
    if (!bytes) waiting.error = bytes.error();
    if ((*found)->is_stream()) waiting.input = (*found)->file.get();
  } else {
    waiting.bytes = 1;
  }
  return waiting;
}

void write_event_of(core::ByteWriter& events, const Waiting& waiting) {
  events.u64(waiting.subscription.user_data)
      .u16(static_cast<std::uint16_t>(waiting.error))
      .u8(waiting.subscription.kind);
  for (std::size_t i = 11; i < 16; ++i) events.u8(0);
  events.u64(waiting.error == Errno::success ? waiting.bytes : 0).u64(0);
}

/// The shortest time after which one of them has come whatever the input; of none: for ever.
std::optional<std::uint64_t> shortest_wait(std::span<const Waiting> all) {
  std::optional<std::uint64_t> shortest;
  for (const Waiting& waiting : all) {
    if (waiting.input != nullptr) continue;
    shortest = std::min(shortest.value_or(UINT64_MAX), waiting.wait_ns);
  }
  return shortest;
}

}  // namespace

/// Events in the order of the subscriptions, of all that have come when the first one has.
Answer<Done> Wasi::poll_oneoff(HostCall& call) {
  const std::uint32_t events_place = call.u32(1);
  const std::uint32_t count = call.u32(2);
  if (count == 0 || count > subscriptions_max) return fail(Errno::invalid);
  const std::uint32_t size = subscription_bytes + (older_ ? older_clock_name_bytes : 0);
  ISOTRACE_TRY(const core::ByteView list, get(call, call.u32(0), std::uint64_t{count} * size));
  ISOTRACE_TRY_DONE(check_place(call, events_place, std::uint64_t{count} * event_bytes));
  ISOTRACE_TRY_DONE(check_place(call, call.u32(3), 4));
  std::vector<Waiting> all;
  File* input = nullptr;
  for (std::uint32_t i = 0; i < count; ++i) {
    const Subscription subscription = parse_subscription(list.subspan(i * size, size), older_);
    if (subscription.kind > write_event) return fail(Errno::invalid);
    all.push_back(subscription.kind == clock_event
                      ? wait_for_clock(subscription, *world_.clock)
                      : wait_for_file(subscription, descriptors_.find_file(subscription.subject)));
    if (all.back().input != nullptr) input = all.back().input;
  }
  const std::optional<std::uint64_t> shortest = shortest_wait(all);
  bool has_input = false;
  if (input != nullptr) {
    ISOTRACE_TRY(has_input, input->wait_for_input(shortest));
  } else if (shortest.value_or(0) != 0) {
    world_.clock->sleep(*shortest);
  }
  // Where input has come, only those clocks that were not waited for.
  const std::uint64_t passed = has_input ? 0 : shortest.value_or(0);
  core::ByteWriter events;
  for (const Waiting& waiting : all) {
    const bool came = waiting.input != nullptr ? has_input : waiting.wait_ns <= passed;
    if (came) write_event_of(events, waiting);
  }
  const auto happened = static_cast<std::uint32_t>(events.bytes().size() / event_bytes);
  ISOTRACE_TRY_DONE(put(call, events_place, events.bytes()));
  return put_u32(call, call.u32(3), happened);
}

}  // namespace isotrace::wasm::wasi
