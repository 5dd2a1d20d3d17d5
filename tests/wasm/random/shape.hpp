// What a random module consists of, except its code: the index spaces that code can name.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <isotrace/wasm/module.hpp>

#include "tests/wasm/random/dice.hpp"

namespace isotrace::wasm::tests {

struct RandomOptions {
  Edition edition = Edition::v2;
  /// Without imports, and with entries that take nothing and give integers: for engines of others.
  bool standalone = false;
  /// Of standalone ones: with entries that take integers, and nothing but integers in code.
  bool integers = false;
};

struct ShapeImport {
  std::string module;
  std::string name;
};

struct ShapeGlobal {
  GlobalType type;
  Slot value = 0;  ///< numbers
  /// Instead of the value: the index of an imported constant.
  std::optional<std::uint32_t> copied = {};
  std::optional<std::uint32_t> function = {};  ///< of a funcref
};

struct ShapeElements {
  SegmentMode mode = SegmentMode::active;
  ValueType type = ValueType::funcref;
  std::uint32_t table = 0;
  std::uint32_t place = 0;
  std::vector<std::optional<std::uint32_t>> functions = {};  ///< nothing: null
  bool as_expressions = false;
  bool names_table = false;  ///< in its bytes, though it is the first one
  /// The imported global that stands for nulls of an externref segment.
  std::optional<std::uint32_t> copied = {};
};

struct ShapeData {
  SegmentMode mode = SegmentMode::active;
  std::uint32_t place = 0;
  core::Bytes bytes;
  bool names_memory = false;  ///< in its bytes
  /// The imported global that gives the place.
  std::optional<std::uint32_t> place_global = {};
};

/// Index spaces hold what is imported first.
struct ModuleShape {
  Edition edition = Edition::v2;
  /// Loops and recursion need not end.
  bool endless = false;
  bool integers = false;  ///< see RandomOptions
  /// How often code does what may trap, in percent.
  std::uint32_t risk = 0;

  std::vector<FunctionType> types;
  std::vector<ShapeImport> function_imports;
  std::vector<ShapeImport> global_imports;
  std::optional<ShapeImport> table_import;
  std::optional<ShapeImport> memory_import;

  /// Type by function. Behind the imports come the entries, which only hosts call.
  std::vector<std::uint32_t> functions;
  std::uint32_t entries = 0;
  std::vector<ShapeGlobal> globals;
  /// The global that calls and loops use up, so that runs end.
  std::uint32_t fuel = 0;
  std::vector<TableType> tables;
  std::optional<Limits> memory;
  std::vector<ShapeElements> elements;
  std::vector<ShapeData> datas;
  std::vector<std::uint32_t> declared;  ///< functions that ref.func can name
  std::optional<std::uint32_t> start;

  [[nodiscard]] std::uint32_t imported_functions() const {
    return static_cast<std::uint32_t>(function_imports.size());
  }
  [[nodiscard]] std::uint32_t first_helper() const { return imported_functions() + entries; }
  [[nodiscard]] const FunctionType& type_of(std::uint32_t function) const {
    return types[functions[function]];
  }
};

ValueType random_type(Dice& dice, Edition edition, bool integers);
ModuleShape random_shape(Dice& dice, const RandomOptions& options);

}  // namespace isotrace::wasm::tests
