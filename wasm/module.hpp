// A module as data (specification, "Modules"): what the sections say, over the bytes themselves.
// Code stays in the bytes and is named by offsets from the module's first byte, so that a program
// counter means the same to every engine and every reader of a trace.
#pragma once

#include <string>
#include <variant>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/numeric/edition.hpp>
#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

/// The byte of the binary format.
enum class ExternKind : std::uint8_t { function = 0, table = 1, memory = 2, global = 3 };

std::string_view kind_name(ExternKind kind);

/// Instructions and their `end`, from `begin` up to and not including `end`.
struct Expression {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

struct TypeIndex {
  std::uint32_t value = 0;
};

struct Import {
  std::string module;
  std::string name;
  std::variant<TypeIndex, TableType, MemoryType, GlobalType> type;  ///< in the order of ExternKind
  std::uint32_t offset = 0;

  [[nodiscard]] ExternKind kind() const { return static_cast<ExternKind>(type.index()); }
};

struct Export {
  std::string name;
  ExternKind kind = ExternKind::function;
  std::uint32_t index = 0;
  std::uint32_t offset = 0;
};

/// Locals of one type that follow each other; `end` is the index of the first one after them.
struct LocalRun {
  std::uint32_t end = 0;
  ValueType type = ValueType::i32;
};

/// Where a block, loop or if leads: offsets of its opcodes.
struct Control {
  std::uint32_t begin = 0;
  std::uint32_t alternative = 0;  ///< of `else`; 0 if there is none
  std::uint32_t end = 0;          ///< of `end`
};

/// A function of the index space; imported ones have no body.
struct Function {
  std::uint32_t type = 0;
  std::uint32_t offset = 0;  ///< of its entry in the code section
  Expression body;
  std::vector<LocalRun> locals;      ///< behind the parameters
  std::uint32_t locals_count = 0;    ///< parameters not included
  std::uint32_t controls_begin = 0;  ///< its part of Module::controls
  std::uint32_t controls_end = 0;
  /// The most operands that the validation algorithm of the specification's appendix ever holds in
  /// this function; set by validation.
  std::uint32_t operands_max = 0;
};

struct Global {
  GlobalType type;
  Expression value;  ///< empty for imported ones
};

enum class SegmentMode : std::uint8_t { active, passive, declarative };

struct ElementSegment {
  SegmentMode mode = SegmentMode::active;
  ValueType type = ValueType::funcref;
  std::uint32_t table = 0;  ///< active ones
  Expression place;         ///< active ones: the first element
  /// One of the two lists is empty: function indices, or expressions of one reference each.
  std::vector<std::uint32_t> functions;
  std::vector<Expression> expressions;
  std::uint32_t offset = 0;
};

struct DataSegment {
  SegmentMode mode = SegmentMode::active;
  std::uint32_t memory = 0;  ///< active ones
  Expression place;          ///< active ones: the first address
  std::uint32_t begin = 0;   ///< the contents, in the module's bytes
  std::uint32_t size = 0;
  std::uint32_t offset = 0;
};

struct Module {
  core::Bytes bytes;
  Edition edition = Edition::v2;
  std::vector<FunctionType> types;
  std::vector<Import> imports;
  // Index spaces; imported entries come first.
  std::vector<Function> functions;
  std::vector<TableType> tables;
  std::vector<MemoryType> memories;
  std::vector<Global> globals;
  std::uint32_t imported_functions = 0;
  std::uint32_t imported_globals = 0;
  std::vector<Export> exports;
  std::optional<std::uint32_t> start;
  std::uint32_t start_offset = 0;
  std::vector<ElementSegment> elements;
  std::vector<DataSegment> datas;
  std::optional<std::uint32_t> data_count;
  std::vector<Control> controls;  ///< of all functions, in ascending order of `begin`

  [[nodiscard]] const FunctionType& type_of(const Function& function) const {
    return types[function.type];
  }
};

}  // namespace isotrace::wasm
