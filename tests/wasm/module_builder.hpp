// Writes small WebAssembly modules, byte for byte, for tests: right ones, and ones with a fault at
// a known place.
#pragma once

#include <string>
#include <vector>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/module.hpp>
#include <isotrace/wasm/numeric/opcode.hpp>

namespace isotrace::wasm::tests {

using core::Bytes;
using enum ValueType;

Bytes unsigned_leb(std::uint64_t value);
Bytes signed_leb(std::int64_t value);
Bytes operator+(Bytes left, const Bytes& right);

/// The opcode's bytes.
Bytes op(Opcode opcode);
/// The opcode and one index.
Bytes op(Opcode opcode, std::uint32_t index);
Bytes op(Opcode opcode, std::uint32_t first, std::uint32_t second);
Bytes push_i32(std::int32_t value);
Bytes push_i64(std::int64_t value);
/// The bits.
Bytes push_f32(std::uint32_t bits);
Bytes push_f64(std::uint64_t bits);
/// block, loop or if, with a result (0x40: none).
Bytes open_block(Opcode opcode, std::uint8_t type = 0x40);
inline Bytes close_block() { return op(Opcode::end); }

/// Entries of sections, added in any order. Index spaces count imports first.
class ModuleBuilder {
 public:
  std::uint32_t add_type(const FunctionType& type);
  ModuleBuilder& add_import(const std::string& module, const std::string& name, ExternKind kind,
                            const Bytes& type);
  /// Code without the last `end`; locals in runs of (count, type).
  ModuleBuilder& add_function(const FunctionType& type, const Bytes& code,
                              const std::vector<std::pair<std::uint32_t, ValueType>>& locals = {});
  ModuleBuilder& add_export(const std::string& name, ExternKind kind, std::uint32_t index);
  /// One entry as it stands in the section.
  ModuleBuilder& add(std::uint8_t section, const Bytes& entry);
  ModuleBuilder& add_memory(std::uint32_t least, std::optional<std::uint32_t> most = {});
  ModuleBuilder& add_table(ValueType element, std::uint32_t least,
                           std::optional<std::uint32_t> most = {});
  /// The whole contents of a section without a count: start, data count.
  ModuleBuilder& set(std::uint8_t section, const Bytes& contents);

  [[nodiscard]] Bytes bytes() const;

 private:
  struct Section {
    std::uint32_t count = 0;
    bool counted = false;
    Bytes entries;
  };
  Section sections_[13];
};

inline constexpr std::uint8_t type_section = 1;
inline constexpr std::uint8_t import_section = 2;
inline constexpr std::uint8_t function_section = 3;
inline constexpr std::uint8_t table_section = 4;
inline constexpr std::uint8_t memory_section = 5;
inline constexpr std::uint8_t global_section = 6;
inline constexpr std::uint8_t export_section = 7;
inline constexpr std::uint8_t start_section = 8;
inline constexpr std::uint8_t element_section = 9;
inline constexpr std::uint8_t code_section = 10;
inline constexpr std::uint8_t data_section = 11;
inline constexpr std::uint8_t data_count_section = 12;

/// The eight bytes in front of every module.
Bytes header();
/// A section of any contents.
Bytes section(std::uint8_t id, const Bytes& contents);
Bytes name_bytes(const std::string& name);

/// A module that has a little of everything: imports of spectest, two tables, memory, globals,
/// every kind of segment, a start function, blocks of several values.
Bytes sample_module();

}  // namespace isotrace::wasm::tests
