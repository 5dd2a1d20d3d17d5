// A tensor with the name that binds it: to a program's input, an initialiser, a member of a file.
#pragma once

#include <string>

#include <isotrace/core/tensor.hpp>

namespace isotrace::executor {

struct NamedTensor {
  std::string name;
  core::Tensor value;
};

}  // namespace isotrace::executor
