// `isotrace bench proofs`: a folder of published instances through prover and checker.
#pragma once

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

int bench_proofs(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
