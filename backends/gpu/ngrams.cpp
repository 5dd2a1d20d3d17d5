// TfIdfVectorizer (docs/spec/text.md): every row is searched for every n-gram of the pool.
#include <isotrace/backends/gpu/kernels/ngrams.hpp>
#include <isotrace/backends/gpu/operations.hpp>
#include <isotrace/reference/tfidf.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;

NgramMode find_mode(const std::string& name) {
  if (name == "TF") return NgramMode::tf;
  return name == "IDF" ? NgramMode::idf : NgramMode::tfidf;
}

/// What every column of the result counts.
std::vector<NgramColumn> find_columns(const core::Node& node, const reference::NgramPool& pool) {
  const auto& indexes = node.integers("ngram_indexes");
  const auto& weights = reference::ngram_weights(node);
  std::vector<NgramColumn> columns(static_cast<std::size_t>(pool.columns));
  std::size_t number = 0;
  for (const reference::NgramPool::Group& group : pool.groups) {
    const auto tokens = static_cast<std::int64_t>(group.length);
    const bool counts =
        tokens >= node.integer("min_gram_length") && tokens <= node.integer("max_gram_length");
    for (std::size_t i = 0; i < group.count; ++i, ++number) {
      columns[static_cast<std::size_t>(indexes[number])] = {
          static_cast<std::int64_t>(group.begin + i * group.length), tokens,
          weights.empty() ? 1.0F : weights[number], counts};
    }
  }
  return columns;
}

Made count_ngrams(DeviceCall& call) {
  const core::Node& node = call.node();
  ISOTRACE_TRY(const reference::NgramPool pool, reference::ngram_pool(node));
  const Dtype dtype = call.dtype();
  if (dtype != Dtype::i64 && dtype != Dtype::i32) return reference::refuse_dtype(dtype);
  const std::size_t rank = call.call.operand(0).rank();
  if (rank != 1 && rank != 2) return reference::refuse_shape("tokens");
  ISOTRACE_TRY_DONE(reference::number_ngrams(node, pool));  // each stands there once
  ISOTRACE_TRY(const Array rows, call.wide(0));
  Shape shape = rows.shape;
  shape.back() = pool.columns;
  ISOTRACE_TRY(Array out, call.work.make(Dtype::f32, std::move(shape)));
  if (out.elements == 0) return out;
  ISOTRACE_TRY(const Array columns, call.work.send_plain(find_columns(node, pool)));
  ISOTRACE_TRY(const Array tokens, call.work.send(node.integers("pool_int64s")));
  ISOTRACE_TRY_DONE(call.work.launch_each(
      "count_ngrams", CountNgrams::Arguments{out.elements, static_cast<std::uint64_t>(pool.columns),
                                             rows.shape.back(), node.integer("max_skip_count"),
                                             find_mode(node.text("mode")),
                                             rows.data<std::int64_t>(), tokens.data<std::int64_t>(),
                                             columns.data<NgramColumn>(), out.data<float>()}));
  return out;
}

}  // namespace

Results run_ngrams(DeviceCall& call) { return one(count_ngrams(call)); }

}  // namespace isotrace::backends::gpu
