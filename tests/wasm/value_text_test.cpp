// Values as text, and the names of functions.
#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/value_text.hpp>

#include "tests/wasm/machine.hpp"

namespace isotrace::wasm::tests {
namespace {

Slot parsed(ValueType type, const char* text) {
  const auto slot = parse_value(type, text);
  EXPECT_TRUE(slot.has_value()) << text;
  return slot ? *slot : ~Slot{0};
}

core::RefusalCode refusal(ValueType type, const char* text) {
  const auto slot = parse_value(type, text);
  EXPECT_FALSE(slot.has_value()) << text;
  return slot ? core::RefusalCode::artifact_unknown : slot.error().code;
}

TEST(WasmValueText, integers_are_decimal_or_hexadecimal_of_either_sign) {
  EXPECT_EQ(parsed(i32, "42"), 42U);
  EXPECT_EQ(parsed(i32, "-1"), 0xFFFFFFFFU);
  EXPECT_EQ(parsed(i32, "4294967295"), 0xFFFFFFFFU);
  EXPECT_EQ(parsed(i32, "-0x80000000"), 0x80000000U);
  EXPECT_EQ(parsed(i64, "-1"), ~Slot{0});
  EXPECT_EQ(parsed(i64, "0xffffffffffffffff"), ~Slot{0});
  EXPECT_EQ(parsed(i64, "+7"), 7U);
  using enum core::RefusalCode;
  EXPECT_EQ(refusal(i32, "4294967296"), value_out_of_range);
  EXPECT_EQ(refusal(i32, "-2147483649"), value_out_of_range);
  EXPECT_EQ(refusal(i64, "18446744073709551616"), value_out_of_range);
  for (const char* text : {"", "-", "0x", "1.5", "7 ", " 7", "--7", "+-7", "seven"}) {
    EXPECT_EQ(refusal(i32, text), text_not_number);
  }
}

TEST(WasmValueText, floats_are_read_exactly) {
  EXPECT_EQ(parsed(f32, "1.5"), 0x3FC00000U);
  EXPECT_EQ(parsed(f32, "0x1.8p+0"), 0x3FC00000U);
  EXPECT_EQ(parsed(f64, "-0x1p-1074"), 0x8000000000000001U);
  EXPECT_EQ(parsed(f64, "0.1"), 0x3FB999999999999AU);
  EXPECT_EQ(parsed(f32, "-inf"), 0xFF800000U);
  EXPECT_EQ(parsed(f32, "nan"), 0x7FC00000U);
  EXPECT_EQ(parsed(f64, "-nan:0x1"), 0xFFF0000000000001U);
  using enum core::RefusalCode;
  EXPECT_EQ(refusal(f32, "1e40"), value_out_of_range);
  EXPECT_EQ(refusal(f32, "nan:0x0"), value_out_of_range);
  EXPECT_EQ(refusal(f32, "nan:0x800000"), value_out_of_range);
  for (const char* text : {"", "1.5x", "infinity", "nano", "nan:7", "1,5", "--1", "0x"}) {
    EXPECT_EQ(refusal(f64, text), text_not_number) << text;
  }
}

TEST(WasmValueText, what_is_printed_reads_back) {
  for (const Slot slot :
       {Slot{0}, Slot{0x80000000}, Slot{0x7F800001}, Slot{0x3DCCCCCD}, Slot{0xFFFFFFFF}, Slot{1}}) {
    EXPECT_EQ(parsed(f32, value_text(f32, slot).c_str()), slot);
    EXPECT_EQ(parsed(i32, value_text(i32, slot).c_str()), slot);
  }
  for (const Slot slot : {Slot{0}, ~Slot{0}, Slot{1} << 63, Slot{0x3FB999999999999A}}) {
    EXPECT_EQ(parsed(f64, value_text(f64, slot).c_str()), slot);
    EXPECT_EQ(parsed(i64, value_text(i64, slot).c_str()), slot);
    if (slot == ~Slot{0}) continue;
    EXPECT_EQ(parsed(externref, value_text(externref, slot).c_str()), slot);
  }
  EXPECT_EQ(value_text(funcref, 0), "null");
  EXPECT_EQ(value_text(funcref, 4), "function 3");
  EXPECT_EQ(parsed(funcref, "null"), 0U);
  EXPECT_EQ(refusal(funcref, "3"), core::RefusalCode::text_not_number);
  EXPECT_EQ(bits_text(f32, 0x3FC00000), "0x3fc00000");
  EXPECT_EQ(bits_text(i64, 1), "0x0000000000000001");
}

TEST(WasmFunctionNames, come_from_the_name_section_then_exports_then_imports) {
  ModuleBuilder builder;
  builder.add_import("env", "go", ExternKind::function, unsigned_leb(builder.add_type({})));
  for (int i = 0; i < 3; ++i) builder.add_function({}, {});
  builder.add_export("shown", ExternKind::function, 2);
  const Bytes names =
      name_bytes("name") + section(1, unsigned_leb(2) + unsigned_leb(1) + name_bytes("first") +
                                          unsigned_leb(9) + name_bytes("nobody"));
  const auto module = load_module(builder.bytes() + section(0, names), Edition::v2);
  ASSERT_TRUE(module.has_value());
  EXPECT_EQ(find_function_names(*module),
            (std::vector<std::string>{"env.go", "first", "shown", "function 3"}));
  // Whatever the section holds, there is a name for each function.
  for (std::size_t cut = 0; cut < names.size(); ++cut) {
    const auto broken = load_module(
        builder.bytes() + section(0, Bytes(names.begin(), names.end() - cut)), Edition::v2);
    if (!broken) continue;
    EXPECT_EQ(find_function_names(*broken).size(), 4U);
  }
}

TEST(WasmGlobalNames, come_from_the_name_section_then_exports) {
  const Bytes global = Bytes{0x7f, 1, 0x41, 5, 0x0b};
  ModuleBuilder builder;
  for (int i = 0; i < 3; ++i) builder.add(global_section, global);
  builder.add_export("shown", ExternKind::global, 1);
  const Bytes names = name_bytes("name") +
                      section(7, unsigned_leb(1) + unsigned_leb(0) + name_bytes("__stack_pointer"));
  const auto module = load_module(builder.bytes() + section(0, names), Edition::v2);
  ASSERT_TRUE(module.has_value());
  EXPECT_EQ(find_global_names(*module), (std::vector<std::string>{"__stack_pointer", "shown", ""}));
}

}  // namespace
}  // namespace isotrace::wasm::tests
