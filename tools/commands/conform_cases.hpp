// What the suites of `isotrace conform` share: finding test cases below a folder, choosing among
// them, and judging several at a time.
#pragma once

#include <filesystem>
#include <functional>
#include <vector>

#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/tools/commands/junit.hpp>

namespace isotrace::tools {

struct FoundCase {
  std::string name;  ///< its path below the folder asked for
  std::string path;
};

/// What a folder below (or at) the one asked for contributes.
using CaseFinder = std::function<void(const std::filesystem::path& folder, const std::string& name,
                                      std::vector<FoundCase>& cases)>;

/// All cases at or below `path`, by name, that --only matches. None found, or a folder that cannot
/// be read - it might hold cases - is refused as file_not_found; `what` is looked for.
core::Result<std::vector<FoundCase>> find_cases(const Arguments& arguments, const std::string& path,
                                                const CaseFinder& finder, const std::string& what);

/// judge(worker, i) for each i < count, on as many threads as there are workers.
void judge_cases(std::size_t workers, std::size_t count,
                 const std::function<void(std::size_t worker, std::size_t i)>& judge);

/// Writes --junit if it is asked for.
core::Result<core::Done> write_junit(const Context& context, const Arguments& arguments,
                                     const std::string& suite, std::span<const JunitCase> cases);

/// The exit code of a suite: nothing passed means that nothing was checked, which is never success.
int conform_exit(std::size_t passed, std::size_t failed);

// The suites, one file each.
int conform_backend(const Context& context, const Arguments& arguments);
int conform_onnx(const Context& context, const Arguments& arguments);
int conform_wasm(const Context& context, const Arguments& arguments);

}  // namespace isotrace::tools
