#include <isotrace/wasm/host.hpp>

#include <algorithm>

#include <isotrace/wasm/store.hpp>

namespace isotrace::wasm {

std::optional<core::ByteView> HostCall::read(std::uint64_t address, std::uint64_t size) const {
  if (memory_ == nullptr || address > memory_->size() || size > memory_->size() - address) {
    return std::nullopt;
  }
  return std::as_const(*memory_).bytes().subspan(address, size);
}

bool HostCall::write(std::uint64_t address, core::ByteView bytes) {
  if (!read(address, bytes.size())) return false;
  memory_->mark(address, bytes.size());
  std::ranges::copy(bytes, memory_->bytes().subspan(address).begin());
  writes_.push_back({address, core::Bytes(bytes.begin(), bytes.end())});
  return true;
}

Trap call_host(Store& store, Address instance, Address function, std::span<const Slot> arguments,
               std::span<Slot> results) {
  LinearMemory* memory = nullptr;
  if (instance < store.instances.size() && !store.instances[instance].memories.empty()) {
    memory = &store.memories[store.instances[instance].memories[0]].data;
  }
  HostCall call(arguments, results, memory);
  const Trap trap = store.functions[function].host(call);
  if (trap == Trap::host_refused) return trap;
  const trace::HostCallRecord record{.function = function,
                                     .arguments = {arguments.begin(), arguments.end()},
                                     .results = {results.begin(), results.end()},
                                     .trap = static_cast<std::uint8_t>(trap),
                                     .writes = call.take_writes()};
  ++store.host_log.calls;
  store.host_log.digest = trace::extend_host_log(store.host_log.digest, record);
  if (store.host_log.observer) store.host_log.observer(record);
  return trap;
}

}  // namespace isotrace::wasm
