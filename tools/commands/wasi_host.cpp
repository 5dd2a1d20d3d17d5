#include <isotrace/tools/commands/wasi_host.hpp>

#include <algorithm>
#include <filesystem>
#include <span>

#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/wasi/host_world.hpp>

namespace isotrace::tools {
namespace {

/// The first value of the option that does not begin with a name and '='.
const std::string* find_nameless(const Arguments& arguments, std::string_view option) {
  const std::vector<std::string>& values = arguments.values(option);
  const auto found = std::ranges::find_if(values, [](const std::string& value) {
    const std::size_t end = value.find('=');
    return end == std::string::npos || end == 0;
  });
  return found == values.end() ? nullptr : &*found;
}

using Settings = std::vector<trace::Setting>;

std::vector<std::string> values_of(const Settings& settings, std::string_view name) {
  std::vector<std::string> values;
  for (const trace::Setting& setting : settings) {
    if (setting.name == name) values.push_back(setting.value);
  }
  return values;
}

core::Result<wasi::WorldOptions> world_options(const Context& context, const Arguments& arguments,
                                               const Settings& settings) {
  wasi::WorldOptions options;
  std::vector<std::string> names;
  for (const std::string& value : arguments.values("--dir")) {
    const std::size_t end = value.find('=');
    options.folders.push_back({value.substr(0, end), value.substr(end + 1)});
    names.push_back(value.substr(0, end));
  }
  if (names != values_of(settings, "dir")) {
    return core::refuse(core::RefusalCode::wasm_host_state_lost, "--dir",
                        "the run had other folders, or in another order");
  }
  if (const auto seed = values_of(settings, "virtual"); !seed.empty()) {
    options.virtual_seed = parse_count(seed[0]).value_or(0);
  }
  // With --json, standard output is one object.
  options.output = context.json ? wasi::Output::standard_error : wasi::Output::standard_output;
  return options;
}

/// Whether a host that has not answered the call is as one that has, or can be made so (move_on).
bool leaves_host_alone(const wasm::Import& import, const trace::HostCallRecord& call) {
  constexpr std::string_view always[] = {
      "args_get",    "args_sizes_get",      "clock_res_get", "clock_time_get",
      "environ_get", "environ_sizes_get",   "fd_fdstat_get", "fd_prestat_get",
      "random_get",  "fd_prestat_dir_name", "sched_yield"};
  // Streams have no positions, and stay as they are: closing or renumbering one is not among these.
  constexpr std::string_view of_streams[] = {"fd_advise", "fd_datasync", "fd_filestat_get",
                                             "fd_seek",   "fd_sync",     "fd_tell"};
  constexpr std::uint64_t last_stream = 2;
  if (!wasm::wasi::Wasi::is_module(import.module)) return false;
  const auto is_among = [&](std::span<const std::string_view> names) {
    return std::ranges::find(names, import.name) != names.end();
  };
  if (is_among(always)) return true;
  const std::uint64_t descriptor = call.arguments.empty() ? 0 : call.arguments[0];
  if (descriptor > last_stream) return false;
  return is_among(of_streams) || (import.name == "fd_write" && descriptor != 0);
}

/// Puts a virtual world behind a call that was answered before: what it gives next follows from how
/// often its clocks were read and how many random bytes it gave.
void move_on(wasm::wasi::World& world, const wasm::Import& import,
             const trace::HostCallRecord& call) {
  if (!wasm::wasi::Wasi::is_module(import.module)) return;
  constexpr auto clock_max = static_cast<std::uint64_t>(wasm::wasi::ClockId::monotonic);
  if (import.name == "clock_time_get" && call.arguments[0] <= clock_max) {
    (void)world.clock->now(static_cast<wasm::wasi::ClockId>(call.arguments[0]));
  }
  if (import.name != "random_get") return;
  for (const trace::HostWrite& write : call.writes) {
    core::Bytes bytes(write.bytes.size());
    (void)world.randomness->fill(bytes);
  }
}

}  // namespace

std::string wasi_problem(const Arguments& arguments) {
  if (const std::string* value = find_nameless(arguments, "--env")) {
    return "run: --env " + *value + " is not NAME=VALUE";
  }
  if (const std::string* value = find_nameless(arguments, "--dir")) {
    return "run: --dir " + *value + " is not GUEST=HOST";
  }
  if (!arguments.has("--seed")) return {};
  if (!arguments.has("--virtual")) return "run: --seed needs --virtual";
  if (parse_count(arguments.value("--seed"))) return {};
  return "run: --seed " + arguments.value("--seed") + " is not a number";
}

std::vector<trace::Setting> wasi_settings(const Arguments& arguments) {
  const std::filesystem::path program(arguments.operand(0));
  Settings settings = {{"arg", program.filename().string()}};
  for (const std::string& value : arguments.values("--arg")) settings.push_back({"arg", value});
  for (const std::string& value : arguments.values("--env")) settings.push_back({"env", value});
  for (const std::string& value : arguments.values("--dir")) {
    settings.push_back({"dir", value.substr(0, value.find('='))});
  }
  if (arguments.has("--virtual")) {
    settings.push_back({"virtual", arguments.has("--seed") ? arguments.value("--seed") : "0"});
  }
  return settings;
}

core::Result<core::Done> check_resumable(const wasm::Module& module,
                                         std::span<const trace::HostCallRecord> calls) {
  for (const trace::HostCallRecord& call : calls) {
    const wasm::Import& import = module.imports[call.function];
    if (leaves_host_alone(import, call)) continue;
    return core::refuse(core::RefusalCode::wasm_host_state_lost, import.module + "." + import.name,
                        "the program has called it before");
  }
  return core::Done{};
}

core::Result<std::unique_ptr<WasiHost>> WasiHost::make(const Context& context,
                                                       const Arguments& arguments,
                                                       const Settings& settings,
                                                       wasm::TensorStepSink* steps,
                                                       const PastCalls& past) {
  ISOTRACE_TRY(const wasi::WorldOptions options, world_options(context, arguments, settings));
  ISOTRACE_TRY(wasm::wasi::World world, wasi::make_world(options));
  for (const auto& calls : past.calls) {
    if (!options.virtual_seed) break;
    for (const trace::HostCallRecord& call : calls) {
      move_on(world, past.module->imports[call.function], call);
    }
  }
  ISOTRACE_TRY(auto backend, load_backend(arguments, arguments.has("--backend") ? "" : "cpu"));
  ISOTRACE_TRY(const executor::ExecuteLimits limits, load_limits(arguments));
  wasm::wasi::Settings seen{.arguments = values_of(settings, "arg"),
                            .environment = values_of(settings, "env")};
  const auto take_step = [steps](const trace::StepRecord& step) -> core::Result<core::Done> {
    return steps != nullptr && steps->take ? steps->take(step) : core::Done{};
  };
  return std::unique_ptr<WasiHost>(
      new WasiHost(std::move(seen), std::move(world), std::move(backend), take_step, limits));
}

core::Result<std::vector<wasm::ExternValue>> WasiHost::link(wasm::Store& store,
                                                            const wasm::Module& module) {
  wasm::HostLibrary* const libraries[] = {&wasi_, &nn_};
  return wasm::link_host(store, module, libraries);
}

}  // namespace isotrace::tools
