// Several reasons against one thing, told as one refusal: the first names the place, the others
// stand in its detail (internal to the executor).
#pragma once

#include <vector>

#include <isotrace/core/result.hpp>

namespace isotrace::executor {

class RefusalList {
 public:
  /// Keeps twenty and counts the rest: a file decides how many there are.
  void add(core::Refusal refusal);
  [[nodiscard]] bool empty() const { return listed_.empty(); }
  /// Must not be empty.
  [[nodiscard]] core::Refusal joined() const;

 private:
  std::vector<core::Refusal> listed_;  // in the order met
  std::size_t unlisted_ = 0;
};

}  // namespace isotrace::executor
