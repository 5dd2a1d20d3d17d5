// TfIdfVectorizer of integer tokens (docs/spec/text.md).
#include <isotrace/reference/tfidf.hpp>

#include <set>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/reference/operations.hpp>

namespace isotrace::reference {
namespace {

/// The pool cut at the offsets of ngram_counts: group i has n-grams of i + 1 tokens.
Result<std::vector<NgramPool::Group>> cut_pool(const core::Node& node) {
  const auto& counts = node.integers("ngram_counts");
  const auto pool = static_cast<std::int64_t>(node.integers("pool_int64s").size());
  std::vector<NgramPool::Group> groups;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const std::int64_t end = i + 1 < counts.size() ? counts[i + 1] : pool;
    const auto length = static_cast<std::int64_t>(i + 1);
    const bool fits = counts[i] >= 0 && counts[i] <= end && end <= pool;
    if (!fits || (end - counts[i]) % length != 0) return refuse_attribute("ngram_counts");
    groups.push_back({i + 1, static_cast<std::size_t>(counts[i]),
                      static_cast<std::size_t>((end - counts[i]) / length)});
  }
  return groups;
}

/// How often each n-gram of the pool stands in a row of tokens, with all the skips allowed.
std::vector<std::int64_t> count_ngrams(const core::Node& node, const NgramNumbers& index,
                                       std::span<const std::int64_t> row, std::size_t ngrams) {
  std::vector<std::int64_t> counts(ngrams);
  const std::int64_t shortest = node.integer("min_gram_length");
  const std::int64_t longest = std::min(node.integer("max_gram_length"), std::ssize(row));
  for (std::int64_t length = shortest; length <= longest; ++length) {
    // Single tokens have no gaps to skip in.
    const std::int64_t skips = length == 1 ? 0 : node.integer("max_skip_count");
    for (std::int64_t step = 1; step <= skips + 1; ++step) {
      if ((length - 1) * step >= std::ssize(row)) break;
      for (std::int64_t start = 0; start + (length - 1) * step < std::ssize(row); ++start) {
        std::vector<std::int64_t> ngram;
        for (std::int64_t i = 0; i < length; ++i) {
          ngram.push_back(row[static_cast<std::size_t>(start + i * step)]);
        }
        const auto found = index.find(ngram);
        if (found != index.end()) ++counts[found->second];
      }
    }
  }
  return counts;
}

Result<std::vector<std::int64_t>> read_tokens(const TensorView& x) {
  if (x.dtype() == Dtype::i64) {
    const auto values = x.data<std::int64_t>();
    return std::vector<std::int64_t>(values.begin(), values.end());
  }
  if (x.dtype() != Dtype::i32) return refuse_dtype(x.dtype());
  const auto values = x.data<std::int32_t>();
  return std::vector<std::int64_t>(values.begin(), values.end());
}

}  // namespace

core::Result<NgramPool> ngram_pool(const core::Node& node) {
  const std::string& mode = node.text("mode");
  if (mode != "TF" && mode != "IDF" && mode != "TFIDF") return refuse_attribute("mode");
  const std::int64_t shortest = node.integer("min_gram_length");
  const std::int64_t longest = node.integer("max_gram_length");
  const auto skip_max = static_cast<std::int64_t>(core::limits::attribute_elements_max);
  if (shortest < 1 || longest < shortest || longest > skip_max) {
    return refuse_attribute("min_gram_length or max_gram_length");
  }
  const std::int64_t skips = node.integer("max_skip_count");
  if (skips < 0 || skips > skip_max) return refuse_attribute("max_skip_count");
  NgramPool pool{{}, 0};
  ISOTRACE_TRY(pool.groups, cut_pool(node));
  std::size_t ngrams = 0;
  for (const NgramPool::Group& group : pool.groups) ngrams += group.count;
  const auto& columns = node.integers("ngram_indexes");
  if (columns.size() != ngrams) return refuse_attribute("the number of ngram_indexes");
  std::set<std::int64_t> seen;
  for (const std::int64_t column : columns) {
    if (column < 0 || column >= static_cast<std::int64_t>(core::limits::tensor_bytes_max) ||
        !seen.insert(column).second) {
      return refuse_attribute("ngram_indexes " + std::to_string(column));
    }
    pool.columns = std::max(pool.columns, column + 1);
  }
  const std::size_t weights = ngram_weights(node).size();
  if (weights != 0 && weights != ngrams) return refuse_attribute("the number of weights");
  return pool;
}

const std::vector<float>& ngram_weights(const core::Node& node) {
  for (const core::Attribute& attribute : node.attributes) {
    if (attribute.name == "weights") return std::get<std::vector<float>>(attribute.value);
  }
  ISOTRACE_CHECK(false, "weights");
}

Result<NgramNumbers> number_ngrams(const core::Node& node, const NgramPool& pool) {
  const auto& tokens = node.integers("pool_int64s");
  NgramNumbers numbers;
  std::size_t number = 0;
  for (const NgramPool::Group& group : pool.groups) {
    for (std::size_t i = 0; i < group.count; ++i) {
      const auto first =
          tokens.begin() + static_cast<std::ptrdiff_t>(group.begin + i * group.length);
      const std::vector<std::int64_t> ngram(first,
                                            first + static_cast<std::ptrdiff_t>(group.length));
      if (!numbers.emplace(ngram, number++).second) {
        return refuse_attribute("an n-gram listed twice");
      }
    }
  }
  return numbers;
}

// [text.tfidf_vectorizer]
Outcome evaluate_tfidf_vectorizer(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const NgramPool pool, ngram_pool(call.node));
  ISOTRACE_TRY(const auto tokens, read_tokens(x));
  if (x.rank() != 1 && x.rank() != 2) return refuse_shape("tokens " + core::shape_text(x.shape()));
  ISOTRACE_TRY(const NgramNumbers index, number_ngrams(call.node, pool));
  Shape shape(x.shape().begin(), x.shape().end());
  shape.back() = pool.columns;
  ISOTRACE_TRY(Tensor out, Tensor::make(Dtype::f32, std::move(shape)));
  if (out.elements() == 0) return one(std::move(out));
  const auto length = static_cast<std::size_t>(x.dim(x.rank() - 1));
  const auto columns = static_cast<std::size_t>(pool.columns);
  const auto& indexes = call.node.integers("ngram_indexes");
  const auto& weights = ngram_weights(call.node);
  const std::string& mode = call.node.text("mode");
  for (std::size_t row = 0; row < out.elements() / columns; ++row) {
    const auto counts = count_ngrams(
        call.node, index, std::span(tokens).subspan(row * length, length), indexes.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const float weight = weights.empty() ? 1.0F : weights[i];
      const auto count = static_cast<float>(counts[i]);
      const float idf = counts[i] == 0 ? 0.0F : weight;
      out.data<float>()[row * columns + static_cast<std::size_t>(indexes[i])] =
          core::canonical(mode == "TF"    ? count
                          : mode == "IDF" ? idf
                                          : count * weight);
    }
  }
  return one(std::move(out));
}

}  // namespace isotrace::reference
