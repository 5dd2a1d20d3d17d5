#include <isotrace/wasm/record/logged_host.hpp>

#include <algorithm>

#include <isotrace/wasm/record/check_execution.hpp>

namespace isotrace::wasm {
namespace {

/// Functions alone, each at the address of its import; they have no answers of their own.
core::Result<std::vector<ExternValue>> link_silent(Store& store, const Module& module) {
  std::vector<ExternValue> values;
  for (const Import& import : module.imports) {
    if (import.kind() != ExternKind::function) {
      return core::refuse(core::RefusalCode::wasm_unlinkable,
                          "byte " + std::to_string(import.offset),
                          "no recording holds " + import.module + "." + import.name);
    }
    const FunctionType& type = module.types[std::get<TypeIndex>(import.type).value];
    const auto silent = [](HostCall&) { return Trap::host_refused; };
    values.push_back({ExternKind::function, store.add_function(type, silent)});
  }
  return values;
}

}  // namespace

Link LoggedHost::link(Link live) {
  return [this, live = std::move(live)](
             Store& store, const Module& module) -> core::Result<std::vector<ExternValue>> {
    ISOTRACE_TRY(std::vector<ExternValue> values,
                 live ? live(store, module) : link_silent(store, module));
    for (Address address = 0; address < store.functions.size(); ++address) {
      HostFunction& host = store.functions[address].host;
      host = [this, &store, address, own = std::exchange(host, {})](HostCall& call) {
        return answer(store, address, call, own);
      };
    }
    return values;
  };
}

Trap LoggedHost::answer(const Store& store, Address function, HostCall& call,
                        const HostFunction& live) {
  if (answered_ == calls_.size()) {
    const Trap trap = live(call);
    if (trap == Trap::host_refused && !difference_) return refuse("was not recorded");
    return trap;
  }
  const trace::HostCallRecord& record = calls_[answered_];
  if (record.function != function || !std::ranges::equal(record.arguments, call.arguments())) {
    return refuse("was another one");
  }
  const auto trap = Trap{record.trap};
  if (trap != Trap::none && trap != Trap::exit) return refuse("has a trap that no host makes");
  const std::vector<ValueType>& types = store.type_of(function).results;
  if (!std::ranges::equal(record.results, types, [&](Slot slot, ValueType type) {
        return holds_value(store, slot, type);
      })) {
    return refuse("has results of other types");
  }
  for (const trace::HostWrite& write : record.writes) {
    if (!call.write(write.address, write.bytes)) return refuse("writes out of bounds");
  }
  std::ranges::copy(record.results, call.results().begin());
  ++answered_;
  return trap;
}

Trap LoggedHost::refuse(const std::string& why) {
  difference_ = "host call " + std::to_string(first_ + answered_) + " " + why;
  return Trap::host_refused;
}

}  // namespace isotrace::wasm
