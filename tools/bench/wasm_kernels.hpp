// The programs that `isotrace bench wasm` runs: modules that export run: (i32) -> (i32).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <isotrace/core/digest.hpp>
#include <isotrace/core/result.hpp>
#include <isotrace/wasm/module.hpp>

namespace isotrace::tools::bench {

struct Kernel {
  std::string name;
  std::shared_ptr<const wasm::Module> module;
  core::Digest program;        ///< wasm::program_digest
  std::uint32_t function = 0;  ///< run
  wasm::Slot argument = 0;
};

/// The kernels that params.txt names, one a line: NAME ARGUMENT. Refuses file_not_found,
/// file_read_failed, what load_module refuses, and wasm_export_unknown of other modules.
core::Result<std::vector<Kernel>> load_kernels(const std::string& folder);

}  // namespace isotrace::tools::bench
