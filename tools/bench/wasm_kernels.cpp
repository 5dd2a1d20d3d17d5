#include <isotrace/tools/bench/wasm_kernels.hpp>

#include <fstream>

#include <isotrace/core/file.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/validate.hpp>

namespace isotrace::tools::bench {
namespace {

using core::Result;

Result<Kernel> load_kernel(const std::string& folder, const std::string& name,
                           std::uint32_t argument) {
  core::PosixFiles files;
  const std::string path = folder + "/" + name + ".wasm";
  ISOTRACE_TRY(core::Bytes bytes, files.read(path, core::limits::wasm_module_bytes_max));
  ISOTRACE_TRY(wasm::Module module, wasm::load_module(std::move(bytes), wasm::Edition::v2));
  const wasm::FunctionType type{{wasm::ValueType::i32}, {wasm::ValueType::i32}};
  for (const wasm::Export& out : module.exports) {
    if (out.kind != wasm::ExternKind::function || out.name != "run" || !module.imports.empty() ||
        module.start || module.type_of(module.functions[out.index]) != type) {
      continue;
    }
    const std::uint32_t function = out.index;
    const core::Digest program = wasm::program_digest(module);
    return Kernel{name, std::make_shared<const wasm::Module>(std::move(module)), program, function,
                  argument};
  }
  return core::refuse(core::RefusalCode::wasm_export_unknown, path,
                      "run: (i32) -> (i32), of a module without imports and start function");
}

}  // namespace

Result<std::vector<Kernel>> load_kernels(const std::string& folder) {
  const std::string path = folder + "/params.txt";
  std::ifstream list(path);
  if (!list) return core::refuse(core::RefusalCode::file_not_found, path);
  std::vector<Kernel> kernels;
  std::string name;
  std::uint32_t argument = 0;
  while (list >> name >> argument) {
    ISOTRACE_TRY(Kernel kernel, load_kernel(folder, name, argument));
    kernels.push_back(std::move(kernel));
  }
  if (!list.eof() || kernels.empty()) {
    return core::refuse(core::RefusalCode::file_read_failed, path, "not lines of NAME ARGUMENT");
  }
  return kernels;
}

}  // namespace isotrace::tools::bench
