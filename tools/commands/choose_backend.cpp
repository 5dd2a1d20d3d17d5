#include <isotrace/tools/commands/choose_backend.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include <isotrace/backends/fallback_backend.hpp>
#include <isotrace/backends/plugin/plugin_backend.hpp>
#include <isotrace/executor/foreign_backend.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/foreign/onnx_runtime_steps.hpp>

namespace isotrace::tools {
namespace {

using backends::Backend;
using core::RefusalCode;
using core::Result;

constexpr std::array plugin_options = {"--plugin-timeout", "--plugin-memory", "--plugin-access"};

bool is_plugin(const std::string& name) { return name.starts_with(backends::plugin_prefix); }
/// Whether it does everything that the reference does.
bool is_complete(const std::string& name) {
  return name.empty() || name == "reference" || name == "cpu";
}

bool is_incomplete(const std::string& name) { return !is_complete(name); }
constexpr std::string_view foreign_name = "ort";

/// All names that the command line gives.
std::vector<std::string> named_backends(const Arguments& arguments) {
  std::vector<std::string> names = arguments.values("--backend");
  const auto& against = arguments.values("--against");
  names.insert(names.end(), against.begin(), against.end());
  return names;
}

Result<std::uint64_t> load_number(const Arguments& arguments, const std::string& option,
                                  std::uint64_t fallback, std::uint64_t most) {
  if (!arguments.has(option)) return fallback;
  const auto number = parse_count(arguments.value(option));
  if (!number) return core::refuse(RefusalCode::text_not_number, option, arguments.value(option));
  if (*number < 1 || *number > most) {
    return core::refuse(RefusalCode::value_out_of_range, option,
                        "1 to " + std::to_string(most) + " are possible");
  }
  return *number;
}

/// It is installed beside the program.
std::string find_plugin_host() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return (self.parent_path() / "isotrace-plugin-host").string();
}

Result<std::unique_ptr<Backend>> open_plugin(const Arguments& arguments, const std::string& name) {
  backends::PluginOptions options;
  options.host_program = find_plugin_host();
  ISOTRACE_TRY(const std::uint64_t seconds,
               load_number(arguments, "--plugin-timeout", options.seconds, 1'000'000));
  options.seconds = static_cast<unsigned>(seconds);
  ISOTRACE_TRY(const std::uint64_t gibibytes,
               load_number(arguments, "--plugin-memory", options.memory_bytes >> 30, 1 << 20));
  options.memory_bytes = gibibytes << 30;
  if (arguments.value("--plugin-access") == "device") {
    options.access = backends::PluginAccess::device;
  }
  return backends::make_plugin_backend(name.substr(backends::plugin_prefix.size()), options);
}

/// With the reference behind it, if --allow-fallback says so.
Result<std::unique_ptr<Backend>> with_fallback(const Arguments& arguments,
                                               std::unique_ptr<Backend> backend) {
  if (!arguments.has("--allow-fallback")) return backend;
  ISOTRACE_TRY(std::unique_ptr<Backend> reference, backends::make_backend("reference", {}));
  return std::make_unique<backends::FallbackBackend>(std::move(backend), std::move(reference));
}

}  // namespace

std::string backend_problem(const Arguments& arguments) {
  const std::vector<std::string> names = named_backends(arguments);
  if (std::ranges::none_of(names, is_plugin)) {
    for (const char* option : plugin_options) {
      if (arguments.has(option)) return std::string(option) + " applies to plugin:FILE only";
    }
  }
  // Whoever compares with another engine is told what it refuses, and executes nothing else.
  const bool refuses =
      std::ranges::any_of(arguments.values("--backend"), is_incomplete) ||
      (is_incomplete(arguments.value("--against")) && arguments.value("--against") != foreign_name);
  if (arguments.has("--allow-fallback") && !refuses) {
    return "--allow-fallback applies to backends that refuse operations of the reference";
  }
  return {};
}

bool names_no_engine(const Arguments& arguments) {
  return !std::ranges::all_of(named_backends(arguments), is_complete);
}

Result<std::unique_ptr<Backend>> open_backend(const Arguments& arguments, const std::string& name,
                                              const backends::BackendOptions& options) {
  ISOTRACE_TRY(std::unique_ptr<Backend> backend, is_plugin(name)
                                                     ? open_plugin(arguments, name)
                                                     : backends::make_backend(name, options));
  if (is_complete(name)) return backend;
  return with_fallback(arguments, std::move(backend));
}

Result<std::unique_ptr<executor::ForeignEngine>> open_onnx_runtime(const Arguments& arguments) {
  const char* folder = std::getenv("ISOTRACE_ORT");
  const std::string modules = arguments.has("--ort") ? arguments.value("--ort")
                              : folder == nullptr    ? ""
                                                     : folder;
  ISOTRACE_TRY(std::unique_ptr<executor::ForeignEngine> engine, OnnxRuntimeSteps::start(modules));
  return engine;
}

Result<std::unique_ptr<Backend>> open_foreign_backend(const Arguments& arguments) {
  ISOTRACE_TRY(auto engine, open_onnx_runtime(arguments));
  return with_fallback(arguments, std::make_unique<executor::ForeignBackend>(std::move(engine)));
}

Result<std::unique_ptr<Backend>> open_recorded_backend(const Arguments& arguments,
                                                       const trace::Trace& trace) {
  const std::string& name = trace.provenance.backend;
  const auto names = backends::backend_names();
  if (std::ranges::find(names, name) == names.end()) {
    return core::refuse(RefusalCode::backend_unknown, name);
  }
  return load_backend(arguments, name);
}

Json selection_json(const Backend& backend) {
  const auto* both = dynamic_cast<const backends::FallbackBackend*>(&backend);
  if (both == nullptr) return nullptr;
  Json fallen = Json::object();
  for (const auto& [name, count] : both->fallen_back()) {
    if (count != 0) fallen[std::string(name)] = count;
  }
  return {{"backend", backend.info().name},
          {"direct", both->direct()},
          {"fallback", std::move(fallen)}};
}

std::string selection_text(const Backend& backend) {
  const auto* both = dynamic_cast<const backends::FallbackBackend*>(&backend);
  if (both == nullptr) return {};
  std::string fallen;
  std::size_t sum = 0;
  for (const auto& [name, count] : both->fallen_back()) {
    if (count == 0) continue;
    sum += count;
    fallen += " " + std::string(name) + " " + std::to_string(count);
  }
  return "backend " + backend.info().name + ": " + std::to_string(both->direct()) + " direct, " +
         std::to_string(sum) + " fallen back" + (sum == 0 ? "" : ":" + fallen) + "\n";
}

}  // namespace isotrace::tools
