#include <isotrace/wasm/host_library.hpp>

namespace isotrace::wasm {
namespace {

using core::Result;

tl::unexpected<core::Refusal> refuse_import(const Import& import, const std::string& why) {
  return core::refuse(core::RefusalCode::wasm_unlinkable, "byte " + std::to_string(import.offset),
                      why + " " + import.module + "." + import.name);
}

Result<HostEntry> find_entry(const Import& import, const FunctionType& declared,
                             std::span<HostLibrary* const> libraries) {
  for (HostLibrary* library : libraries) {
    auto entry = library->find(import.module, import.name);
    if (!entry) continue;
    if (entry->type == declared) return *std::move(entry);
    return refuse_import(import, "incompatible import type " + type_text(declared) + ", not " +
                                     type_text(entry->type) + ", of");
  }
  return refuse_import(import, "unknown import");
}

}  // namespace

Result<std::vector<ExternValue>> link_host(Store& store, const Module& module,
                                           std::span<HostLibrary* const> libraries) {
  std::vector<ExternValue> values;
  for (const Import& import : module.imports) {
    if (import.kind() != ExternKind::function) {
      return refuse_import(import, "the host has no " + std::string(kind_name(import.kind())));
    }
    const FunctionType& declared = module.types[std::get<TypeIndex>(import.type).value];
    ISOTRACE_TRY(HostEntry entry, find_entry(import, declared, libraries));
    values.push_back(
        {ExternKind::function, store.add_function(entry.type, std::move(entry.function))});
  }
  return values;
}

}  // namespace isotrace::wasm
