// A test script of the specification, as wast2json converts it: a JSON file of commands, and the
// modules beside it.
#pragma once

#include <string>

#include <isotrace/core/bytes.hpp>
#include <isotrace/wasm/types.hpp>

namespace isotrace::wasm {

/// A value with its type; an expected one may be a pattern.
struct ScriptValue {
  enum class Pattern : std::uint8_t {
    exact,
    canonical_nan,   ///< of any sign
    arithmetic_nan,  ///< any quiet one
    any,             ///< a reference: not null
  };
  ValueType type = ValueType::i32;
  Pattern pattern = Pattern::exact;
  Slot slot = 0;
};

struct ScriptAction {
  bool invokes = true;  ///< false: reads a global
  std::string module;   ///< empty: the latest one
  std::string field;
  std::vector<ScriptValue> arguments;
};

enum class CommandKind : std::uint8_t {
  module,
  register_,
  action,
  assert_return,
  assert_trap,
  assert_exhaustion,
  assert_invalid,
  assert_malformed,
  assert_unlinkable,
  assert_uninstantiable,
};

struct ScriptCommand {
  CommandKind kind = CommandKind::module;
  std::uint64_t line = 0;  ///< of the .wast file
  std::string file;        ///< of the module
  bool is_text = false;    ///< the module is in the text format
  std::string name;        ///< of the module; may be empty
  std::string as;          ///< name to import from
  std::string text;        ///< of the trap expected
  ScriptAction action;
  std::vector<ScriptValue> expected;
};

/// Refuses wasm_suite_malformed with the number of the command, and wasm_unsupported for vectors.
core::Result<std::vector<ScriptCommand>> parse_script(core::ByteView json);

/// Whether a result is the value expected.
bool matches(const ScriptValue& expected, Slot found);

/// "i32 7", "f32 nan:canonical", "externref null".
std::string script_value_text(const ScriptValue& value);

}  // namespace isotrace::wasm
