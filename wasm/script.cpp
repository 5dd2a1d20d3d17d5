#include <isotrace/wasm/script.hpp>

#include <charconv>

#include <nlohmann/json.hpp>

#include <isotrace/wasm/numeric/numeric_float.hpp>

namespace isotrace::wasm {
namespace {

using core::Result;
using Json = nlohmann::json;

tl::unexpected<core::Refusal> refuse_script(std::string detail) {
  return core::refuse(core::RefusalCode::wasm_suite_malformed, {}, std::move(detail));
}

/// The text of a key; empty if it is absent.
Result<std::string> find_text(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::string();
  if (!found->is_string()) return refuse_script(std::string(key) + " is not a text");
  return found->get<std::string>();
}

Result<const Json*> find_list(const Json& object, const char* key) {
  static const Json none = Json::array();
  const auto found = object.find(key);
  if (found == object.end()) return &none;
  if (!found->is_array()) return refuse_script(std::string(key) + " is not a list");
  return &*found;
}

Result<ValueType> parse_type(const std::string& text) {
  using enum ValueType;
  for (const ValueType type : {i32, i64, f32, f64, funcref, externref}) {
    if (text == type_name(type)) return type;
  }
  if (text == "v128") {
    return core::refuse(core::RefusalCode::wasm_unsupported, {}, "a vector in a script");
  }
  return refuse_script("no value type: " + text);
}

Result<Slot> parse_number(const std::string& text, std::uint64_t most) {
  Slot number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number > most) {
    return refuse_script("no number in range: " + text);
  }
  return number;
}

/// Numbers are unsigned decimals of the bits, references "null" or the host's number.
Result<ScriptValue> parse_value(const Json& json) {
  using Pattern = ScriptValue::Pattern;
  if (!json.is_object()) return refuse_script("a value is not an object");
  ISOTRACE_TRY(const std::string type, find_text(json, "type"));
  ScriptValue value;
  ISOTRACE_TRY(value.type, parse_type(type));
  ISOTRACE_TRY(const std::string text, find_text(json, "value"));
  const bool is_float = value.type == ValueType::f32 || value.type == ValueType::f64;
  if (is_float && text == "nan:canonical") {
    value.pattern = Pattern::canonical_nan;
  } else if (is_float && text == "nan:arithmetic") {
    value.pattern = Pattern::arithmetic_nan;
  } else if (text.empty()) {  // only the type is known
    value.pattern = Pattern::any;
  } else if (!is_reference(value.type)) {
    const bool is_half = value.type == ValueType::i32 || value.type == ValueType::f32;
    ISOTRACE_TRY(value.slot, parse_number(text, is_half ? UINT32_MAX : UINT64_MAX));
  } else if (text != "null") {
    ISOTRACE_TRY(value.slot, parse_number(text, UINT32_MAX));
    ++value.slot;
  }
  return value;
}

Result<std::vector<ScriptValue>> parse_values(const Json& object, const char* key) {
  ISOTRACE_TRY(const Json* list, find_list(object, key));
  std::vector<ScriptValue> values;
  for (const Json& json : *list) {
    ISOTRACE_TRY(const ScriptValue value, parse_value(json));
    values.push_back(value);
  }
  return values;
}

Result<ScriptAction> parse_action(const Json& json) {
  if (!json.is_object()) return refuse_script("an action is not an object");
  ISOTRACE_TRY(const std::string type, find_text(json, "type"));
  if (type != "invoke" && type != "get") return refuse_script("no action: " + type);
  ScriptAction action;
  action.invokes = type == "invoke";
  ISOTRACE_TRY(action.module, find_text(json, "module"));
  ISOTRACE_TRY(action.field, find_text(json, "field"));
  ISOTRACE_TRY(action.arguments, parse_values(json, "args"));
  return action;
}

Result<CommandKind> parse_kind(const std::string& text) {
  constexpr std::pair<std::string_view, CommandKind> kinds[] = {
      {"module", CommandKind::module},
      {"register", CommandKind::register_},
      {"action", CommandKind::action},
      {"assert_return", CommandKind::assert_return},
      {"assert_trap", CommandKind::assert_trap},
      {"assert_exhaustion", CommandKind::assert_exhaustion},
      {"assert_invalid", CommandKind::assert_invalid},
      {"assert_malformed", CommandKind::assert_malformed},
      {"assert_unlinkable", CommandKind::assert_unlinkable},
      {"assert_uninstantiable", CommandKind::assert_uninstantiable},
  };
  for (const auto& [name, kind] : kinds) {
    if (text == name) return kind;
  }
  return refuse_script("no command: " + text);
}

/// Module files lie beside the script.
Result<std::string> parse_file(const Json& json) {
  ISOTRACE_TRY(const std::string file, find_text(json, "filename"));
  if (file.find('/') != std::string::npos) return refuse_script("a file elsewhere: " + file);
  return file;
}

Result<ScriptCommand> parse_command(const Json& json) {
  if (!json.is_object()) return refuse_script("a command is not an object");
  ScriptCommand command;
  ISOTRACE_TRY(const std::string type, find_text(json, "type"));
  ISOTRACE_TRY(command.kind, parse_kind(type));
  if (const auto line = json.find("line"); line != json.end() && line->is_number_unsigned()) {
    command.line = line->get<std::uint64_t>();
  }
  ISOTRACE_TRY(command.file, parse_file(json));
  ISOTRACE_TRY(const std::string format, find_text(json, "module_type"));
  command.is_text = format == "text";
  ISOTRACE_TRY(command.name, find_text(json, "name"));
  ISOTRACE_TRY(command.as, find_text(json, "as"));
  ISOTRACE_TRY(command.text, find_text(json, "text"));
  ISOTRACE_TRY(command.expected, parse_values(json, "expected"));
  if (const auto action = json.find("action"); action != json.end()) {
    ISOTRACE_TRY(command.action, parse_action(*action));
  }
  return command;
}

}  // namespace

Result<std::vector<ScriptCommand>> parse_script(core::ByteView bytes) {
  const Json json = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (!json.is_object()) return refuse_script("not a JSON object");
  ISOTRACE_TRY(const Json* list, find_list(json, "commands"));
  if (list->empty()) return refuse_script("no commands");
  std::vector<ScriptCommand> commands;
  for (const Json& entry : *list) {
    auto command = parse_command(entry);
    if (!command) {
      return core::refuse_within("command " + std::to_string(commands.size()),
                                 std::move(command).error());
    }
    commands.push_back(*std::move(command));
  }
  return commands;
}

bool matches(const ScriptValue& expected, Slot found) {
  const bool is_single = expected.type == ValueType::f32;
  const Slot sign = is_single ? sign_bit<float> : sign_bit<double>;
  const Slot canonical_nan = is_single ? canonical_nan_bits<float> : canonical_nan_bits<double>;
  switch (expected.pattern) {
    case ScriptValue::Pattern::exact: return found == expected.slot;
    case ScriptValue::Pattern::canonical_nan: return (found & ~sign) == canonical_nan;
    case ScriptValue::Pattern::arithmetic_nan: return (found & canonical_nan) == canonical_nan;
    case ScriptValue::Pattern::any: return !is_reference(expected.type) || found != null_reference;
  }
  return false;
}

std::string script_value_text(const ScriptValue& value) {
  const std::string type = std::string(type_name(value.type)) + " ";
  switch (value.pattern) {
    case ScriptValue::Pattern::exact: break;
    case ScriptValue::Pattern::canonical_nan: return type + "nan:canonical";
    case ScriptValue::Pattern::arithmetic_nan: return type + "nan:arithmetic";
    case ScriptValue::Pattern::any: return type + "any";
  }
  if (!is_reference(value.type)) return type + std::to_string(value.slot);
  return type + (value.slot == null_reference ? "null" : std::to_string(value.slot - 1));
}

}  // namespace isotrace::wasm
