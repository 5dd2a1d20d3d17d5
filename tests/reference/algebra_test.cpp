// [algebra.einsum] [algebra.det] [loss.negative_log_likelihood] [text.tfidf_vectorizer]
#include <tests/reference/support.hpp>

#include <cmath>

namespace isotrace::reference {
namespace {

Tensor i32_of(Shape shape, std::vector<std::int32_t> values) {
  return Tensor::of<std::int32_t>(std::move(shape), std::span<const std::int32_t>(values));
}

Outcome einsum(const std::string& equation, std::vector<std::optional<Tensor>> operands,
               std::int64_t k_segment = 256) {
  return call(Op::einsum, std::move(operands), {{"equation", equation}, {"k_segment", k_segment}});
}

const Tensor matrix = i32_of({2, 3}, {1, 2, 3, 4, 5, 6});
const Tensor square = i32_of({2, 2}, {1, 2, 3, 4});

TEST(Einsum, moves_sums_and_takes_diagonals) {
  expect_result(einsum("ij->ji", {matrix}), i32_of({3, 2}, {1, 4, 2, 5, 3, 6}));
  expect_result(einsum("ij->i", {matrix}), i32({6, 15}));
  expect_result(einsum("ij -> ", {matrix}), i32_of({}, {21}));
  expect_result(einsum("ii->i", {square}), i32({1, 4}));
  expect_result(einsum("ii", {square}), i32_of({}, {5}));
  expect_result(einsum("...ii->...i", {i32_of({1, 2, 2}, {1, 2, 3, 4})}), i32_of({1, 2}, {1, 4}));
}

TEST(Einsum, contracts_any_number_of_operands) {
  expect_result(einsum("ij,jk->ik", {square, matrix}), i32_of({2, 3}, {9, 12, 15, 19, 26, 33}));
  // Implicit: what stands once, in ASCII order.
  expect_result(einsum("ba,Ca", {square, square}), i32_of({2, 2}, {5, 11, 11, 25}));
  expect_result(einsum("i,j,k->kji", {i32({1, 2}), i32({3}), i32({5, 7})}),
                i32_of({2, 1, 2}, {15, 30, 21, 42}));
  expect_result(einsum("ij,ij,j->", {matrix, matrix, i32({1, 10, 100})}),
                i32_of({}, {1 + 16 + 10 * (4 + 25) + 100 * (9 + 36)}));
}

TEST(Einsum, broadcasts_ellipses_and_sizes_of_one) {
  const Tensor batch = i32_of({2, 1, 2}, {1, 2, 3, 4});
  expect_result(einsum("...i,...i", {batch, square}), i32_of({2, 2}, {5, 11, 11, 25}));
  expect_result(einsum("...i,i->i...", {square, i32({1, 10})}), i32_of({2, 2}, {1, 3, 20, 40}));
  expect_result(einsum("i,i->i", {i32({7}), i32({1, 2, 3})}), i32({7, 14, 21}));
  expect_result(einsum("...,...->...", {i32_of({}, {2}), square}), i32_of({2, 2}, {2, 4, 6, 8}));
}

TEST(Einsum, floats_follow_the_order_of_a_contraction) {
  core::PhiloxStream random(31);
  const Tensor a = random_f32({3, 40}, random);
  const Tensor b = random_f32({40, 5}, random);
  for (const std::int64_t segment : {7, 256}) {
    const auto product = call(Op::matmul, {a, b}, {{"k_segment", segment}});
    expect_result(einsum("ik,kj->ij", {a, b}, segment), product->front());
  }
  // Three operands: (a * b) rounded, then fma.
  const float x = 1 + 0x1p-12F;
  expect_result(einsum("i,i,i->", {f32({x, 1}), f32({x, 1}), f32({x, -1})}),
                f32({}, {std::fma(1.0F, -1.0F, std::fma(x * x, x, 0.0F))}));
  // Without a sum there is no addition to a zero.
  expect_result(einsum("i,i->i", {f32({-1, 0}), f32({0, infinity})}), f32({-0.0F, quiet_nan()}));
  expect_result(einsum("i->i", {f32_bits({1}, {0x80000000})}), f32_bits({1}, {0x80000000}));
  // f16 is rounded once, at the end: 1 + 2^-11 + 2^-11 is 1 + 2^-10.
  expect_result(einsum("i->", {f16_bits({0x3C00, 0x1000, 0x1000})}), [] {
    Tensor sum = f16_bits({0x3C01});
    sum.reshape({});
    return sum;
  }());
}

TEST(Einsum, sums_of_nothing_are_zero_and_empty_results_empty) {
  expect_result(einsum("i,i->", {f32(Shape{0}, {}), f32(Shape{0}, {})}), f32({}, {0}));
  expect_result(einsum("i,j->ij", {f32(Shape{0}, {}), f32({1, 2})}), f32({0, 2}, {}));
}

TEST(Einsum, refuses_equations_and_shapes_that_do_not_fit) {
  for (const char* equation : {"", "i", "ijk", "ij,jk", "i1", "ij->ik", "ij->ii", "...ij...",
                               "i..j", "ij-", "ij->i->j", "...j->j", ".ij"}) {
    expect_refused(einsum(equation, {matrix}), RefusalCode::operation_attribute_invalid, "Einsum");
  }
  expect_refused(einsum("ii", {matrix}), RefusalCode::shape_mismatch, "Einsum");
  expect_refused(einsum("ij,ij", {matrix, square}), RefusalCode::shape_mismatch, "Einsum");
  expect_refused(einsum("ii->i", {i32_of({1, 2}, {1, 2})}), RefusalCode::shape_mismatch, "Einsum");
  expect_refused(einsum("i", {i32({1})}, 0), RefusalCode::operation_attribute_invalid, "Einsum");
  expect_refused(einsum("i,i", {i32({1}), f32({1})}), RefusalCode::operation_dtype_unsupported,
                 "Einsum");
  const Tensor wide = i32(std::vector<std::int32_t>(1 << 20));
  expect_refused(einsum("a,b,c->abc", {wide, wide, wide}), RefusalCode::limit_exceeded, "Einsum");
}

TEST(Det, pivots_on_the_greatest_and_counts_exchanges) {
  const auto det = [](const Tensor& x) { return call(Op::det, {x}); };
  expect_result(det(f32({2, 2}, {0, 1, 2, 3})), f32({}, {-2}));
  expect_result(det(f32({2, 2, 2}, {1, 2, 4, 4, 2, 0, 0, -5})), f32({-4, -10}));
  expect_result(det(f32({3, 3}, {0, 2, 0, 0, 0, 3, 5, 0, 0})), f32({}, {30}));
  // One step by hand: pivot 3, factor 1/3.
  const float factor = 1.0F / 3.0F;
  expect_result(det(f32({2, 2}, {1, 7, 3, 11})), f32({}, {-(3 * std::fma(-factor, 11.0F, 7.0F))}));
  expect_result(det(f32({1, 0, 0}, {})), f32({1}));
}

TEST(Det, of_singular_and_special_matrices) {
  const auto det = [](const Tensor& x) { return call(Op::det, {x}); };
  expect_result(det(f32({2, 2}, {1, 2, 2, 4})), f32({}, {-0.0F}));  // one exchange
  expect_result(det(f32({2, 2}, {0, 5, 0, 7})), f32({}, {0}));
  expect_result(det(f32({2, 2}, {0, 5, 0, infinity})), f32({}, {quiet_nan()}));
  expect_result(det(f32({2, 2}, {1, 2, quiet_nan(), 4})), f32({}, {quiet_nan()}));
  for (const Shape& shape : {Shape{4}, Shape{2, 3}}) {
    expect_refused(det(f32(shape, std::vector<float>(shape.size() == 1 ? 4 : 6))),
                   RefusalCode::shape_mismatch, "Det");
  }
  expect_refused(det(square), RefusalCode::operation_dtype_unsupported, "Det");
}

Outcome loss(std::vector<std::optional<Tensor>> operands, const std::string& reduction,
             std::optional<std::int64_t> ignored = std::nullopt) {
  return call(Op::negative_log_likelihood_loss, std::move(operands),
              {{"reduction", reduction},
               {"has_ignore_index", std::int64_t{ignored.has_value()}},
               {"ignore_index", ignored.value_or(0)}});
}

TEST(NegativeLogLikelihoodLoss, weighs_ignores_and_reduces) {
  const Tensor x = f32({3, 2}, {-1, -2, -4, -8, -16, -32});
  const Tensor target = i64({0, 1, 0});
  const Tensor weights = f32({0.5F, 4});
  expect_result(loss({x, target}, "none"), f32({1, 8, 16}));
  expect_result(loss({x, target}, "sum"), f32({}, {25}));
  expect_result(loss({x, target}, "mean"), f32({}, {25.0F / 3}));
  expect_result(loss({x, target, weights}, "none"), f32({0.5F, 32, 8}));
  expect_result(loss({x, target, weights}, "mean"), f32({}, {40.5F / 5}));
  expect_result(loss({x, i64({-7, 1, 0}), weights}, "none", -7), f32({0, 32, 8}));
  expect_result(loss({x, i64({9, 1, 0}), weights}, "mean", 9), f32({}, {40 / 4.5F}));
  expect_result(loss({x, i64({0, 1, 0})}, "mean", 0), f32({}, {8}));
  expect_result(loss({x, i64({5, 5, 5})}, "mean", 5), f32({}, {quiet_nan()}));
}

TEST(NegativeLogLikelihoodLoss, has_positions_behind_the_classes) {
  const Tensor x = f32({1, 2, 2}, {-1, -2, -3, -4});
  expect_result(loss({x, i32_of({1, 2}, {1, 0})}, "none"), f32({1, 2}, {3, 2}));
  expect_refused(loss({x, i64({1, 0})}, "none"), RefusalCode::shape_mismatch,
                 "NegativeLogLikelihoodLoss");
}

TEST(NegativeLogLikelihoodLoss, refuses_classes_weights_and_reductions_that_do_not_exist) {
  const Tensor x = f32({1, 2}, {-1, -2});
  const auto refused = [](const Outcome& outcome, RefusalCode code) {
    expect_refused(outcome, code, "NegativeLogLikelihoodLoss");
  };
  refused(loss({x, i64({2})}, "sum"), RefusalCode::operand_value_invalid);
  refused(loss({x, i64({-1})}, "sum"), RefusalCode::operand_value_invalid);
  refused(loss({x, i64({0})}, "max"), RefusalCode::operation_attribute_invalid);
  refused(loss({x, i64({0}), f32({1})}, "sum"), RefusalCode::shape_mismatch);
  refused(loss({x, f32({0})}, "sum"), RefusalCode::operation_dtype_unsupported);
  refused(loss({x, i64({0}), f64({1, 2})}, "sum"), RefusalCode::operation_dtype_unsupported);
}

/// Pool: 2, 3, 5, 4 as single tokens; (5,6), (7,8), (6,7) as pairs.
Outcome vectorize(const Tensor& tokens, const std::string& mode, std::int64_t skips,
                  std::vector<Attribute> others = {}) {
  std::vector<Attribute> attributes = {{"mode", mode},
                                       {"max_skip_count", skips},
                                       {"max_gram_length", std::int64_t{2}},
                                       {"ngram_counts", Ints{0, 4}},
                                       {"ngram_indexes", Ints{0, 1, 2, 3, 4, 5, 6}},
                                       {"pool_int64s", Ints{2, 3, 5, 4, 5, 6, 7, 8, 6, 7}}};
  for (Attribute& other : others) {
    std::erase_if(attributes, [&](const Attribute& a) { return a.name == other.name; });
    attributes.push_back(std::move(other));
  }
  return call(Op::tfidf_vectorizer, {tokens}, std::move(attributes));
}

TEST(TfIdfVectorizer, counts_single_tokens_and_pairs_at_every_distance) {
  const Tensor tokens = i32({1, 1, 3, 3, 3, 7, 8, 6, 7, 5, 6, 8});
  expect_result(vectorize(tokens, "TF", 0), f32({0, 3, 1, 0, 1, 1, 1}));
  expect_result(vectorize(tokens, "TF", 5), f32({0, 3, 1, 0, 1, 3, 1}));
  expect_result(vectorize(tokens, "TF", 0, {{"min_gram_length", std::int64_t{2}}}),
                f32({0, 0, 0, 0, 1, 1, 1}));
  expect_result(vectorize(i64(Ints{}), "TF", 0), f32({0, 0, 0, 0, 0, 0, 0}));
}

TEST(TfIdfVectorizer, weighs_by_n_gram_and_places_by_index) {
  const Attribute weights = {"weights", std::vector<float>{1, 0.5F, 1, 1, 1, 2, 3}};
  const Attribute indexes = {"ngram_indexes", Ints{8, 1, 2, 3, 4, 5, 0}};
  const Tensor tokens = i64({2, 4}, {3, 3, 6, 7, 2, 7, 8, 9});
  expect_result(vectorize(tokens, "IDF", 0, {weights, indexes}),
                f32({2, 9}, {3, 0.5F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1}));
  expect_result(vectorize(tokens, "TFIDF", 0, {weights, indexes}),
                f32({2, 9}, {3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1}));
}

TEST(TfIdfVectorizer, refuses_lists_that_do_not_fit) {
  const auto refused = [](Attribute attribute) {
    expect_refused(vectorize(i64(Ints{1}), "TF", 0, {std::move(attribute)}),
                   RefusalCode::operation_attribute_invalid, "TfIdfVectorizer");
  };
  refused({"mode", std::string("tf")});
  refused({"max_skip_count", std::int64_t{-1}});
  refused({"min_gram_length", std::int64_t{0}});
  refused({"min_gram_length", std::int64_t{3}});
  refused({"ngram_counts", Ints{0, 5}});
  refused({"ngram_counts", Ints{4, 0}});
  refused({"ngram_counts", Ints{0, 100}});
  refused({"ngram_indexes", Ints{0, 1, 2, 3, 4, 5}});
  refused({"ngram_indexes", Ints{0, 1, 2, 3, 4, 5, -1}});
  refused({"ngram_indexes", Ints{0, 1, 2, 3, 4, 5, 5}});
  refused({"weights", std::vector<float>{1}});
  refused({"pool_int64s", Ints{2, 2, 5, 4, 5, 6, 7, 8, 6, 7}});
  expect_refused(vectorize(f32({1}), "TF", 0), RefusalCode::operation_dtype_unsupported,
                 "TfIdfVectorizer");
  expect_refused(vectorize(i64({1, 1, 1}, {1}), "TF", 0), RefusalCode::shape_mismatch,
                 "TfIdfVectorizer");
}

}  // namespace
}  // namespace isotrace::reference
