// The commands of `isotrace-verify`.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

int verify_traces(const Context& context, const Arguments& arguments);
int verify_proofs(const Context& context, const Arguments& arguments);
int verify_steps(const Context& context, const Arguments& arguments);
int verify_one_certificate(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
