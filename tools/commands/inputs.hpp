// Models, tensors and backends as commands name them.
#pragma once

#include <memory>
#include <vector>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// The model, with external data from beside it, and with the weights of a container where a path
/// of one is given.
core::Result<core::Program> load_program(const Context& context, const std::string& path,
                                         const std::string& weights_path = {});
/// A tensor file of any format.
core::Result<executor::TensorFile> load_tensors(const Context& context, const std::string& path);
/// --input [NAME=]FILE and --random SEED; refuses what fits no input of the program.
core::Result<std::vector<executor::NamedTensor>> load_inputs(const Context& context,
                                                             const Arguments& arguments,
                                                             const core::Program& program);
/// --backend, --jobs, --isa. `backend` overrides the option if not empty.
core::Result<std::unique_ptr<backends::Backend>> load_backend(const Arguments& arguments,
                                                              const std::string& backend = {});
/// --jobs; refuses text_not_number and numbers outside 1 to 1,024.
core::Result<unsigned> load_jobs(const Arguments& arguments);
/// Threads that hash beside those of --jobs (executor::choose_hash_threads).
core::Result<unsigned> load_hash_threads(const Arguments& arguments);

/// --memory-max in GiB, at least 1; refuses text_not_number and value_out_of_range.
core::Result<executor::ExecuteLimits> load_limits(const Arguments& arguments);

}  // namespace isotrace::tools
