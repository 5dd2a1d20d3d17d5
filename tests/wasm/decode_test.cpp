// The binary format: what is well-formed, and that every fault is refused at its byte.
#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/decode.hpp>
#include <isotrace/wasm/reader.hpp>

#include "tests/wasm/module_builder.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;

void expect_refused(const Bytes& bytes, RefusalCode code, std::size_t offset,
                    Edition edition = Edition::v2) {
  const auto module = decode_module(bytes, edition);
  ASSERT_FALSE(module.has_value());
  EXPECT_EQ(module.error().code, code) << core::describe(module.error());
  EXPECT_EQ(module.error().where, "byte " + std::to_string(offset))
      << core::describe(module.error());
}

TEST(WasmDecode, an_empty_module_is_a_header) {
  for (const Edition edition : {Edition::mvp, Edition::v2}) {
    EXPECT_TRUE(decode_module(header(), edition).has_value());
  }
  Bytes wrong = header();
  wrong[3] = 'n';
  expect_refused(wrong, RefusalCode::wasm_malformed, 3);
  wrong = header();
  wrong[4] = 2;
  expect_refused(wrong, RefusalCode::wasm_malformed, 4);
}

TEST(WasmDecode, the_sample_is_read_whole) {
  const auto module = decode_module(sample_module(), Edition::v2);
  ASSERT_TRUE(module.has_value()) << core::describe(module.error());
  EXPECT_EQ(module->functions.size(), 6U);
  EXPECT_EQ(module->imported_functions, 1U);
  EXPECT_EQ(module->tables.size(), 2U);
  EXPECT_EQ(module->globals.size(), 3U);
  EXPECT_EQ(module->elements.size(), 4U);
  EXPECT_EQ(module->datas.size(), 2U);
  EXPECT_EQ(module->start, 5U);
  const Function& recursive = module->functions[1];
  ASSERT_EQ(recursive.controls_end - recursive.controls_begin, 3U);
  const Control& branch = module->controls[recursive.controls_begin];
  EXPECT_EQ(module->bytes[branch.begin], 0x04);
  EXPECT_EQ(module->bytes[branch.alternative], 0x05);
  EXPECT_EQ(module->bytes[branch.end], 0x0B);
}

TEST(WasmDecode, every_prefix_is_refused) {
  const Bytes sample = sample_module();
  // Where a section ends, a prefix can be a module: without code it lacks bodies, without data
  // segments its data count is wrong; before the function section it is whole.
  std::size_t whole = 0;
  for (std::size_t size = 0; size < sample.size(); ++size) {
    const auto module = decode_module(
        Bytes(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(size)), Edition::v2);
    if (module) {
      ++whole;
      continue;
    }
    EXPECT_EQ(module.error().code, RefusalCode::wasm_malformed) << size;
  }
  EXPECT_EQ(whole, 3U);  // the header, and behind the type and import sections
}

TEST(WasmDecode, integers_have_one_length_limit_and_no_unused_bits) {
  struct Case {
    Bytes bytes;
    std::optional<std::int64_t> value;
  };
  const auto u32 = [](const Bytes& bytes) -> std::optional<std::int64_t> {
    const auto value = Reader(bytes, 0, bytes.size()).u32();
    return value ? std::optional<std::int64_t>(*value) : std::nullopt;
  };
  const auto s32 = [](const Bytes& bytes) -> std::optional<std::int64_t> {
    const auto value = Reader(bytes, 0, bytes.size()).s32();
    return value ? std::optional<std::int64_t>(*value) : std::nullopt;
  };
  const auto s33 = [](const Bytes& bytes) -> std::optional<std::int64_t> {
    const auto value = Reader(bytes, 0, bytes.size()).s33();
    return value ? std::optional(*value) : std::nullopt;
  };
  const auto s64 = [](const Bytes& bytes) -> std::optional<std::int64_t> {
    const auto value = Reader(bytes, 0, bytes.size()).s64();
    return value ? std::optional(*value) : std::nullopt;
  };
  EXPECT_EQ(u32({0x00}), 0);
  EXPECT_EQ(u32({0x80, 0x80, 0x80, 0x80, 0x00}), 0);  // longer than needed is allowed
  EXPECT_EQ(u32({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), 0xFFFFFFFF);
  EXPECT_EQ(u32({0xFF, 0xFF, 0xFF, 0xFF, 0x1F}), std::nullopt);
  EXPECT_EQ(u32({0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), std::nullopt);
  EXPECT_EQ(u32({0x80}), std::nullopt);
  EXPECT_EQ(u32({}), std::nullopt);
  EXPECT_EQ(s32({0x7F}), -1);
  EXPECT_EQ(s32({0x80, 0x7F}), -128);
  EXPECT_EQ(s32({0x80, 0x80, 0x80, 0x80, 0x78}), INT32_MIN);
  EXPECT_EQ(s32({0xFF, 0xFF, 0xFF, 0xFF, 0x07}), INT32_MAX);
  EXPECT_EQ(s32({0xFF, 0xFF, 0xFF, 0xFF, 0x7F}), -1);
  EXPECT_EQ(s32({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), std::nullopt);  // sign bit alone set
  EXPECT_EQ(s32({0x80, 0x80, 0x80, 0x80, 0x70}), std::nullopt);  // sign bit alone clear
  EXPECT_EQ(s33({0x80, 0x80, 0x80, 0x80, 0x70}), -(std::int64_t{1} << 32));
  EXPECT_EQ(s33({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), 0xFFFFFFFF);
  EXPECT_EQ(s33({0xFF, 0xFF, 0xFF, 0xFF, 0x1F}), std::nullopt);
  EXPECT_EQ(s64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F}), INT64_MIN);
  EXPECT_EQ(s64({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}), INT64_MAX);
  EXPECT_EQ(s64({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01}), std::nullopt);
  EXPECT_EQ(s64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}), std::nullopt);
}

TEST(WasmDecode, integers_read_back_what_was_written) {
  for (unsigned shift = 0; shift < 64; ++shift) {
    for (const std::int64_t near : {-1, 0, 1}) {
      const auto value =
          static_cast<std::int64_t>((std::uint64_t{1} << shift) + static_cast<std::uint64_t>(near));
      const Bytes bytes = signed_leb(value);
      EXPECT_EQ(*Reader(bytes, 0, bytes.size()).s64(), value);
    }
  }
}

TEST(WasmDecode, sections_stand_in_order_once) {
  const Bytes memory = section(memory_section, {1, 0, 1});
  const Bytes types = section(type_section, {0});
  EXPECT_TRUE(decode_module(header() + types + memory, Edition::v2).has_value());
  expect_refused(header() + memory + types, RefusalCode::wasm_malformed, 13);
  expect_refused(header() + memory + memory, RefusalCode::wasm_malformed, 13);
  expect_refused(header() + section(14, {}), RefusalCode::wasm_malformed, 8);
  const Bytes custom = section(0, name_bytes("note") + Bytes{1, 2, 3});
  EXPECT_TRUE(
      decode_module(header() + custom + types + custom + memory + custom, Edition::v2).has_value());
}

TEST(WasmDecode, the_data_count_section_is_of_2_0) {
  const Bytes count = section(data_count_section, {0});
  EXPECT_TRUE(decode_module(header() + count, Edition::v2).has_value());
  expect_refused(header() + count, RefusalCode::wasm_malformed, 8, Edition::mvp);
  expect_refused(header() + section(data_count_section, {1}), RefusalCode::wasm_malformed, 11);
}

TEST(WasmDecode, section_sizes_are_exact) {
  expect_refused(header() + Bytes{memory_section, 4, 1, 0, 1, 0}, RefusalCode::wasm_malformed, 13);
  expect_refused(header() + Bytes{memory_section, 2, 1, 0, 1}, RefusalCode::wasm_malformed, 12);
  expect_refused(header() + Bytes{memory_section, 9, 1, 0, 1}, RefusalCode::wasm_malformed, 10);
}

TEST(WasmDecode, hostile_counts_refuse_before_allocating) {
  const Bytes huge = unsigned_leb(0xFFFFFFFF);
  for (const std::uint8_t id : Bytes{1, 2, 3, 4, 5, 6, 7, 9, 10, 11}) {
    expect_refused(header() + section(id, huge), RefusalCode::wasm_malformed, 10);
  }
  const std::size_t over = core::limits::wasm_entities_max + 1;
  const Bytes many = unsigned_leb(over) + Bytes(over, 0);
  const auto module = decode_module(header() + section(function_section, many), Edition::v2);
  ASSERT_FALSE(module.has_value());
  EXPECT_EQ(module.error().code, RefusalCode::limit_exceeded);
}

TEST(WasmDecode, locals_are_counted_before_they_are_made) {
  const auto with_locals = [](std::uint32_t count, unsigned runs) {
    std::vector<std::pair<std::uint32_t, ValueType>> locals(runs, {count, i64});
    return ModuleBuilder().add_function({}, {}, locals).bytes();
  };
  EXPECT_TRUE(decode_module(with_locals(50'000, 1), Edition::v2).has_value());
  const auto many = decode_module(with_locals(25'001, 2), Edition::v2);
  ASSERT_FALSE(many.has_value());
  EXPECT_EQ(many.error().code, RefusalCode::limit_exceeded);
  const auto too_many = decode_module(with_locals(0x80000000, 2), Edition::v2);
  ASSERT_FALSE(too_many.has_value());
  EXPECT_EQ(too_many.error().code, RefusalCode::wasm_malformed);
}

TEST(WasmDecode, names_are_utf8) {
  const auto custom = [](const std::string& name) {
    return decode_module(header() + section(0, name_bytes(name)), Edition::v2).has_value();
  };
  for (const char* good : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(custom(good)) << good;
  }
  for (const char* bad : {"\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xE1\x80",
                          "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(custom(bad)) << bad;
  }
}

TEST(WasmDecode, code_nests) {
  const auto body = [](const Bytes& code) {
    return decode_module(ModuleBuilder().add_function({}, code).bytes(), Edition::v2);
  };
  EXPECT_TRUE(body(open_block(Opcode::block) + close_block()).has_value());
  EXPECT_FALSE(body(open_block(Opcode::block)).has_value());
  EXPECT_FALSE(body(close_block()).has_value());
  EXPECT_FALSE(body(op(Opcode::else_)).has_value());
  EXPECT_FALSE(body(open_block(Opcode::block) + op(Opcode::else_) + close_block()).has_value());
  EXPECT_FALSE(body(push_i32(0) + open_block(Opcode::if_) + op(Opcode::else_) + op(Opcode::else_) +
                    close_block())
                   .has_value());
  Bytes deep;
  for (int i = 0; i < 100'000; ++i) deep = std::move(deep) + open_block(Opcode::block);
  for (int i = 0; i < 100'000; ++i) deep = std::move(deep) + close_block();
  EXPECT_TRUE(body(deep).has_value());
}

TEST(WasmDecode, opcodes_belong_to_editions) {
  const auto refusal = [](const Bytes& code, Edition edition) -> std::optional<RefusalCode> {
    const auto module = decode_module(ModuleBuilder().add_function({}, code).bytes(), edition);
    return module ? std::nullopt : std::optional(module.error().code);
  };
  for (unsigned code = 0; code < 0x10000; ++code) {
    const OpcodeInfo* info = find_opcode(code);
    if (info == nullptr || info->immediates != Immediates::none) continue;
    if (info->opcode == Opcode::else_ || info->opcode == Opcode::end) continue;
    EXPECT_EQ(refusal(op(info->opcode), Edition::v2), std::nullopt) << info->text;
    const auto found = refusal(op(info->opcode), Edition::mvp);
    const auto expected =
        info->edition == Edition::mvp ? std::nullopt : std::optional(RefusalCode::wasm_unsupported);
    EXPECT_EQ(found, expected) << info->text;
  }
  EXPECT_EQ(refusal({0x27}, Edition::v2), RefusalCode::wasm_malformed);
  EXPECT_EQ(refusal({0xFC, 18}, Edition::v2), RefusalCode::wasm_malformed);
  EXPECT_EQ(refusal(Bytes{0xFC} + unsigned_leb(0x100000), Edition::v2),
            RefusalCode::wasm_malformed);
}

/// The refusal of a module with these sections, as "offset: detail".
std::string unsupported(const Bytes& bytes) {
  const auto module = decode_module(bytes, Edition::v2);
  if (module) return "accepted";
  EXPECT_EQ(module.error().code, RefusalCode::wasm_unsupported) << core::describe(module.error());
  return module.error().where + ": " + module.error().detail;
}

TEST(WasmDecode, later_proposals_are_named) {
  const auto opcode = [](std::uint8_t code) {
    const std::string text =
        unsupported(ModuleBuilder().add_function({}, op(Opcode::nop) + Bytes{code, 0}).bytes());
    return text.substr(text.rfind(": ") + 2);
  };
  for (const std::uint8_t code : Bytes{0x06, 0x07, 0x08, 0x09, 0x0A, 0x18, 0x19, 0x1F}) {
    EXPECT_EQ(opcode(code), "exceptions");
  }
  for (const std::uint8_t code : Bytes{0x12, 0x13}) EXPECT_EQ(opcode(code), "tail calls");
  for (const std::uint8_t code : Bytes{0x14, 0x15, 0xD4, 0xD5, 0xD6}) {
    EXPECT_EQ(opcode(code), "function references");
  }
  for (const std::uint8_t code : Bytes{0xD3, 0xFB}) EXPECT_EQ(opcode(code), "garbage collection");
  EXPECT_EQ(opcode(0xFD), "SIMD");
  EXPECT_EQ(opcode(0xFE), "threads");

  const auto section = [](std::uint8_t id, const Bytes& contents) {
    return unsupported(
        Bytes{0, 'a', 's', 'm', 1, 0, 0, 0, id, static_cast<std::uint8_t>(contents.size())} +
        contents);
  };
  EXPECT_EQ(section(5, {1, 3, 1, 2}), "byte 11: a shared memory: threads");
  EXPECT_EQ(section(5, {1, 4, 1}), "byte 11: 64-bit addresses: memory64");
  EXPECT_EQ(section(5, {1, 5, 1, 2}), "byte 11: 64-bit addresses: memory64");
  EXPECT_EQ(section(13, {1, 0, 0}), "byte 8: a tag section: exceptions");
  EXPECT_EQ(section(2, {1, 0, 0, 4, 0, 0}), "byte 13: a tag: exceptions");
  for (const std::uint8_t form : Bytes{0x4E, 0x4F, 0x50, 0x5E, 0x5F}) {
    EXPECT_EQ(section(1, {1, form, 0}), "byte 11: a type of garbage collection");
  }
  const auto type = [&](std::uint8_t code) { return section(1, {1, 0x60, 1, code, 0}); };
  EXPECT_EQ(type(0x7B), "byte 13: a vector type: SIMD");
  for (const std::uint8_t code : Bytes{0x69, 0x74}) {
    EXPECT_EQ(type(code), "byte 13: a type of exceptions");
  }
  for (const std::uint8_t code : Bytes{0x63, 0x64}) {
    EXPECT_EQ(type(code), "byte 13: a typed function reference");
  }
  for (const std::uint8_t code : Bytes{0x6A, 0x6E, 0x71, 0x73}) {
    EXPECT_EQ(type(code), "byte 13: a type of garbage collection");
  }
  EXPECT_EQ(unsupported({0, 'a', 's', 'm', 0x0D, 0, 1, 0}), "byte 4: a component, not a module");
}

TEST(WasmDecode, forms_of_2_0_are_not_of_1_0) {
  const auto refusal = [](const ModuleBuilder& builder) -> std::optional<RefusalCode> {
    const auto module = decode_module(builder.bytes(), Edition::mvp);
    return module ? std::nullopt : std::optional(module.error().code);
  };
  EXPECT_EQ(refusal(ModuleBuilder().add_function({{}, {i32, i32}}, push_i32(0) + push_i32(0))),
            RefusalCode::wasm_unsupported);
  EXPECT_EQ(refusal(ModuleBuilder().add_function({}, op(Opcode::block, 0) + close_block())),
            RefusalCode::wasm_unsupported);
  EXPECT_EQ(refusal(ModuleBuilder().add_function({{externref}, {}}, {})),
            RefusalCode::wasm_unsupported);
  EXPECT_EQ(refusal(ModuleBuilder().add_table(externref, 0)), RefusalCode::wasm_malformed);
}

}  // namespace
}  // namespace isotrace::wasm::tests
