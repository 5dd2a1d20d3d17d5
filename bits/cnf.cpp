#include <isotrace/bits/cnf.hpp>

namespace isotrace::bits {

void Cnf::add(std::span<const std::int32_t> literals) {
  literals_.insert(literals_.end(), literals.begin(), literals.end());
  ends_.push_back(literals_.size());
}

std::span<const std::int32_t> Cnf::clause(std::size_t number) const {
  const std::uint64_t begin = number == 1 ? 0 : ends_[number - 2];
  return std::span(literals_).subspan(begin, ends_[number - 1] - begin);
}

}  // namespace isotrace::bits
