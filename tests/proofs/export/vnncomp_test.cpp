// Properties as VNN-COMP's tools read them: the same binary32 points are unsafe, or they are
// refused.
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/data.hpp"
#include "vnncomp_property.hpp"

namespace isotrace::tests {
namespace {

constexpr std::string_view declared =
    "(declare-const X_0 Real)(declare-const X_1 Real)(declare-const Y_0 Real)(declare-const Y_1 "
    "Real)\n";

proofs::Property property_of(const std::string& assertions) {
  auto property = proofs::parse_vnnlib(std::string(declared) + assertions);
  EXPECT_TRUE(property) << core::describe(property.error());
  return *std::move(property);
}

std::string box(const std::string& low, const std::string& high) {
  std::string text;
  for (const char* x : {"X_0", "X_1"})
    text +=
        "(assert (>= " + std::string(x) + " " + low + "))(assert (<= " + x + " " + high + "))\n";
  return text;
}

std::string refusal_of(const std::string& assertions) {
  const auto text = proofs::write_vnncomp_property(property_of(assertions));
  EXPECT_TRUE(!text && text.error().code == core::RefusalCode::export_unsupported) << *text;
  return text ? "" : text.error().detail;
}

/// Numbers where the properties below change their mind, and their neighbours.
std::vector<float> landmarks() {
  std::vector<float> values = {0, 0.1F, 1.0F / 3, 0.5F, 1, 2, -3.5F, 0x1p-149F};
  for (std::size_t i = 0, count = values.size(); i < count; ++i) {
    values.push_back(std::nextafter(values[i], -INFINITY));
    values.push_back(std::nextafter(values[i], INFINITY));
  }
  return values;
}

/// Both properties call the same inputs and outputs unsafe; how many did they?
std::size_t count_unsafe(const proofs::Property& one, const proofs::Property& other) {
  std::size_t count = 0;
  for (const float x : landmarks()) {
    for (const float y0 : landmarks()) {
      for (const float y1 : landmarks()) {
        const std::vector<float> in = {x, 0.5F};
        const std::vector<float> out = {y0, y1};
        const bool unsafe = proofs::find_violated_case(one, in, out).has_value();
        EXPECT_EQ(unsafe, proofs::find_violated_case(other, in, out).has_value())
            << x << ' ' << y0 << ' ' << y1;
        count += unsafe ? 1 : 0;
      }
    }
  }
  return count;
}

TEST(Vnncomp, the_same_points_are_unsafe) {
  const std::string unit = box("0", "1");
  const std::vector<std::string> texts = {
      unit + "(assert (<= Y_0 0.1))",
      unit + "(assert (< Y_0 0.1))(assert (> Y_1 -3.5))",
      unit + "(assert (<= (* 3 Y_0) 1))",
      unit + "(assert (>= (* -3.0 Y_1) -1))",
      unit + "(assert (not (<= Y_0 0.5)))",
      unit + "(assert (<= Y_0 Y_1))",
      unit + "(assert (<= (- (* 2 Y_0) Y_1) 0.5))",
      unit + "(assert (or (<= Y_0 Y_1) (and (>= Y_0 1) (<= Y_1 0))))",
      unit + "(assert (or (and (<= X_0 0.5) (<= Y_0 0)) (and (>= X_0 0.5) (>= Y_1 0))))",
      unit + "(assert (or (<= X_0 0) (<= Y_0 -1)))",
      box("(/ 1 3)", "0.999999999999") + "(assert (<= Y_0 1e-46))",
      "(assert (and (> X_0 0) (< X_0 1) (>= X_1 0) (<= X_1 1)))(assert (>= Y_0 2))",
  };
  for (const std::string& text : texts) {
    const proofs::Property property = property_of(text);
    const auto written = proofs::write_vnncomp_property(property);
    ASSERT_TRUE(written) << text << core::describe(written.error());
    EXPECT_EQ(written->find("(< "), std::string::npos) << *written;
    EXPECT_EQ(written->find("(> "), std::string::npos) << *written;
    EXPECT_EQ(written->find('/'), std::string::npos) << *written;
    const auto again = proofs::parse_vnnlib(*written);
    ASSERT_TRUE(again) << *written << core::describe(again.error());
    EXPECT_GT(count_unsafe(property, *again), 0U) << *written;
    EXPECT_EQ(*proofs::write_vnncomp_property(*again), *written);
  }
}

TEST(Vnncomp, what_the_format_has_no_words_for_is_refused) {
  const std::string unit = box("0", "1");
  EXPECT_EQ(refusal_of(unit + "(assert (< Y_0 Y_1))"), "a strict comparison of several outputs");
  EXPECT_EQ(refusal_of(unit + "(assert (<= Y_0 X_0))"), "a comparison of inputs with outputs");
}

TEST(Vnncomp, a_region_without_floats_is_refused) {
  EXPECT_EQ(refusal_of(box("0.1", "0.1") + "(assert (<= Y_0 0))"),
            "no binary32 input is within its bounds");
  EXPECT_EQ(refusal_of(box("0", "1") + "(assert (< Y_0 -3.4028235e38))"),
            "a bound of an output that no binary32 number is within");
}

TEST(Vnncomp, cases_without_inputs_are_left_out) {
  const auto text = proofs::write_vnncomp_property(
      property_of(box("0", "1") + "(assert (or (and (>= X_0 0.1) (<= X_0 0.1)) (<= Y_0 0)))"));
  ASSERT_TRUE(text);
  EXPECT_EQ(proofs::parse_vnnlib(*text)->cases.size(), 1U) << *text;
}

}  // namespace
}  // namespace isotrace::tests
