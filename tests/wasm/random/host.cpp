#include "tests/wasm/random/host.hpp"

#include <isotrace/wasm/numeric/slot.hpp>

namespace isotrace::wasm::tests {
namespace {

using enum ValueType;

Trap mix(HostCall& call) {
  call.results()[0] = call.u64(1) * 0x9E3779B97F4A7C15 + call.u32(0);
  return Trap::none;
}

Trap write(HostCall& call) {
  const core::Bytes bytes = core::ByteWriter().u64(call.u64(1)).take();
  call.results()[0] = call.write(call.u32(0), bytes) ? 1 : 0;
  return Trap::none;
}

Trap read(HostCall& call) {
  const auto bytes = call.read(call.u32(0), 4);
  call.results()[0] = bytes ? Slot{(*bytes)[0]} | Slot{(*bytes)[3]} << 8 : 0xFFFFFFFF;
  return Trap::none;
}

Trap exit_sometimes(HostCall& call) { return call.u32(0) % 16 == 0 ? Trap::exit : Trap::none; }

}  // namespace

std::span<const HostEntry> host_entries() {
  static const HostEntry entries[] = {
      {"mix", {{i32, i64}, {i64}}, mix},
      {"write", {{i32, i64}, {i32}}, write},
      {"read", {{i32}, {i32}}, read},
      {"exit", {{i32}, {}}, exit_sometimes},
  };
  return entries;
}

Namespace make_random_host(Store& store) {
  Namespace names;
  for (const HostEntry& entry : host_entries()) {
    names[entry.name] = {ExternKind::function, store.add_function(entry.type, entry.function)};
  }
  names["counter"] = {ExternKind::global, store.add_global({i64, true}, 7)};
  names["token"] = {ExternKind::global, store.add_global({externref, false}, 1 + 99)};
  return names;
}

}  // namespace isotrace::wasm::tests
