// Models, tensors and backends as commands name them.
#pragma once

#include <memory>
#include <vector>

#include <isotrace/executor/execute.hpp>
#include <isotrace/executor/model_bytes.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// The bytes of a model or module; "-" is standard input.
core::Result<std::unique_ptr<executor::ModelBytes>> open_program(const Context& context,
                                                                 const std::string& path);
/// Whether they begin as WebAssembly modules do, be it only the first bytes of one.
bool begins_like_module(core::ByteView bytes);
/// Whether these are the bytes of a WebAssembly module, or meant to be, rather than of a model.
core::Result<bool> is_module(const std::string& path, const executor::ModelBytes& bytes);
/// The model, with external data from beside it, and with the weights of a container where a path
/// of one is given.
core::Result<core::Program> load_program(const Context& context, const std::string& path,
                                         const std::string& weights_path = {});
core::Result<core::Program> load_program(const Context& context, const std::string& path,
                                         const executor::ModelBytes& model,
                                         const std::string& weights_path);
/// A tensor file of any format.
core::Result<executor::TensorFile> load_tensors(const Context& context, const std::string& path);
/// --input [NAME=]FILE and --random SEED; refuses what fits no input of the program.
core::Result<std::vector<executor::NamedTensor>> load_inputs(const Context& context,
                                                             const Arguments& arguments,
                                                             const core::Program& program);
/// Adds Philox numbers for inputs that are missing. Open dimensions are 1, but the first of each
/// input, which is `rows`. Refuses input_missing for inputs that have no such numbers.
core::Result<core::Done> add_random_inputs(const core::Program& program, std::uint64_t seed,
                                           std::int64_t rows,
                                           std::vector<executor::NamedTensor>& inputs);
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
