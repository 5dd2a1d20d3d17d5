#include <gtest/gtest.h>

#include <isotrace/smt/encode_network.hpp>

namespace isotrace::smt {
namespace {

using core::Rational;

/// y = max(x - 1/2, 0) for x in [0, 1]; is y <= bound possible?
NetworkQuery small_query() {
  NetworkQuery query;
  query.box = {{Rational(0), Rational(1)}};
  query.layers.push_back({{{Rational(1)}}, {Rational(-1, 2)}, true});
  query.constraints.push_back({{Rational(-1)}, Rational(-1, 4), false});
  return query;
}

TEST(EncodeNetwork, text_is_exact_and_complete) {
  const auto text = encode_network(small_query());
  ASSERT_TRUE(text.has_value());
  EXPECT_EQ(*text,
            "(set-logic QF_LRA)\n"
            "(declare-const x0 Real)\n"
            "(assert (<= 0.0 x0))\n"
            "(assert (<= x0 1.0))\n"
            "(define-fun z0_0 () Real (+ 0.0 (- (/ 1.0 2.0)) (* 1.0 x0)))\n"
            "(define-fun h0_0 () Real (ite (<= z0_0 0.0) 0.0 z0_0))\n"
            "(assert (<= (+ 0.0 0.0 (* (- 1.0) h0_0)) (- (/ 1.0 4.0))))\n");
}

TEST(EncodeNetwork, strict_rows_stay_strict) {
  NetworkQuery query = small_query();
  query.constraints[0].strict = true;
  EXPECT_NE(encode_network(query)->find("(assert (< (+"), std::string::npos);
}

TEST(EncodeNetwork, limit_exceeded_by_too_many_relus) {
  NetworkQuery query;
  query.box = {{Rational(0), Rational(1)}};
  AffineLayer wide;
  wide.relu = true;
  wide.weights.assign(network_relus_max + 1, {Rational(1)});
  wide.bias.assign(network_relus_max + 1, Rational(0));
  query.layers.push_back(std::move(wide));
  const auto text = encode_network(query);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, core::RefusalCode::limit_exceeded);
}

TEST(EncodeNetwork, shape_mismatch_where_sizes_do_not_fit) {
  NetworkQuery query = small_query();
  query.layers[0].weights[0].emplace_back(1);
  EXPECT_EQ(encode_network(query).error().code, core::RefusalCode::shape_mismatch);
  query = small_query();
  query.constraints[0].coefficients.clear();
  EXPECT_EQ(encode_network(query).error().code, core::RefusalCode::shape_mismatch);
  query = small_query();
  query.layers[0].bias.clear();
  EXPECT_EQ(encode_network(query).error().code, core::RefusalCode::shape_mismatch);
}

}  // namespace
}  // namespace isotrace::smt
