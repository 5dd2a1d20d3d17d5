#include <isotrace/smt/solvers.hpp>

#include <dlfcn.h>

#include <filesystem>

namespace isotrace::smt {
namespace {

std::string find_module() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = (self.parent_path() / ISOTRACE_SOLVERS_FROM_PROGRAM).lexically_normal();
  if (std::filesystem::exists(beside, error)) return beside.string();
  // A program of somebody else's that our library is linked into.
  if (std::filesystem::exists(ISOTRACE_SOLVERS_INSTALLED, error)) return ISOTRACE_SOLVERS_INSTALLED;
  return beside.string();
}

core::Result<const Solvers*> open_module() {
  const std::string path = find_module();
  // Never closed: the libraries have destructors that run at exit.
  void* module = ::dlopen(path.c_str(), RTLD_LAZY | RTLD_LOCAL);
  const void* table = module != nullptr ? ::dlsym(module, ISOTRACE_SOLVERS_TABLE) : nullptr;
  if (table == nullptr) {
    const char* why = ::dlerror();
    return core::refuse(core::RefusalCode::solver_absent, path, why != nullptr ? why : "no table");
  }
  return static_cast<const Solvers*>(table);
}

}  // namespace

core::Result<const Solvers*> load_solvers() {
  static const core::Result<const Solvers*> solvers = open_module();
  return solvers;
}

}  // namespace isotrace::smt
