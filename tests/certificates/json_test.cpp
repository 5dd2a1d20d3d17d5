// One value, one spelling: what strict JSON refuses.
#include <gtest/gtest.h>

#include <isotrace/certificates/strict_json.hpp>

namespace isotrace::certificates {
namespace {

constexpr auto code = core::RefusalCode::certificate_malformed;

core::Result<Json> parse(std::string_view text, JsonForm form = JsonForm::compact) {
  return parse_strict_json(core::as_bytes(text), {code, 4096, form});
}

void expect_refused(std::string_view text) {
  const auto json = parse(text);
  ASSERT_FALSE(json.has_value()) << text;
  EXPECT_EQ(json.error().code, code) << text;
}

TEST(StrictJson, canonical_texts_are_accepted) {
  for (const std::string_view text :
       {R"({})", R"([])", R"({"a":1,"b":[true,false,null,"x\n\"\\"]})", R"("\u0001")",
        R"([9007199254740992,-9007199254740992,0])", "\"\xC3\xA9\""}) {
    EXPECT_TRUE(parse(text).has_value()) << text;
  }
}

TEST(StrictJson, duplicate_keys_are_refused) {
  expect_refused(R"({"a":1,"a":1})");
  expect_refused(R"({"a":1,"\u0061":2})");
}

TEST(StrictJson, unsorted_keys_are_refused) { expect_refused(R"({"b":1,"a":2})"); }

TEST(StrictJson, white_space_is_refused) {
  for (const std::string_view text : {"{} ", " {}", "{\"a\": 1}", "[1,\n2]", "{}\n", "\t[]"}) {
    expect_refused(text);
  }
}

TEST(StrictJson, needless_escapes_are_refused) {
  for (const std::string_view text :
       {R"(["\/"])", R"(["\u0041"])", R"(["\u000a"])", R"(["\u00e9"])", R"({"\u0062":1})"}) {
    expect_refused(text);
  }
}

TEST(StrictJson, a_second_document_behind_nul_is_refused) {
  using namespace std::string_view_literals;
  expect_refused("{\"verdict\":\"PASSED\"}\0{\"verdict\":\"FAILED\"}"sv);
  expect_refused("{}\0"sv);
}

TEST(StrictJson, byte_order_marks_comments_and_trailing_bytes_are_refused) {
  for (const std::string_view text :
       {"\xEF\xBB\xBF{}", "{}x", "{}{}", "/*c*/{}", "{}//", "[1,]", "{\"a\":1,}", "", "\xFE\xFF"}) {
    expect_refused(text);
  }
}

TEST(StrictJson, numbers_other_than_small_integers_are_refused) {
  for (const std::string_view text : {"[1.0]", "[1e2]", "[0.5]", "[-0]", "[-0.0]", "[01]", "[+1]",
                                      "[1e400]", "[NaN]", "[Infinity]", "[9007199254740993]",
                                      "[-9007199254740993]", "[18446744073709551616]", "[0x10]"}) {
    expect_refused(text);
  }
}

TEST(StrictJson, bad_unicode_is_refused) {
  for (const std::string_view text :
       {"[\"\xC0\xAF\"]", "[\"\xED\xA0\x80\"]", "[\"\xFF\"]", R"(["\ud800"])",
        R"(["\udc00\ud800"])", "{\"\xC3\xA9\":1}", R"({"":1}x)"}) {
    expect_refused(text);
  }
}

TEST(StrictJson, deep_nesting_is_refused_before_anything_is_built) {
  expect_refused(std::string(300, '[') + std::string(300, ']'));
  EXPECT_TRUE(parse(std::string(256, '[') + std::string(256, ']')).has_value());
  const std::string open(30000, '[');
  const auto json = parse_strict_json(core::as_bytes(open), {code, 1 << 20});
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().where, "byte 256");
}

TEST(StrictJson, brackets_inside_strings_do_not_count_as_nesting) {
  EXPECT_TRUE(parse("[\"" + std::string(300, '[') + "\\\"[\"]").has_value());
}

TEST(StrictJson, size_over_the_limit_is_refused) {
  const std::string text = "\"" + std::string(4096, 'a') + "\"";
  expect_refused(text);
}

TEST(StrictJson, the_place_is_a_pointer) {
  const auto json = parse(R"({"a":[0,{"b":1.5}]})");
  ASSERT_FALSE(json.has_value());
  EXPECT_EQ(json.error().where, "/a/1/b");
}

TEST(StrictJson, the_indented_form_has_one_spelling_too) {
  EXPECT_TRUE(
      parse("{\n  \"a\": [\n    1\n  ],\n  \"b\": []\n}\n", JsonForm::indented).has_value());
  for (const std::string_view text :
       {"{\"a\":1}", "{\n  \"a\": 1\n}", "{\n    \"a\": 1\n}\n", "{\n  \"a\": 1\r\n}\n",
        "{\n  \"b\": 1,\n  \"a\": 1\n}\n", "{\n  \"a\": 1,\n  \"a\": 1\n}\n"}) {
    EXPECT_FALSE(parse(text, JsonForm::indented).has_value()) << text;
  }
}

TEST(StrictJson, texts_from_outside_cannot_steer_a_terminal) {
  EXPECT_EQ(quote("a\x1b[2J\xE2\x80\xAE"), "\"a\\x1b[2J\\xe2\\x80\\xae\"");
  EXPECT_LT(quote(std::string(100000, 'x')).size(), 100U);
}

}  // namespace
}  // namespace isotrace::certificates
