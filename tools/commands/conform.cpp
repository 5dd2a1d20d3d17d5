#include <algorithm>
#include <atomic>
#include <thread>

#include <fnmatch.h>

#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/conform_cases.hpp>

namespace isotrace::tools {

namespace fs = std::filesystem;

core::Result<std::vector<FoundCase>> find_cases(const Arguments& arguments, const std::string& path,
                                                const CaseFinder& finder, const std::string& what) {
  std::vector<FoundCase> cases;
  std::error_code error;
  const fs::path root(path);
  finder(root, fs::absolute(root).lexically_normal().filename().string(), cases);
  fs::recursive_directory_iterator entry(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) continue;
    finder(*entry, entry->path().lexically_relative(root).string(), cases);
  }
  if (error) return core::refuse(core::RefusalCode::file_not_found, path, error.message());
  if (cases.empty()) return core::refuse(core::RefusalCode::file_not_found, path, "no " + what);
  std::ranges::sort(cases, {}, &FoundCase::name);
  if (!arguments.has("--only")) return cases;
  const std::string glob = arguments.value("--only");
  std::erase_if(cases, [&](const FoundCase& test) {
    return ::fnmatch(glob.c_str(), test.name.c_str(), 0) != 0;
  });
  if (cases.empty()) {
    return core::refuse(core::RefusalCode::file_not_found, path, "no test matches " + glob);
  }
  return cases;
}

void judge_cases(std::size_t workers, std::size_t count,
                 const std::function<void(std::size_t, std::size_t)>& judge) {
  std::atomic<std::size_t> next = 0;
  const auto work = [&](std::size_t worker) {
    for (std::size_t i = next++; i < count; i = next++) judge(worker, i);
  };
  std::vector<std::jthread> threads;
  for (std::size_t worker = 1; worker < workers; ++worker) threads.emplace_back(work, worker);
  work(0);
}

core::Result<core::Done> write_junit(const Context& context, const Arguments& arguments,
                                     const std::string& suite, std::span<const JunitCase> cases) {
  if (!arguments.has("--junit")) return core::Done{};
  return context.write(arguments.value("--junit"), core::as_bytes(junit_text(suite, cases)));
}

int conform_exit(std::size_t passed, std::size_t failed) {
  if (failed != 0) return exit_no;
  return passed == 0 ? exit_refused : exit_yes;
}

int conform_command(const Context& context, const Arguments& arguments) {
  const std::string& kind = arguments.operand(0);
  const bool wasm = kind == "wasm";
  const bool backend = kind == "backend";
  for (const auto& [option, applies] :
       {std::pair{"--edition", wasm}, {"--markdown", backend}, {"--out", backend}}) {
    if (arguments.has(option) && !applies) {
      return report_usage(context, std::string(option) + " does not apply to " + kind);
    }
  }
  if (backend) return conform_backend(context, arguments);
  if (const std::string problem = backend_problem(arguments); !problem.empty()) {
    return report_usage(context, "conform: " + problem);
  }
  if (wasm && names_no_engine(arguments)) {
    return report_usage(context,
                        "conform: reference and cpu execute WebAssembly, no other backend");
  }
  return wasm ? conform_wasm(context, arguments) : conform_onnx(context, arguments);
}

}  // namespace isotrace::tools
