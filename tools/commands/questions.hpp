// What prove and check are asked about a model: VNN-LIB files, and properties by name.
#pragma once

#include <isotrace/core/program.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

struct AskedQuestion {
  std::string name;       ///< the line of a named property; empty for a VNN-LIB file
  core::Program program;  ///< the model, or two runs side by side
  std::string property;   ///< VNN-LIB text
};

/// Whether any of --property, --ensure, --robust is there.
bool asks_something(const Arguments& arguments);
/// What is wrong with --eps, --label and --domain beside the others, if anything: a usage error.
std::string question_problem(const Arguments& arguments);
/// --property, --ensure and --robust, in this order.
core::Result<std::vector<AskedQuestion>> load_questions(const Context& context,
                                                        const Arguments& arguments,
                                                        const core::Program& model);

}  // namespace isotrace::tools
