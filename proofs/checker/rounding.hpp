// The processor rounding downward. Trusted base. While a DownwardRounding lives, every + - * / in
// this thread gives the largest binary64 not above the exact result, so a sum of products is a
// lower bound of the exact one by construction, and -(lower bound of -x) is an upper bound of x.
// Files that rely on it are compiled with -frounding-math, which keeps the compiler from folding
// constants and from moving signs through products.
#pragma once

#include <cstdint>

namespace isotrace::proofs {

class DownwardRounding {
 public:
  /// Sets rounding, gradual underflow and masked exceptions, and proves by a probe that they hold.
  DownwardRounding();
  ~DownwardRounding();
  DownwardRounding(const DownwardRounding&) = delete;
  DownwardRounding& operator=(const DownwardRounding&) = delete;

 private:
  std::uint32_t saved_;
};

}  // namespace isotrace::proofs
