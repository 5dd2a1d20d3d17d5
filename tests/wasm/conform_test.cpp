// The runner of test scripts: that it can say no, and what it refuses to read.
#include <gtest/gtest.h>

#include <isotrace/wasm/conform.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/wasm/module_builder.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;

Bytes text_bytes(const std::string& text) { return {text.begin(), text.end()}; }

/// "half" divides its argument by two and traps for 0, "g" is a global of 7.
Bytes module_bytes() {
  return ModuleBuilder()
      .add_function({{i32}, {i32}}, push_i32(2) + op(Opcode::local_get, 0) + op(Opcode::i32_div_u))
      .add_export("half", ExternKind::function, 0)
      .add(global_section, Bytes{0x7F, 0} + push_i32(7) + close_block())
      .add_export("g", ExternKind::global, 0)
      .bytes();
}

core::Result<ScriptOutcome> run(const std::string& commands) {
  isotrace::tests::SimulatedFiles files;
  files.put("t/a.wasm", module_bytes());
  files.put("t/bad.wasm", {1, 2, 3});
  files.put("t/t.json", text_bytes("{\"commands\": [" + commands + "]}"));
  return run_script(files, "t/t.json", Edition::v2, make_fastest_engine);
}

const std::string module_command = R"({"type":"module","line":1,"filename":"a.wasm"},)";

std::string invoke(const std::string& type, const std::string& argument, const std::string& rest) {
  return R"({"type":")" + type +
         R"(","line":5,"action":{"type":"invoke","field":"half","args":[{"type":"i32","value":")" +
         argument + R"("}]},)" + rest + "}";
}

/// The complaint about one command behind the module; nothing if it passed.
std::string complaint(const std::string& command) {
  const auto outcome = run(module_command + command);
  EXPECT_TRUE(outcome.has_value()) << core::describe(outcome.error());
  if (!outcome || outcome->failures.empty()) {
    EXPECT_EQ(outcome ? outcome->passed : 0, 1U);
    return "";
  }
  EXPECT_EQ(outcome->passed, 0U);
  return outcome->failures[0].what;
}

TEST(WasmConform, assertions_pass_and_fail) {
  const auto returns = [](const std::string& type, const std::string& value) {
    return invoke("assert_return", "1",
                  R"("expected":[{"type":")" + type + R"(","value":")" + value + R"("}])");
  };
  EXPECT_EQ(complaint(returns("i32", "2")), "");
  EXPECT_EQ(complaint(returns("i32", "3")), "half: i32 3 expected, i32 2 found");
  EXPECT_EQ(complaint(returns("i64", "2")), "half: i64 2 expected, i32 2 found");
  EXPECT_EQ(complaint(returns("f32", "nan:canonical")),
            "half: f32 nan:canonical expected, i32 2 found");
  EXPECT_EQ(complaint(invoke("assert_return", "1", R"("expected":[])")), "1 results");
  EXPECT_EQ(complaint(invoke("assert_trap", "0", R"("text":"integer divide by zero")")), "");
  EXPECT_EQ(complaint(invoke("assert_trap", "0", R"("text":"integer overflow")")),
            "'integer overflow' expected; trap: integer divide by zero");
  EXPECT_EQ(complaint(invoke("assert_trap", "1", R"("text":"integer divide by zero")")),
            "'integer divide by zero' expected; no trap");
  EXPECT_EQ(complaint(invoke("assert_return", "0", R"("expected":[])")),
            "trap: integer divide by zero");
  EXPECT_EQ(complaint(R"({"type":"assert_invalid","text":"x","filename":"a.wasm"})"),
            "'x' expected; accepted");
  EXPECT_EQ(complaint(R"({"type":"assert_malformed","text":"x","filename":"bad.wasm"})"), "");
  EXPECT_EQ(complaint(R"({"type":"assert_unlinkable","text":"x","filename":"a.wasm"})"),
            "'x' expected; linked");
  EXPECT_EQ(complaint(R"({"type":"assert_uninstantiable","text":"x","filename":"a.wasm"})"),
            "'x' expected; no trap");
}

TEST(WasmConform, actions_name_what_is_missing) {
  const auto get = [](const std::string& field) {
    return R"({"type":"assert_return","action":{"type":"get","field":")" + field +
           R"("},"expected":[{"type":"i32","value":"7"}]})";
  };
  EXPECT_EQ(complaint(get("g")), "");
  EXPECT_NE(complaint(get("none")).find("wasm_export_unknown"), std::string::npos);
  EXPECT_NE(complaint(get("half")).find("function, not global"), std::string::npos);
  const std::string wrong =
      R"({"type":"assert_return","action":{"type":"invoke","field":"half","args":[]},)"
      R"("expected":[]})";
  EXPECT_NE(complaint(wrong).find("wasm_arguments_mismatch"), std::string::npos);
}

TEST(WasmConform, text_modules_are_skipped_and_failed_modules_count) {
  const auto outcome =
      run(R"({"type":"assert_malformed","filename":"a.wat","module_type":"text","text":"x"},)"
          R"({"type":"module","line":3,"filename":"bad.wasm"})");
  ASSERT_TRUE(outcome.has_value());
  EXPECT_EQ(outcome->skipped, 1U);
  EXPECT_EQ(outcome->passed, 0U);
  ASSERT_EQ(outcome->failures.size(), 1U);
  EXPECT_EQ(outcome->failures[0].line, 3U);
}

TEST(WasmConform, scripts_that_are_none_are_refused) {
  for (const char* commands :
       {"", "7", R"({"type":"dance"})", R"({"type":7})",
        R"({"type":"module","filename":"../a.wasm"})",
        R"({"type":"action","action":{"type":"look"}})",
        R"({"type":"assert_return","expected":[{"type":"i32","value":"4294967296"}]})",
        R"({"type":"assert_return","expected":[{"type":"i8","value":"1"}]})",
        R"({"type":"assert_return","expected":{}})"}) {
    const auto outcome = run(commands);
    ASSERT_FALSE(outcome.has_value()) << commands;
    EXPECT_EQ(outcome.error().code, RefusalCode::wasm_suite_malformed);
  }
  const auto vectors = run(R"({"type":"assert_return","expected":[{"type":"v128","value":[]}]})");
  ASSERT_FALSE(vectors.has_value());
  EXPECT_EQ(vectors.error().code, RefusalCode::wasm_unsupported);
}

TEST(WasmConform, a_script_for_another_edition_is_refused_whole) {
  isotrace::tests::SimulatedFiles files;
  files.put("a.wasm", ModuleBuilder().add_function({}, op(Opcode::data_drop, 0)).bytes());
  files.put("a.json",
            text_bytes("{\"commands\": [" + module_command + R"({"type":"register","as":"M"}]})"));
  const auto outcome = run_script(files, "a.json", Edition::mvp, make_fastest_engine);
  ASSERT_FALSE(outcome.has_value());
  EXPECT_EQ(outcome.error().code, RefusalCode::wasm_unsupported);
}

}  // namespace
}  // namespace isotrace::wasm::tests
