// Every implementation of every elementary function that this machine can run.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include <isotrace/backends/cpu/math.hpp>

namespace isotrace::tools {

struct Implementation {
  std::string_view name;  ///< scalar, avx2, avx512
  backends::cpu::ArrayFunction run;
};

/// The reference first; empty for a function that does not exist.
std::vector<Implementation> find_implementations(std::string_view function);

}  // namespace isotrace::tools
