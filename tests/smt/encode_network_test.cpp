#include <gtest/gtest.h>

#include <isotrace/core/philox.hpp>
#include <isotrace/smt/decide.hpp>
#include <isotrace/smt/encode_network.hpp>
#include <isotrace/smt/print.hpp>
#include <isotrace/smt/sorted_values.hpp>

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

core::Result<std::string> text_of(const NetworkQuery& query) {
  sorted::Pool pool;
  ISOTRACE_TRY(const sorted::Term term, encode_network(pool, query));
  return print_query(pool, term);
}

TEST(EncodeNetwork, text_is_exact_and_complete) {
  EXPECT_EQ(*text_of(small_query()),
            "(set-logic QF_LRA)\n"
            "(declare-fun $x0 () Real)\n"
            "(define-fun ?3 () Bool (<= 0.0 $x0))\n"
            "(define-fun ?5 () Bool (<= $x0 1.0))\n"
            "(define-fun ?6 () Bool (and ?3 ?5))\n"
            "(define-fun ?9 () Real (* 1.0 $x0))\n"
            "(define-fun ?10 () Real (+ (- (/ 1.0 2.0)) ?9))\n"
            "(define-fun ?11 () Bool (<= ?10 0.0))\n"
            "(define-fun ?12 () Real (ite ?11 0.0 ?10))\n"
            "(define-fun ?13 () Real (* (- 1.0) ?12))\n"
            "(define-fun ?14 () Real (+ 0.0 ?13))\n"
            "(define-fun ?16 () Bool (<= ?14 (- (/ 1.0 4.0))))\n"
            "(define-fun ?17 () Bool (and ?6 ?16))\n"
            "(assert ?17)\n"
            "(check-sat)\n");
}

TEST(EncodeNetwork, strict_rows_stay_strict) {
  NetworkQuery query = small_query();
  query.constraints[0].strict = true;
  EXPECT_NE(text_of(query)->find("Bool (< ?"), std::string::npos);
}

TEST(EncodeNetwork, integers_are_integers) {
  // x - 1/2 in (0, 1/2) has solutions, but no whole one.
  for (const bool whole : {false, true}) {
    NetworkQuery query = small_query();
    query.box[0].whole = whole;
    query.constraints = {{{Rational(-1)}, Rational(0), true},
                         {{Rational(1)}, Rational(1, 2), true}};
    EXPECT_EQ(text_of(query)->find("QF_LIRA") != std::string::npos, whole);
    sorted::Pool pool;
    const sorted::Term term = *encode_network(pool, query);
    DecideOptions options;
    options.agree = true;
    const auto decision = decide(pool, term, options);
    ASSERT_TRUE(decision.has_value());
    EXPECT_EQ(decision->runs.size(), 2U) << "z3 and cvc5";
    EXPECT_EQ(decision->kind, whole ? Decision::Kind::unsat : Decision::Kind::sat);
  }
}

/// What the network gives, in rational numbers.
std::vector<Rational> outputs_of(const NetworkQuery& query, std::vector<Rational> values) {
  for (const AffineLayer& layer : query.layers) {
    std::vector<Rational> results = layer.bias;
    for (std::size_t o = 0; o < results.size(); ++o) {
      for (std::size_t i = 0; i < values.size(); ++i) results[o] += layer.weights[o][i] * values[i];
      if (layer.relu && results[o] < 0) results[o] = 0;
    }
    values = std::move(results);
  }
  return values;
}

TEST(EncodeNetwork, terms_are_worth_what_networks_give_and_solvers_agree) {
  core::PhiloxStream random(7);
  int sat = 0;
  for (int round = 0; round < 12; ++round) {
    const auto small = [&] { return Rational(static_cast<int>(random.next_below(17)) - 8, 4); };
    NetworkQuery query;
    query.box = {{Rational(-1), Rational(1)}, {Rational(-1), Rational(1), round % 3 == 0}};
    AffineLayer hidden{{}, {}, true};
    for (int i = 0; i < 4; ++i) {
      hidden.weights.push_back({small(), small()});
      hidden.bias.push_back(small());
    }
    AffineLayer last{{{small(), small(), small(), small()}}, {small()}, false};
    query.layers = {hidden, last};
    query.constraints.push_back({{Rational(1)}, Rational(-1), false});
    sorted::Pool pool;
    const sorted::Term term = *encode_network(pool, query);
    for (int point = 0; point < 20; ++point) {
      Model model;
      const Rational x = small() / 2;
      const Rational y(static_cast<int>(random.next_below(3)) - 1);
      model.numbers = {{"x0", x}, {"x1", y}};
      const bool inside = abs(x) <= 1;
      EXPECT_EQ(*holds(pool, term, model), inside && outputs_of(query, {x, y})[0] <= -1);
    }
    DecideOptions options;
    options.agree = true;
    const auto decision = decide(pool, term, options);
    ASSERT_TRUE(decision.has_value());
    ASSERT_NE(decision->kind, Decision::Kind::undecided) << decision->detail;
    if (decision->kind != Decision::Kind::sat) continue;
    ++sat;
    const auto& numbers = decision->model.numbers;
    EXPECT_LE(outputs_of(query, {numbers.at("x0"), numbers.at("x1")})[0], -1);
  }
  EXPECT_GT(sat, 0);
  EXPECT_LT(sat, 12);
}

TEST(EncodeNetwork, limit_exceeded_by_too_many_relus) {
  NetworkQuery query;
  query.box = {{Rational(0), Rational(1)}};
  AffineLayer wide;
  wide.relu = true;
  wide.weights.assign(network_relus_max + 1, {Rational(1)});
  wide.bias.assign(network_relus_max + 1, Rational(0));
  query.layers.push_back(std::move(wide));
  const auto text = text_of(query);
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, core::RefusalCode::limit_exceeded);
}

TEST(EncodeNetwork, shape_mismatch_where_sizes_do_not_fit) {
  NetworkQuery query = small_query();
  query.layers[0].weights[0].emplace_back(1);
  EXPECT_EQ(text_of(query).error().code, core::RefusalCode::shape_mismatch);
  query = small_query();
  query.constraints[0].coefficients.clear();
  EXPECT_EQ(text_of(query).error().code, core::RefusalCode::shape_mismatch);
  query = small_query();
  query.layers[0].bias.clear();
  EXPECT_EQ(text_of(query).error().code, core::RefusalCode::shape_mismatch);
}

}  // namespace
}  // namespace isotrace::smt
