#include <isotrace/wasm/wasi/wasi.hpp>

#include <algorithm>

#include <isotrace/core/check.hpp>

namespace isotrace::wasm::wasi {
namespace {

std::vector<ValueType> parameter_types(std::string_view letters) {
  std::vector<ValueType> types;
  for (const char letter : letters) {
    types.push_back(letter == 'i' ? ValueType::i32 : ValueType::i64);
  }
  return types;
}

}  // namespace

struct Wasi::Function {
  std::string_view name;
  std::string_view parameters;
  Handler handler;
};

std::span<const Wasi::Function> Wasi::functions() {
#define ISOTRACE_WASI_FUNCTION(name, parameters) {#name, parameters, &Wasi::name},
#define ISOTRACE_WASI_ABSENT(name, parameters) {#name, parameters, &Wasi::answer_absent},
  static constexpr Function all[] = {
#include <isotrace/wasm/wasi/functions.def>
  };
#undef ISOTRACE_WASI_FUNCTION
#undef ISOTRACE_WASI_ABSENT
  return all;
}

Wasi::Wasi(Settings settings, World world)
    : settings_(std::move(settings)), world_(std::move(world)) {
  add_stream(std::move(world_.input), true);
  add_stream(std::move(world_.output), false);
  add_stream(std::move(world_.error), false);
  for (OpenFolder& open : world_.folders) {
    const auto added = descriptors_.add({.folder = std::move(open.folder),
                                         .type = FileType::folder,
                                         .preopened_as = std::move(open.name)});
    ISOTRACE_CHECK(added.has_value(), world_.folders.size());
  }
}

void Wasi::add_stream(std::unique_ptr<File> stream, bool readable) {
  (void)descriptors_.add({.file = std::move(stream), .readable = readable, .writable = !readable});
}

std::optional<HostEntry> Wasi::find(std::string_view module, std::string_view name) {
  if (!is_module(module)) return std::nullopt;
  const bool older = module == older_module_name;
  if (older && name == "sock_accept") return std::nullopt;
  const auto function = std::ranges::find(functions(), name, &Function::name);
  if (function == functions().end()) return std::nullopt;
  FunctionType type{parameter_types(function->parameters), {}};
  if (function->handler != &Wasi::proc_exit) type.results.push_back(ValueType::i32);
  return HostEntry{std::move(type), [this, handler = function->handler, older](HostCall& call) {
                     return call_handler(handler, older, call);
                   }};
}

Trap Wasi::call_handler(Handler handler, bool older, HostCall& call) {
  older_ = older;
  const Answer<core::Done> done = (this->*handler)(call);
  if (exit_code_) return Trap::exit;
  const Errno errno_given = done ? Errno::success : done.error();
  call.results()[0] = static_cast<Slot>(errno_given);
  return Trap::none;
}

Answer<core::Done> Wasi::answer_absent(HostCall& /*call*/) { return fail(Errno::not_implemented); }

}  // namespace isotrace::wasm::wasi
