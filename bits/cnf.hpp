// A formula in conjunctive normal form, in flat arrays. Trust: part of the trusted base.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace isotrace::bits {

/// Clauses are numbered from 1, as LRAT does. A literal is +v or -v for a variable v in
/// 1..variables.
class Cnf {
 public:
  std::uint32_t variables = 0;

  void add(std::span<const std::int32_t> literals);
  void add(std::initializer_list<std::int32_t> literals) {
    add(std::span<const std::int32_t>(literals.begin(), literals.size()));
  }
  [[nodiscard]] std::size_t size() const { return ends_.size(); }
  /// @param number 1..size()
  [[nodiscard]] std::span<const std::int32_t> clause(std::size_t number) const;

  bool operator==(const Cnf&) const = default;

 private:
  std::vector<std::int32_t> literals_;
  std::vector<std::uint64_t> ends_;
};

}  // namespace isotrace::bits
