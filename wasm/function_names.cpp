#include <isotrace/wasm/function_names.hpp>

#include <isotrace/wasm/reader.hpp>

namespace isotrace::wasm {
namespace {

constexpr std::uint8_t custom_section = 0;
// Subsections.
constexpr std::uint8_t function_names = 1;
constexpr std::uint8_t global_names = 7;
constexpr std::size_t header_bytes = 8;

/// A part behind its id and size; nothing at the end or where the bytes are broken.
struct Part {
  std::uint8_t id = 0;
  Reader contents;
};

std::optional<Part> next_part(Reader& reader) {
  if (reader.at_end()) return std::nullopt;
  const auto id = reader.byte();
  const auto size =
      id ? reader.u32() : core::Result<std::uint32_t>(tl::make_unexpected(id.error()));
  if (!size) return std::nullopt;
  const auto contents = reader.part(*size);
  if (!contents) return std::nullopt;
  return Part{*id, *contents};
}

void read_names(Reader reader, std::vector<std::string>& names) {
  const auto count = reader.u32();
  for (std::uint32_t i = 0; count && i < *count; ++i) {
    const auto index = reader.u32();
    if (!index) return;
    auto name = reader.name();
    if (!name) return;
    if (*index < names.size() && names[*index].empty()) names[*index] = *std::move(name);
  }
}

void read_section(const Module& module, std::uint8_t subsection, std::vector<std::string>& names) {
  Reader sections(module.bytes, header_bytes, module.bytes.size());
  while (auto section = next_part(sections)) {
    if (section->id != custom_section) continue;
    const auto name = section->contents.name();
    if (!name || *name != "name") continue;
    while (const auto part = next_part(section->contents)) {
      if (part->id == subsection) read_names(part->contents, names);
    }
  }
}

void add_exported(const Module& module, ExternKind kind, std::vector<std::string>& names) {
  for (const Export& out : module.exports) {
    if (out.kind == kind && names[out.index].empty()) names[out.index] = out.name;
  }
}

}  // namespace

std::vector<std::string> find_global_names(const Module& module) {
  std::vector<std::string> names(module.globals.size());
  read_section(module, global_names, names);
  add_exported(module, ExternKind::global, names);
  return names;
}

std::vector<std::string> find_function_names(const Module& module) {
  std::vector<std::string> names(module.functions.size());
  read_section(module, function_names, names);
  add_exported(module, ExternKind::function, names);
  std::size_t index = 0;
  for (const Import& import : module.imports) {
    if (import.kind() != ExternKind::function) continue;
    if (names[index].empty()) names[index] = import.module + "." + import.name;
    ++index;
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) names[i] = "function " + std::to_string(i);
  }
  return names;
}

}  // namespace isotrace::wasm
