// One value, one spelling: what strict JSON refuses.
#include <algorithm>
#include <functional>
#include <tuple>

#include <gtest/gtest.h>

#include <isotrace/certificates/json_field.hpp>
#include <isotrace/certificates/strict_json.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::certificates {
namespace {

constexpr auto code = core::RefusalCode::certificate_malformed;

core::Result<JsonDocument> parse(std::string_view text, JsonForm form = JsonForm::compact) {
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

/// What the reader must accept, said in another way: what nlohmann-json reads and writes again as
/// the same bytes, with small integers and plain keys.
bool is_canonical(std::string_view text, JsonForm form) {
  if (text.find('\0') != std::string_view::npos) return false;  // it takes NUL for the end
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (json.is_discarded()) return false;
  const std::function<bool(const Json&)> follows_rules = [&](const Json& value) {
    if (value.is_number_float()) return false;
    constexpr std::int64_t most = 9007199254740992;
    if (value.is_number_unsigned()) return value.get<std::uint64_t>() <= std::uint64_t{most};
    if (value.is_number()) return value.get<std::int64_t>() >= -most;
    if (value.is_object()) {
      for (const auto& [key, member] : value.items()) {
        if (!is_plain(key)) return false;
      }
    }
    if (!value.is_structured()) return true;
    return std::all_of(value.begin(), value.end(), follows_rules);
  };
  return follows_rules(json) && write_json(json, form) == text;
}

/// Exactly the canonical texts are accepted, and read as what they say.
void expect_same_judgement(std::string_view text, JsonForm form) {
  const auto read = parse(text, form);
  ASSERT_EQ(read.has_value(), is_canonical(text, form)) << text;
}

TEST(StrictJson, judges_like_reading_and_writing_again) {
  const std::string seeds[] = {
      R"({"a":[1,-2,0,9007199254740992],"b":{"":null,"c\"\\d":true},"e":"\u0001\n\u001f/é😀"})",
      R"([[],{},"",0,false,{"a":{"b":[[1,2],[3]]}}])"};
  core::PhiloxStream random(23);
  for (const std::string& seed : seeds) {
    for (const JsonForm form : {JsonForm::compact, JsonForm::indented}) {
      const std::string text = write_json(Json::parse(seed), form);
      EXPECT_TRUE(parse(text, form).has_value()) << text;
      const core::Bytes bytes(text.begin(), text.end());
      for (std::size_t i = 0; i < tests::mutant_count() / 2; ++i) {
        const core::Bytes mutant = tests::mutate(bytes, random);
        expect_same_judgement(core::as_text(mutant), form);
      }
    }
  }
}

TEST(StrictJson, judges_every_short_text_of_its_alphabet_like_that) {
  // All texts of up to four of these characters, among them every short misspelling.
  constexpr std::string_view alphabet = "{}[]\":,0-1.eat\\ \n\xc3\xa9\xed";
  std::vector<std::string> texts = {""};
  for (std::size_t begin = 0; texts.back().size() < 4;) {
    const std::size_t end = texts.size();
    for (; begin < end; ++begin) {
      for (const char c : alphabet) texts.push_back(texts[begin] + c);
    }
  }
  for (const std::string& text : texts) expect_same_judgement(text, JsonForm::compact);
}

/// Texts that RFC 8259 does not allow, class by class.
std::vector<std::string> invalid_texts() {
  std::vector<std::string> texts = {"", " ", "\xef\xbb\xbf{}", "nul", "tru", "True", "NULL", "nan"};
  const auto add = [&](std::initializer_list<const char*> more) {
    texts.insert(texts.end(), more.begin(), more.end());
  };
  // Structure: brackets, commas, colons.
  add({"{", "}", "[", "]", "[}", "{]", "[1", "[1,", "[,1]", "[1,]", "[1,,2]", "[1 2]", "[1]]",
       "[[1]"});
  add({"{\"a\"}", "{\"a\":}", "{\"a\",1}", "{:1}", "{,}", "{\"a\":1,}", "{\"a\":1 \"b\":2}",
       "{1:2}"});
  add({"{null:1}", "{a:1}", "{'a':1}", "{\"a\"::1}", "{\"a\":1,,\"b\":2}", "[\"a\":1]", "{[1]}"});
  // Numbers.
  add({"[+1]", "[.5]", "[1.]", "[-]", "[--1]", "[01]", "[-01]", "[1e]", "[1e+]", "[0x10]",
       "[1_000]"});
  add({"[1.e3]", "[.e1]", "[Infinity]", "[-Infinity]", "[NaN]", "[1,000.0]", "[\xef\xbc\x91]",
       "[- 1]"});
  // Texts: ends, escapes, control characters.
  add({"[\"]", "[\"a]", "['a']", "[a]", "[\"\\\"]", "[\"\\a\"]", "[\"\\x41\"]", "[\"\\u12\"]"});
  add({"[\"\\u 123\"]", "[\"\\U0041\"]", "[\"\\'\"]", "[\"\\0\"]", "[\"\\\n\"]", "[\"a\nb\"]"});
  for (char c = 0; c < 0x20; ++c) texts.push_back(std::string("[\"") + c + "\"]");
  // Encoding: stray and missing continuation bytes, overlong forms, surrogates, beyond U+10FFFF.
  for (const char* bytes :
       {"\x80", "\xbf", "\xc3", "\xc0\xaf", "\xc1\xbf", "\xe2\x82", "\xe0\x80\xaf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80\x80", "\xfe", "\xff", "\xc3(", "\xe2(\xa1"}) {
    texts.push_back(std::string("[\"") + bytes + "\"]");
    texts.push_back(std::string("{\"") + bytes + "\":1}");
  }
  // What other readers allow: comments, more values, other white space, other encodings.
  add({"// c\n[]", "/* c */[]", "[/**/]", "[]#", "[] []", "{}{}", "1 2", "[]x", "[\f]", "[\v]",
       "[\xc2\xa0]"});
  add({"(1)", "<null>", "\xff\xfe[\x01", "[\"a\",\n\"\t\"]", "{\"a\":1;}", "[*]", "[@]",
       "[undefined]"});
  texts.push_back(std::string("[\0]", 3));
  texts.push_back(std::string("[]\0", 3));
  texts.push_back(std::string(100000, '['));
  texts.push_back(std::string(50000, '[') + "1");
  return texts;
}

TEST(StrictJson, nothing_that_rfc8259_does_not_allow_is_accepted) {
  const std::vector<std::string> texts = invalid_texts();
  EXPECT_GT(texts.size(), 150U);
  for (const std::string& text : texts) {
    for (const JsonForm form : {JsonForm::compact, JsonForm::indented}) {
      EXPECT_FALSE(parse_strict_json(core::as_bytes(text), {code, 1U << 20, form}).has_value())
          << text;
      EXPECT_FALSE(
          parse_strict_json(core::as_bytes(text + "\n"), {code, 1U << 20, form}).has_value())
          << text;
    }
  }
}

TEST(StrictJson, texts_are_read_as_what_they_say) {
  const std::string text = R"({"a":"x\n\"\u0000y","b":[-5,true,"é"]})";
  const auto read = parse(text);
  ASSERT_TRUE(read.has_value());
  using namespace std::string_view_literals;
  const auto good = read_shape(*read, code, [](const JsonField& root) {
    const auto [a, b] = root.members("a", "b");
    EXPECT_EQ(a.text(100), "x\n\"\0y"sv);
    return std::string(b.elements(3)[2].text(10));
  });
  EXPECT_EQ(good, "é");
}

/// Where reading `text` with `read` is refused; empty if it is not.
template <class Read>
std::string place_of_refusal(std::string_view text, const Read& read) {
  const auto document = parse(text);
  EXPECT_TRUE(document.has_value()) << text;
  const auto result = read_shape(*document, code, [&](const JsonField& root) {
    read(root);
    return core::Done{};
  });
  return result ? "" : result.error().where + ": " + result.error().detail;
}

TEST(JsonField, the_first_breach_is_kept_and_nothing_gets_out) {
  constexpr std::string_view text = R"({"a":"x","b":[-5,true,"e"],"c":{"d":null}})";
  const auto refused = [&](const auto& read) { return place_of_refusal(text, read); };
  EXPECT_EQ(refused([](const JsonField&) {}), "");
  EXPECT_EQ(refused([](const JsonField& root) { std::ignore = root.member("a").text(1); }), "");
  EXPECT_EQ(refused([](const JsonField& root) {
              const auto elements = root.member("b").elements(3);
              EXPECT_EQ(elements[0].count(), 0U);
              EXPECT_EQ(elements[2].digest(), core::Digest());
              elements[1].refuse(core::Refusal{core::RefusalCode::key_unsafe, "later", ""});
            }),
            "/b/0: must be a number that is not negative");
  EXPECT_EQ(refused([](const JsonField& root) {
              // What is not there is a null, in which nothing is.
              const JsonField nowhere = root.member("x").member("y");
              EXPECT_TRUE(nowhere.is_null());
              EXPECT_TRUE(nowhere.elements(1).empty());
              EXPECT_EQ(nowhere.text(10), "");
              EXPECT_TRUE(nowhere.base64().empty());
              const auto [z] = nowhere.members("z");
              EXPECT_EQ(z.name(10), "");
            }),
            "/: member x is missing");
}

TEST(JsonField, members_are_exactly_those_asked_for) {
  const auto members = [](auto... names) {
    return [=](const JsonField& root) { std::ignore = root.members(names...); };
  };
  constexpr std::string_view text = R"({"a":1,"b":2})";
  EXPECT_EQ(place_of_refusal(text, members("a", "b")), "");
  EXPECT_EQ(place_of_refusal(text, members("a")), "/: member \"b\" is unknown");
  EXPECT_EQ(place_of_refusal(text, members("b")), "/: member \"a\" is unknown");
  EXPECT_EQ(place_of_refusal(text, members("a", "b", "c")), "/: member c is missing");
  EXPECT_EQ(place_of_refusal(text, members("a", "c")), "/: member c is missing");
  EXPECT_NE(place_of_refusal(text, members("b", "a")), "");
  EXPECT_NE(place_of_refusal(text, members("a", "a")), "");
  EXPECT_EQ(place_of_refusal("[]", members("a")), "/: must be an object");
  EXPECT_EQ(place_of_refusal("{}", members("a")), "/: member a is missing");
  EXPECT_EQ(place_of_refusal(text,
                             [](const JsonField& root) {
                               for (const JsonField& field : root.elements(5))
                                 field.expect_text("x");
                             }),
            "/: must be an array");
}

}  // namespace
}  // namespace isotrace::certificates
