// The part of `isotrace compare` that is about two models.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// Runs both operands, models of which `first` is the first one's bytes, on the same inputs.
int compare_model_files(const Context& context, const Arguments& arguments, core::ByteView first);

}  // namespace isotrace::tools
