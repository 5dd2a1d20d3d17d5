// Proofs about WebAssembly functions as commands show and check them.
#pragma once

#include <isotrace/proofs/obligation/function_proof.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// For inspect.
Json function_proof_json(const proofs::FunctionProof& proof, std::size_t bytes);

/// check of such a proof: the options of proofs about models do not apply but --model, which then
/// names the module.
int check_function_command(const Context& context, const Arguments& arguments,
                           core::ByteView bytes);

}  // namespace isotrace::tools
