#include <isotrace/wasm/decode.hpp>

#include <array>

#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/decode_sections.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::RefusalCode;
using core::Result;

struct Section {
  std::uint8_t id;
  std::string_view name;
  Result<Done> (*decode)(Reader&, Module&);
};

/// In the order in which they must stand.
constexpr std::array<Section, 12> sections = {{{1, "type", decode_types},
                                               {2, "import", decode_imports},
                                               {3, "function", decode_functions},
                                               {4, "table", decode_tables},
                                               {5, "memory", decode_memories},
                                               {6, "global", decode_globals},
                                               {7, "export", decode_exports},
                                               {8, "start", decode_start},
                                               {9, "element", decode_elements},
                                               {12, "data count", decode_data_count},
                                               {10, "code", decode_code},
                                               {11, "data", decode_datas}}};

Result<Done> check_header(Reader& reader) {
  constexpr std::array<std::uint8_t, 4> magic = {0, 'a', 's', 'm'};
  constexpr std::array<std::uint8_t, 4> version = {1, 0, 0, 0};
  for (const std::uint8_t byte : magic) {
    ISOTRACE_TRY_DONE(reader.expect(byte, "magic header not detected"));
  }
  if (const Reader rest = reader; rest.left() >= version.size()) {
    ISOTRACE_TRY(const core::ByteView found, Reader(rest).raw(version.size()));
    if (found[2] == 1) {  // the layer
      return refuse_at(RefusalCode::wasm_unsupported, rest.offset(), "a component, not a module");
    }
  }
  for (const std::uint8_t byte : version) {
    ISOTRACE_TRY_DONE(reader.expect(byte, "unknown binary version"));
  }
  return Done{};
}

/// The place of a section in the order; refuses unknown ones.
Result<std::size_t> find_section(std::uint8_t id, std::uint32_t offset, Edition edition) {
  for (std::size_t place = 0; place < sections.size(); ++place) {
    if (sections[place].id != id) continue;
    if (sections[place].decode == decode_data_count && edition == Edition::mvp) break;
    return place;
  }
  constexpr std::uint8_t tags = 13;
  if (id == tags && edition != Edition::mvp) {
    return refuse_at(RefusalCode::wasm_unsupported, offset, "a tag section: exceptions");
  }
  return refuse_malformed(offset, "malformed section id " + std::to_string(id));
}

Result<Done> decode_section(const Section& section, Reader& contents, Module& module) {
  ISOTRACE_TRY_DONE(section.decode(contents, module));
  if (!contents.at_end()) {
    return refuse_malformed(contents.offset(),
                            "section size mismatch: " + std::to_string(contents.left()) +
                                " bytes left in the " + std::string(section.name) + " section");
  }
  return Done{};
}

/// What only both sections together say.
Result<Done> check_counts(const Module& module) {
  const auto end = module.bytes.size();
  for (std::size_t i = module.imported_functions; i < module.functions.size(); ++i) {
    if (module.functions[i].offset == 0) {
      return refuse_malformed(end, "function and code section have inconsistent lengths");
    }
  }
  if (module.data_count && *module.data_count != module.datas.size()) {
    return refuse_malformed(end, "data count and data section have inconsistent lengths");
  }
  return Done{};
}

}  // namespace

Result<Module> decode_module(core::Bytes bytes, Edition edition) {
  if (bytes.size() > core::limits::wasm_module_bytes_max) {
    return core::refuse(RefusalCode::file_too_large, "module", std::to_string(bytes.size()));
  }
  Module module;
  module.bytes = std::move(bytes);
  module.edition = edition;
  Reader reader(module.bytes, 0, module.bytes.size());
  ISOTRACE_TRY_DONE(check_header(reader));
  std::size_t next = 0;  // the earliest section that may come
  while (!reader.at_end()) {
    const std::uint32_t offset = reader.offset();
    ISOTRACE_TRY(const std::uint8_t id, reader.byte());
    ISOTRACE_TRY(const std::uint32_t size, reader.u32());
    ISOTRACE_TRY(Reader contents, reader.part(size));
    constexpr std::uint8_t custom = 0;
    if (id == custom) {
      ISOTRACE_TRY_DONE(contents.name());
      continue;
    }
    ISOTRACE_TRY(const std::size_t place, find_section(id, offset, edition));
    if (place < next) return refuse_malformed(offset, "unexpected content after last section");
    next = place + 1;
    ISOTRACE_TRY_DONE(decode_section(sections[place], contents, module));
  }
  ISOTRACE_TRY_DONE(check_counts(module));
  return module;
}

}  // namespace isotrace::wasm
