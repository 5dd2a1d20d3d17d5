// The n-grams that a TfIdfVectorizer node lists (docs/spec/text.md).
#pragma once

#include <map>

#include <isotrace/core/program.hpp>

namespace isotrace::reference {

struct NgramPool {
  struct Group {
    std::size_t length;  ///< tokens per n-gram
    std::size_t begin;   ///< first token in pool_int64s
    std::size_t count;   ///< n-grams
  };
  std::vector<Group> groups;
  std::int64_t columns;  ///< of the result
};

/// Checks the node's lists. Refuses operation_attribute_invalid.
core::Result<NgramPool> ngram_pool(const core::Node& node);

/// The attribute of that name; without entries, every n-gram weighs 1.
const std::vector<float>& ngram_weights(const core::Node& node);

/// N-gram number by its tokens.
using NgramNumbers = std::map<std::vector<std::int64_t>, std::size_t>;
/// Refuses operation_attribute_invalid: an n-gram listed twice.
core::Result<NgramNumbers> number_ngrams(const core::Node& node, const NgramPool& pool);

}  // namespace isotrace::reference
