#include <isotrace/tools/commands/inspect_wasm.hpp>

#include <array>

#include <isotrace/core/blake3.hpp>
#include <isotrace/wasm/decode.hpp>
#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/reader.hpp>
#include <isotrace/wasm/validate.hpp>
#include <isotrace/wasm/witness/witness.hpp>

namespace isotrace::tools {
namespace {

using core::ByteReader;

constexpr std::string_view witness_mark = "isotrace.wasm.step.v1";
constexpr std::string_view effects_mark = "isotrace.wasm.effects.v2";
constexpr std::string_view old_effects_mark = "isotrace.wasm.effects.v1";  // always from step 0 on
constexpr std::size_t module_header_bytes = 8;

/// Whether the bytes begin with this text behind its length.
bool begins_with_mark(core::ByteView bytes, std::string_view mark) {
  ByteReader reader(bytes.first(std::min(bytes.size(), 8 + mark.size())));
  const auto text = reader.text(mark.size());
  return text && *text == mark;
}

std::string_view section_name(std::uint8_t id) {
  static constexpr std::array<std::string_view, 13> names = {
      "custom", "type",  "import",  "function", "table", "memory",    "global",
      "export", "start", "element", "code",     "data",  "data count"};
  return id < names.size() ? names[id] : "unknown";
}

Json limits_json(const wasm::Limits& limits) {
  return {{"least", limits.least}, {"most", limits.most ? Json(*limits.most) : Json(nullptr)}};
}

Json global_json(const wasm::GlobalType& type) {
  return {{"type", wasm::type_name(type.value)}, {"mutable", type.is_mutable}};
}

Json table_json(const wasm::TableType& type) {
  Json out = limits_json(type.limits);
  out["element"] = wasm::type_name(type.element);
  return out;
}

Json import_json(const wasm::Module& module, const wasm::Import& import) {
  Json out = {
      {"module", import.module}, {"name", import.name}, {"kind", wasm::kind_name(import.kind())}};
  if (const auto* type = std::get_if<wasm::TypeIndex>(&import.type)) {
    out["type"] = type->value < module.types.size()
                      ? Json(wasm::type_text(module.types[type->value]))
                      : Json(nullptr);
  } else if (const auto* memory = std::get_if<wasm::MemoryType>(&import.type)) {
    out["pages"] = limits_json(memory->limits);
  } else if (const auto* table = std::get_if<wasm::TableType>(&import.type)) {
    out["elements"] = table_json(*table);
  } else {
    out["global"] = global_json(std::get<wasm::GlobalType>(import.type));
  }
  return out;
}

Json export_json(const wasm::Module& module, const wasm::Export& out) {
  Json row = {{"name", out.name}, {"kind", wasm::kind_name(out.kind)}, {"index", out.index}};
  if (out.kind != wasm::ExternKind::function || out.index >= module.functions.size()) return row;
  const wasm::Function& function = module.functions[out.index];
  if (function.type < module.types.size()) row["type"] = wasm::type_text(module.type_of(function));
  return row;
}

/// Fields of the custom section "producers" (tool conventions): a list of names and versions each.
/// What is broken ends the list.
Json producers_json(wasm::Reader reader) {
  Json out = Json::object();
  const auto fields = reader.u32();
  for (std::uint32_t i = 0; fields && i < *fields; ++i) {
    const auto field = reader.name();
    const auto count = reader.u32();
    if (!field || !count) return out;
    Json values = Json::array();
    for (std::uint32_t k = 0; k < *count; ++k) {
      const auto name = reader.name();
      const auto version = reader.name();
      if (!name || !version) return out;
      values.push_back({{"name", *name}, {"version", *version}});
    }
    out[*field] = std::move(values);
  }
  return out;
}

/// Every section with its size; `producers` from the section of that name. The module is decoded,
/// so the sections are whole.
Json sections_json(const wasm::Module& module, Json& producers) {
  Json out = Json::array();
  wasm::Reader reader(module.bytes, module_header_bytes, module.bytes.size());
  while (!reader.at_end()) {
    const std::uint32_t offset = reader.offset();
    const auto id = reader.byte();
    const auto size = reader.u32();
    if (!id || !size) break;
    auto contents = reader.part(*size);
    if (!contents) break;
    Json row = {{"section", section_name(*id)}, {"offset", offset}, {"bytes", *size}};
    if (*id == 0) {
      const auto name = contents->name();
      if (name) row["name"] = *name;
      if (name && *name == "producers") producers = producers_json(*contents);
    }
    out.push_back(std::move(row));
  }
  return out;
}

Json digests_json(const trace::Contents& contents) {
  return {{"size", contents.size}, {"digest", contents.digest.hex()}};
}

template <class Type, class Show>
Json list_json(const std::vector<Type>& types, Show show) {
  Json out = Json::array();
  for (const Type& type : types) out.push_back(show(type));
  return out;
}

/// What `isotrace run` would say of the module.
void add_validity(Json& out, core::ByteView bytes) {
  const auto valid = wasm::load_module({bytes.begin(), bytes.end()}, wasm::Edition::v2);
  out["valid"] = valid.has_value();
  if (valid) {
    out["programDigest"] = wasm::program_digest(*valid).hex();
  } else {
    out["problem"] = core::describe(valid.error());
  }
}

}  // namespace

core::Result<Json> module_json(core::ByteView bytes) {
  ISOTRACE_TRY(const wasm::Module module,
               wasm::decode_module({bytes.begin(), bytes.end()}, wasm::Edition::v2));
  Json producers = Json::object();
  Json sections = sections_json(module, producers);
  Json out = {
      {"kind", "module"}, {"bytes", bytes.size()}, {"moduleDigest", core::blake3(bytes).hex()}};
  add_validity(out, bytes);
  out["types"] = module.types.size();
  out["functions"] = {{"imported", module.imported_functions},
                      {"defined", module.functions.size() - module.imported_functions}};
  out["memories"] = list_json(
      module.memories, [](const wasm::MemoryType& type) { return limits_json(type.limits); });
  out["tables"] = list_json(module.tables, table_json);
  out["globals"] = module.globals.size();
  out["start"] = module.start ? Json(*module.start) : Json(nullptr);
  out["elementSegments"] = module.elements.size();
  out["dataSegments"] = module.datas.size();
  out["imports"] = list_json(
      module.imports, [&](const wasm::Import& import) { return import_json(module, import); });
  out["exports"] =
      list_json(module.exports, [&](const wasm::Export& one) { return export_json(module, one); });
  out["producers"] = std::move(producers);
  out["sections"] = std::move(sections);
  return out;
}

bool looks_like_witness(core::ByteView bytes) { return begins_with_mark(bytes, witness_mark); }

core::Result<Json> witness_json(core::ByteView bytes) {
  ISOTRACE_TRY(const wasm::Witness witness, wasm::parse_witness(bytes));
  std::size_t chunks = 0;
  for (const wasm::StringOpening& opening : witness.openings)
    chunks += opening.opening.chunks.size();
  const core::Digest program = wasm::program_digest(witness.program);
  trace::StateRecord before = witness.before;
  before.program = program;
  return Json{{"kind", "witness"},
              {"judged", false},
              {"programDigest", program.hex()},
              {"edition", witness.program.edition == wasm::Edition::mvp ? "1.0" : "2.0"},
              {"step", witness.before.steps},
              {"before", trace::state_root(before).hex()},
              {"after", witness.after.hex()},
              {"instruction", witness.instruction},
              {"hostCall", witness.host_call ? Json(witness.host_call->function) : Json(nullptr)},
              {"frames", digests_json(witness.before.frames)},
              {"slots", digests_json(witness.before.slots)},
              {"openings", witness.openings.size()},
              {"chunks", chunks},
              {"bytes", bytes.size()}};
}

bool looks_like_effects(core::ByteView bytes) {
  return begins_with_mark(bytes, effects_mark) || begins_with_mark(bytes, old_effects_mark);
}

core::Result<Json> effects_json(core::ByteView bytes) {
  ByteReader reader(bytes);
  ISOTRACE_TRY([[maybe_unused]] const std::string mark, reader.text(effects_mark.size()));
  ISOTRACE_TRY(const core::ByteView program, reader.raw(32));
  std::uint64_t first = 0;
  if (begins_with_mark(bytes, effects_mark)) {
    ISOTRACE_TRY(first, reader.u64());
  }
  std::uint64_t steps = 0;
  std::uint64_t written = 0;
  for (; reader.offset() < bytes.size(); ++steps) {
    ISOTRACE_TRY_DONE(reader.raw(6));  // pc, opcode
    ISOTRACE_TRY(const std::uint16_t results, reader.u16());
    ISOTRACE_TRY(const std::uint32_t writes, reader.u32());
    ISOTRACE_TRY_DONE(reader.raw(std::size_t{8} * results));
    for (std::uint32_t i = 0; i < writes; ++i) {
      ISOTRACE_TRY_DONE(reader.raw(8));  // address
      ISOTRACE_TRY(const core::ByteView data, reader.block());
      written += data.size();
    }
  }
  return Json{{"kind", "effects"},       {"programDigest", core::to_hex(program)},
              {"firstStep", first},      {"steps", steps},
              {"bytesWritten", written}, {"bytes", bytes.size()}};
}

}  // namespace isotrace::tools
