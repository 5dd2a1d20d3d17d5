#include "tests/wasm/random/shape.hpp"

#include <algorithm>

#include "tests/wasm/random/host.hpp"

namespace isotrace::wasm::tests {
namespace {

using enum ValueType;

/// Decides one part after the other; later ones name earlier ones.
class ShapeMaker {
 public:
  ShapeMaker(Dice& dice, const RandomOptions& options) : dice_(dice), options_(options) {
    shape_.edition = options.edition;
    shape_.integers = options.integers;
  }

  ModuleShape make() {
    constexpr std::uint32_t risks[] = {0, 0, 1, 3, 20};
    shape_.risk = dice_.pick(risks);
    shape_.endless = dice_.one_in(40);
    make_types();
    make_functions();
    make_globals();
    make_tables();
    make_memory();
    return std::move(shape_);
  }

 private:
  [[nodiscard]] bool v2() const { return options_.edition == Edition::v2; }

  FunctionType random_function_type() {
    FunctionType type;
    const bool many = rarely(30);
    for (std::uint32_t i = dice_.below(many ? 20 : 4); i > 0; --i) {
      type.parameters.push_back(value_type());
    }
    const std::uint32_t most = !v2() ? 2 : many ? 10 : 4;
    for (std::uint32_t i = dice_.below(most); i > 0; --i) type.results.push_back(value_type());
    return type;
  }

  /// What integer modules, which others count on, do not have.
  bool rarely(std::uint32_t n) { return !options_.integers && dice_.one_in(n); }

  ValueType value_type() { return random_type(dice_, options_.edition, options_.integers); }

  std::uint32_t type_index(const FunctionType& type) {
    const auto found = std::find(shape_.types.begin(), shape_.types.end(), type);
    if (found == shape_.types.end()) shape_.types.push_back(type);
    return static_cast<std::uint32_t>(std::find(shape_.types.begin(), shape_.types.end(), type) -
                                      shape_.types.begin());
  }

  void make_types() {
    shape_.types.emplace_back();
    for (std::uint32_t i = 3 + dice_.below(5); i > 0; --i) {
      shape_.types.push_back(random_function_type());  // two of them may be equal
    }
  }

  void import_function(const char* module, const char* name, const FunctionType& type) {
    if (!dice_.one_in(5)) return;
    shape_.function_imports.push_back({module, name});
    shape_.functions.push_back(type_index(type));
  }

  void make_functions() {
    if (!options_.standalone) {
      for (const HostEntry& entry : host_entries()) {
        import_function("host", entry.name, entry.type);
      }
      import_function("spectest", "print", {});
      import_function("spectest", "print_i32_f32", {{i32, f32}, {}});
    }
    shape_.entries = 1 + dice_.below(3);
    for (std::uint32_t i = 0; i < shape_.entries; ++i) {
      FunctionType type = random_function_type();
      if (options_.standalone) {
        if (!options_.integers) type.parameters.clear();
        for (ValueType& result : type.results) result = dice_.one_in(2) ? i32 : i64;
      }
      shape_.functions.push_back(type_index(type));
    }
    const auto own_types = shape_.types.size();
    for (std::uint32_t i = dice_.below(6); i > 0; --i) {
      shape_.functions.push_back(dice_.below(own_types));
    }
    make_start();
  }

  void make_start() {
    const std::uint32_t function = dice_.below(shape_.functions.size());
    const FunctionType& type = shape_.type_of(function);
    if (type == FunctionType() && dice_.one_in(2)) shape_.start = function;
  }

  void import_global(const char* module, const char* name, GlobalType type) {
    if (!dice_.one_in(6)) return;
    shape_.global_imports.push_back({module, name});
    shape_.globals.push_back({.type = type});
  }

  std::optional<std::uint32_t> imported_global(ValueType type, std::string_view name) {
    for (std::uint32_t i = 0; i < shape_.global_imports.size(); ++i) {
      if (shape_.global_imports[i].name == name && shape_.globals[i].type.value == type) return i;
    }
    return {};
  }

  void make_globals() {
    if (!options_.standalone) {
      import_global("spectest", "global_i32", {i32, false});
      import_global("spectest", "global_i64", {i64, false});
      import_global("spectest", "global_f32", {f32, false});
      import_global("spectest", "global_f64", {f64, false});
      import_global("host", "counter", {i64, true});
      if (v2()) import_global("host", "token", {externref, false});
    }
    const auto imported = static_cast<std::uint32_t>(shape_.globals.size());
    shape_.fuel = imported;
    shape_.globals.push_back({.type = {i32, true}, .value = 64});
    for (std::uint32_t i = dice_.below(6); i > 0; --i) {
      ShapeGlobal global{.type = {value_type(), !dice_.one_in(4)}};
      if (!is_reference(global.type.value)) global.value = random_number(dice_, global.type.value);
      if (global.type.value == funcref && dice_.one_in(2)) {
        global.function = dice_.below(shape_.functions.size());
        shape_.declared.push_back(*global.function);
      }
      if (imported > 0 && dice_.one_in(3)) {
        const std::uint32_t from = dice_.below(imported);
        const GlobalType& type = shape_.globals[from].type;
        if (!type.is_mutable && type.value == global.type.value) global.copied = from;
      }
      shape_.globals.push_back(global);
    }
  }

  Limits random_limits(std::uint32_t least, std::uint32_t more) {
    Limits limits{.least = least, .most = {}};
    // What engines of others allow without a maximum is their own affair.
    if (options_.standalone || !dice_.one_in(4)) limits.most = least + dice_.below(more + 1);
    return limits;
  }

  void make_tables() {
    if (!options_.standalone && dice_.one_in(6)) {
      shape_.table_import = {"spectest", "table"};
      shape_.tables.push_back({funcref, {.least = 10, .most = 20}});
    }
    const std::uint32_t most = v2() ? 3 : 1;
    while (shape_.tables.size() < most && !dice_.one_in(4)) {
      const bool other = v2() && !options_.integers && dice_.one_in(4);
      const ValueType type = other ? externref : funcref;
      shape_.tables.push_back({type, random_limits(1 + dice_.below(12), 8)});
    }
    if (!shape_.tables.empty()) {
      for (std::uint32_t i = 1 + dice_.below(3); i > 0; --i) make_elements();
    }
    if (v2() && dice_.one_in(2)) make_unplaced_elements();
    if (v2() && dice_.one_in(2)) declare_functions();
  }

  /// A function that code may call through a table.
  std::optional<std::uint32_t> callable() {
    const std::uint32_t helpers =
        static_cast<std::uint32_t>(shape_.functions.size()) - shape_.first_helper();
    const std::uint32_t count = shape_.imported_functions() + helpers;
    if (count == 0) return {};
    const std::uint32_t chosen = dice_.below(count);
    return chosen < shape_.imported_functions() ? chosen : chosen + shape_.entries;
  }

  void fill(ShapeElements& segment, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto function = segment.type == funcref ? callable() : std::nullopt;
      const bool null = !function || (segment.as_expressions && dice_.one_in(6));
      if (null && !segment.as_expressions) break;
      segment.functions.push_back(null ? std::nullopt : function);
      if (!null) shape_.declared.push_back(*function);
    }
  }

  void make_elements() {
    const std::uint32_t index = dice_.below(shape_.tables.size());
    const TableType& table = shape_.tables[index];
    ShapeElements segment{.mode = SegmentMode::active, .type = table.element, .table = index};
    segment.as_expressions = table.element == externref || (v2() && dice_.one_in(3));
    segment.place = dice_.below(table.limits.least);
    if (v2() && dice_.one_in(100)) segment.place = table.limits.least + 1;  // a trap
    const std::uint32_t room = table.limits.least - std::min(segment.place, table.limits.least);
    fill(segment, dice_.below(room + 1));
    segment.names_table = v2() && rarely(4);
    if (segment.type == externref && dice_.one_in(2)) {
      segment.copied = imported_global(externref, "token");
    }
    shape_.elements.push_back(std::move(segment));
  }

  void make_unplaced_elements() {
    ShapeElements segment{.mode = SegmentMode::passive};
    segment.type = dice_.one_in(4) ? externref : funcref;
    segment.as_expressions = segment.type == externref || dice_.one_in(2);
    fill(segment, 1 + dice_.below(6));
    shape_.elements.push_back(std::move(segment));
  }

  void declare_functions() {
    ShapeElements segment{.mode = SegmentMode::declarative};
    segment.as_expressions = dice_.one_in(2);
    fill(segment, 1 + dice_.below(3));
    shape_.elements.push_back(std::move(segment));
  }

  void make_memory() {
    if (dice_.one_in(10)) return;
    if (!options_.standalone && dice_.one_in(8)) {
      shape_.memory_import = {"spectest", "memory"};
      shape_.memory = Limits{.least = 1, .most = 2};
    } else {
      shape_.memory = random_limits(dice_.one_in(8) ? dice_.below(4) : 1, 3);
    }
    for (std::uint32_t i = dice_.below(3); i > 0; --i) make_data();
  }

  void make_data() {
    ShapeData segment;
    segment.bytes.resize(dice_.below(80));
    for (std::uint8_t& byte : segment.bytes) byte = static_cast<std::uint8_t>(dice_.below(256));
    if (v2() && dice_.one_in(2)) segment.mode = SegmentMode::passive;
    const std::uint64_t room = shape_.memory->least * page_bytes;
    if (room == 0) segment.bytes.clear();
    if (room != 0) segment.place = dice_.below(room - segment.bytes.size() + 1);
    segment.names_memory = v2() && rarely(4);
    constexpr std::uint64_t given_place = 666;  // spectest's global_i32
    if (given_place + segment.bytes.size() <= room && rarely(2)) {
      segment.place_global = imported_global(i32, "global_i32");
    }
    shape_.datas.push_back(std::move(segment));
  }

  Dice& dice_;
  RandomOptions options_;
  ModuleShape shape_;
};

}  // namespace

ValueType random_type(Dice& dice, Edition edition, bool integers) {
  if (integers) return dice.one_in(3) ? i64 : i32;
  constexpr ValueType numbers[] = {i32, i32, i64, f32, f64};
  if (edition == Edition::v2 && dice.one_in(8)) return dice.one_in(2) ? funcref : externref;
  return dice.pick(numbers);
}

ModuleShape random_shape(Dice& dice, const RandomOptions& options) {
  return ShapeMaker(dice, options).make();
}

}  // namespace isotrace::wasm::tests
