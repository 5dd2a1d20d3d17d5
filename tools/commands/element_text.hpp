// Elements of a tensor for people and programs.
#pragma once

#include <string>

#include <isotrace/core/tensor.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// One element per line: index, shortest decimal, hex float (floats; else the number again), bits.
std::string elements_text(const core::TensorView& tensor);
/// Flat array of texts that lose nothing ("0x1.8p+1", "-3", "true").
Json elements_json(const core::TensorView& tensor);

}  // namespace isotrace::tools
