// `isotrace inspect` of models and of tensor files.
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

Json model_json(const core::Program& program);
/// Every tensor with type, shape, digest and, of floats, how many elements are NaN or infinite.
Json tensor_file_json(const executor::TensorFile& file);
/// A sequence or an optional, as ONNX's test data has them.
Json value_file_json(const core::Tensor& value);

}  // namespace isotrace::tools
