// TfIdfVectorizer (docs/spec/text.md).
#pragma once

#include <isotrace/backends/gpu/kernels/kernel.hpp>

namespace isotrace::backends::gpu {

enum class NgramMode : std::uint32_t { tf, idf, tfidf };

/// The n-gram of a column, as it stands in the pool; without tokens, nothing is counted there.
struct NgramColumn {
  std::int64_t begin;
  std::int64_t tokens;
  float weight;
  bool counts;  ///< its length is one that is looked for
};

/// out[row][column]: how often the column's n-gram stands in the row, in the form of the mode.
struct CountNgrams {
  struct Arguments {
    std::uint64_t count;
    std::uint64_t columns;
    std::int64_t length;  ///< of a row
    std::int64_t skips;   ///< that may lie between two tokens of an n-gram
    NgramMode mode;
    const std::int64_t* rows;
    const std::int64_t* pool;
    const NgramColumn* ngrams;
    float* out;
  };

  ISOTRACE_KERNEL_CODE static bool stands_at(const std::int64_t* row, std::int64_t step,
                                             const std::int64_t* ngram, std::int64_t tokens) {
    for (std::int64_t i = 0; i < tokens; ++i) {
      if (row[i * step] != ngram[i]) return false;
    }
    return true;
  }
  /// Single tokens have no gaps to skip in.
  ISOTRACE_KERNEL_CODE static std::int64_t count_in(const Arguments& a, const std::int64_t* row,
                                                    const NgramColumn& column) {
    std::int64_t found = 0;
    const std::int64_t steps = column.tokens == 1 ? 1 : a.skips + 1;
    for (std::int64_t step = 1; step <= steps; ++step) {
      const std::int64_t gap = (column.tokens - 1) * step;
      if (gap >= a.length) break;
      for (std::int64_t start = 0; start + gap < a.length; ++start) {
        if (stands_at(row + start, step, a.pool + column.begin, column.tokens)) ++found;
      }
    }
    return found;
  }
  ISOTRACE_KERNEL_CODE static void run(const Arguments& a, std::uint64_t i) {
    const NgramColumn& column = a.ngrams[i % a.columns];
    a.out[i] = 0;
    if (column.tokens == 0) return;
    const std::int64_t* row = a.rows + i / a.columns * static_cast<std::uint64_t>(a.length);
    const std::int64_t found = column.counts ? count_in(a, row, column) : 0;
    const auto count = static_cast<float>(found);
    switch (a.mode) {
      case NgramMode::tf: a.out[i] = count; return;
      case NgramMode::idf: a.out[i] = canonical(found == 0 ? 0.0F : column.weight); return;
      case NgramMode::tfidf: a.out[i] = canonical(count * column.weight); return;
    }
  }
};

}  // namespace isotrace::backends::gpu
