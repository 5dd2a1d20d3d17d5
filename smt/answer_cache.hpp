// Sure answers of solvers kept on disk, by the content of query, engine, version and limits.
// Entries appear whole or not at all, whoever else writes or is killed; damaged ones are ignored
// and written anew. Nothing in the cache is believed: a model is evaluated and a proof checked each
// time. Trust: none, but that an `unsat` without a proof is as good as the solver that said it and
// the disk.
#pragma once

#include <optional>
#include <string>

#include <isotrace/core/digest.hpp>
#include <isotrace/smt/answer.hpp>
#include <isotrace/smt/engine.hpp>

namespace isotrace::smt {

class AnswerCache {
 public:
  /// Makes the folder (not its parents) when the first answer is kept. Empty: keeps nothing.
  explicit AnswerCache(std::string folder) : folder_(std::move(folder)) {}

  /// @param query digest of the query as SMT-LIB
  static core::Digest key(const core::Digest& query, Engine engine, const EngineLimits& limits,
                          std::size_t clauses_max);
  /// Nothing where there is no whole entry.
  [[nodiscard]] std::optional<Answer> find(const core::Digest& key) const;
  /// Fails silently: a cache that cannot be written is slow, not wrong.
  void keep(const core::Digest& key, const Answer& answer) const;

 private:
  [[nodiscard]] std::string path(const core::Digest& key) const;

  std::string folder_;
};

}  // namespace isotrace::smt
