// Of the process itself: arguments, environment, its end, and the processor it does not share.
#include <isotrace/wasm/wasi/guest.hpp>
#include <isotrace/wasm/wasi/wasi.hpp>

namespace isotrace::wasm::wasi {

using core::Done;

/// The texts, each with a zero byte behind it, and where each begins.
Answer<Done> Wasi::put_texts(HostCall& call, const std::vector<std::string>& texts) {
  const std::uint32_t buffer = call.u32(1);
  core::ByteWriter places;
  core::ByteWriter bytes;
  for (const std::string& text : texts) {
    places.u32(buffer + static_cast<std::uint32_t>(bytes.bytes().size()));
    bytes.raw(core::as_bytes(text)).u8(0);
  }
  ISOTRACE_TRY_DONE(check_place(call, buffer, bytes.bytes().size()));
  ISOTRACE_TRY_DONE(put(call, call.u32(0), places.bytes()));
  return put(call, buffer, bytes.bytes());
}

Answer<Done> Wasi::put_sizes(HostCall& call, const std::vector<std::string>& texts) {
  std::uint64_t size = 0;
  for (const std::string& text : texts) size += text.size() + 1;
  if (size > UINT32_MAX) return fail(Errno::overflow);
  ISOTRACE_TRY_DONE(check_place(call, call.u32(1), 4));
  ISOTRACE_TRY_DONE(put_u32(call, call.u32(0), static_cast<std::uint32_t>(texts.size())));
  return put_u32(call, call.u32(1), static_cast<std::uint32_t>(size));
}

Answer<Done> Wasi::args_get(HostCall& call) { return put_texts(call, settings_.arguments); }
Answer<Done> Wasi::args_sizes_get(HostCall& call) { return put_sizes(call, settings_.arguments); }
Answer<Done> Wasi::environ_get(HostCall& call) { return put_texts(call, settings_.environment); }
Answer<Done> Wasi::environ_sizes_get(HostCall& call) {
  return put_sizes(call, settings_.environment);
}

Answer<Done> Wasi::proc_exit(HostCall& call) {
  exit_code_ = call.u32(0);
  return Done{};
}

Answer<Done> Wasi::sched_yield(HostCall& /*call*/) { return Done{}; }

}  // namespace isotrace::wasm::wasi
