// A tensor as nested brackets, the way NumPy prints arrays.
#pragma once

#include <string>

#include <isotrace/core/tensor.hpp>

namespace isotrace::tools {

/// Elements as core::element_decimal, right-aligned, lines of at most about 80 columns. Of tensors
/// with more than 1,000 elements only the first and last three along each axis are shown. Ends with
/// a newline.
std::string array_text(const core::TensorView& tensor);

}  // namespace isotrace::tools
