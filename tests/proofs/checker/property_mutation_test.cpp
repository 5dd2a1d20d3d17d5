// Property files are text that anybody may send: whatever happens to one, reading it ends in a
// property or a typed refusal, and a property that is read keeps its own promises.
#include <gtest/gtest.h>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/checker/property.hpp>

#include "tests/support/mutate.hpp"

namespace isotrace::proofs {
namespace {

constexpr std::string_view original =
    "; unsafe if strong left or strong right is minimal\n"
    "(declare-const X_0 Real)\n(declare-const X_1 Real)\n"
    "(declare-const Y_0 Real)\n(declare-const Y_1 Real)\n(declare-const Y_2 Real)\n"
    "(assert (<= X_0 0.679857769))\n(assert (>= X_0 -0.328422877))\n"
    "(assert (or (and (>= X_1 -0.5) (<= X_1 (/ 1 4))) (and (>= X_1 0.3e0) (<= X_1 0.5))))\n"
    "(assert (or (and (<= Y_1 Y_0) (< (+ (* 2.5 Y_1) (- Y_2)) 1e-3)) (and (<= Y_2 Y_0) (= Y_1 "
    "3))))\n";

void expect_consistent(const Property& property) {
  EXPECT_LE(property.cases.size(), core::limits::property_disjuncts_max);
  for (const Case& one : property.cases) {
    EXPECT_EQ(one.box.size(), property.inputs);
    for (const InputRange& range : one.box) EXPECT_LE(range.lower, range.upper);
    for (const LinearRow& row : one.rows) {
      for (const Term& term : row.terms) EXPECT_LT(term.index, property.outputs);
    }
  }
}

TEST(PropertyMutation, every_mutant_is_a_consistent_property_or_a_typed_refusal) {
  const auto bytes = core::as_bytes(original);
  const core::Bytes whole(bytes.begin(), bytes.end());
  ASSERT_TRUE(parse_vnnlib(original).has_value());
  core::PhiloxStream random(1401);
  std::size_t refused = 0;
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    const core::Bytes mutant = tests::mutate(whole, random);
    const auto property = parse_vnnlib(core::as_text(mutant));
    if (property) {
      expect_consistent(*property);
    } else {
      EXPECT_FALSE(property.error().where.empty());
      ++refused;
    }
  }
  EXPECT_GT(refused, tests::mutant_count() / 4);
}

}  // namespace
}  // namespace isotrace::proofs
