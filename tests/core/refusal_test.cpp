#include <set>

#include <gtest/gtest.h>

#include <isotrace/core/refusal.hpp>

namespace isotrace::core {
namespace {

TEST(Refusals, rows_ascend_and_names_are_unique_and_told_in_sentences) {
  std::set<std::string_view> names;
  int previous = 0;
  for (const RefusalInfo& info : all_refusals()) {
    const int number = static_cast<int>(info.code);
    EXPECT_GT(number, previous);
    EXPECT_TRUE(number >= 1001 && number <= 1999) << number;
    previous = number;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(info.sentence.back(), '.') << info.name;
    EXPECT_FALSE(info.next.empty()) << info.name;
    EXPECT_EQ(refusal_info(info.code).name, info.name);
  }
}

TEST(Refusals, every_row_is_found_by_name_and_number) {
  for (const RefusalInfo& info : all_refusals()) {
    const std::string number = std::to_string(static_cast<int>(info.code));
    std::string other(info.name);
    for (char& c : other) c = c == '_' ? '-' : static_cast<char>(std::toupper(c));
    for (const std::string& key :
         {std::string(info.name), other, number, "E" + number, "e" + number}) {
      const auto found = find_refusal(key);
      ASSERT_TRUE(found.has_value()) << key;
      EXPECT_EQ(found->code, info.code);
    }
  }
}

TEST(Refusals, unknown_names_and_numbers_are_not_found) {
  for (const char* key : {"", "E", "9999", "E9999", "trace", "trace_truncated ", "1203x"}) {
    EXPECT_FALSE(find_refusal(key).has_value()) << key;
  }
}

TEST(Refusals, description_is_one_line_with_code_place_and_detail) {
  EXPECT_EQ(describe({RefusalCode::trace_truncated, "run.isotrace", "3 bytes"}),
            "E1203 trace_truncated: run.isotrace: 3 bytes");
  EXPECT_EQ(describe({RefusalCode::trace_truncated, {}, {}}), "E1203 trace_truncated");
}

TEST(Refusals, classes_have_names) {
  EXPECT_EQ(refusal_class_name(RefusalClass::environment), "environment");
  EXPECT_EQ(refusal_class_name(refusal_info(RefusalCode::trace_malformed).kind), "malformed");
}

}  // namespace
}  // namespace isotrace::core
