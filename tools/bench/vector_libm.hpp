// glibc's vector mathematics (libmvec), loaded at run time if this machine has it: the functions
// that compilers call for loops over exp, sin, ... under -ffast-math. They allow an error of
// several units in the last place.
#pragma once

#include <cstddef>
#include <string>

namespace isotrace::tools::bench {

/// One function of one binary32 argument, 16 lanes at a time with AVX-512 or 8 with AVX2.
class VectorFunction {
 public:
  /// `name` as in C without the f at the end: "exp". `lanes` is 8 or 16, and the processor must
  /// have the instruction set. Empty if there is no such function.
  static VectorFunction find(const std::string& name, int lanes);

  explicit operator bool() const { return function_ != nullptr; }
  /// `count` is a multiple of the lanes.
  void run(const float* x, float* y, std::size_t count) const;

 private:
  void* function_ = nullptr;
  int lanes_ = 0;
};

}  // namespace isotrace::tools::bench
