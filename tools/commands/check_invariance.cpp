// check-invariance: the same bits for a row alone and in a batch, on any number of threads, with
// any instruction set.
#include <algorithm>

#include <isotrace/executor/invariance.hpp>
#include <isotrace/tools/cli/printable.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>

namespace isotrace::tools {
namespace {

using core::Result;
using executor::InvarianceCase;
using executor::Machine;
using executor::NamedTensor;

/// One of the three checks: its cases, or why it could not be made.
struct Check {
  std::string name;
  Result<std::vector<InvarianceCase>> cases;
  std::vector<std::string> absent;  ///< instruction sets that this machine lacks

  [[nodiscard]] bool broken() const {
    return cases && !std::ranges::all_of(*cases, &InvarianceCase::held);
  }
};

struct Setting {
  const char* backend;
  unsigned threads;
  const char* isa;
};
constexpr Setting thread_settings[] = {
    {"cpu", 1, ""}, {"cpu", 2, ""}, {"cpu", 3, ""}, {"cpu", 4, ""}, {"cpu", 8, ""}};
constexpr Setting isa_settings[] = {{"reference", 1, ""}, {"cpu", 1, "avx2"}, {"cpu", 1, "avx512"}};

std::string name_of(const Setting& setting) {
  const std::string isa = setting.isa;
  return std::string(setting.backend) + (isa.empty() ? "" : ", " + isa) + ", " +
         std::to_string(setting.threads) + (setting.threads == 1 ? " thread" : " threads");
}

Check check_machines(const std::string& name, std::span<const Setting> settings,
                     const core::Program& program, const std::vector<NamedTensor>& inputs,
                     const executor::ExecuteLimits& limits) {
  std::vector<Machine> machines;
  std::vector<std::string> absent;
  for (const Setting& setting : settings) {
    auto backend =
        backends::make_backend(setting.backend, {.threads = setting.threads, .isa = setting.isa});
    if (backend) {
      machines.push_back({name_of(setting), *std::move(backend)});
    } else {
      absent.push_back(name_of(setting));
    }
  }
  return {name, executor::check_machine_invariance(program, inputs, machines, limits),
          std::move(absent)};
}

Check check_batch(const Arguments& arguments, const core::Program& program,
                  const std::vector<NamedTensor>& inputs, const executor::ExecuteLimits& limits) {
  const auto backend = open_backend(
      arguments, arguments.has("--backend") ? arguments.value("--backend") : "cpu", {});
  if (!backend) return {"batch", tl::make_unexpected(backend.error()), {}};
  return {"batch", executor::check_batch_invariance(program, inputs, **backend, limits), {}};
}

/// The steps of the reference and of the backend that was named.
Check check_backend(const Arguments& arguments, const core::Program& program,
                    const std::vector<NamedTensor>& inputs, const executor::ExecuteLimits& limits) {
  std::vector<Machine> machines;
  for (const std::string& name : {std::string("reference"), arguments.value("--backend")}) {
    auto backend = open_backend(arguments, name, {});
    if (!backend) return {"backend", tl::make_unexpected(backend.error()), {}};
    machines.push_back({name, *std::move(backend)});
  }
  return {"backend", executor::check_machine_invariance(program, inputs, machines, limits), {}};
}

Json case_json(const InvarianceCase& one) {
  Json first = nullptr;
  if (one.first) {
    first = {{"step", one.first->step},
             {"operation", one.first->operation},
             {"name", one.first->name},
             {"tensor", "output " + std::to_string(one.first->output)}};
  }
  return {{"name", one.name},
          {"held", one.held},
          {"output", one.output.empty() ? Json(nullptr) : Json(one.output)},
          {"first", std::move(first)}};
}

Json check_json(const Check& check) {
  Json cases = Json::array();
  if (check.cases) {
    for (const InvarianceCase& one : *check.cases) cases.push_back(case_json(one));
  }
  return {{"check", check.name},
          {"verdict", !check.cases     ? "refused"
                      : check.broken() ? "broken"
                                       : "held"},
          {"reason", check.cases ? Json(nullptr) : Json(core::describe(check.cases.error()))},
          {"absent", check.absent},
          {"cases", std::move(cases)}};
}

std::string check_text(const Check& check) {
  if (!check.cases)
    return check.name + ": refused: " + printable(core::describe(check.cases.error())) + "\n";
  std::string text = check.name + (check.broken() ? ": broken" : ": held") + " in " +
                     std::to_string(check.cases->size()) + " cases\n";
  for (const std::string& machine : check.absent) text += "  absent: " + machine + "\n";
  for (const InvarianceCase& one : *check.cases) {
    if (one.held) continue;
    text += "  " + one.name + ": ";
    text +=
        one.output.empty() ? "a step differs" : "output " + terminal_text(one.output) + " differs";
    if (one.first) {
      text += ", first at step " + std::to_string(one.first->step) + " (" + one.first->operation +
              (one.first->name.empty() ? "" : ", " + terminal_text(one.first->name)) +
              "), output " + std::to_string(one.first->output);
    }
    text += "\n";
  }
  return text;
}

Result<std::vector<NamedTensor>> make_inputs(const Context& context, const Arguments& arguments,
                                             const core::Program& program) {
  ISOTRACE_TRY(std::vector<NamedTensor> inputs, load_inputs(context, arguments, program));
  const auto seed = parse_count(arguments.value("--seed"));
  if (!seed) {
    return core::refuse(core::RefusalCode::text_not_number, "--seed", arguments.value("--seed"));
  }
  const auto rows = parse_count(arguments.value("--batch"));
  if (!rows) {
    return core::refuse(core::RefusalCode::text_not_number, "--batch", arguments.value("--batch"));
  }
  if (*rows < 2 || *rows > 1024) {
    return core::refuse(core::RefusalCode::value_out_of_range, "--batch", "2 to 1024 are possible");
  }
  ISOTRACE_TRY_DONE(add_random_inputs(program, *seed, static_cast<std::int64_t>(*rows), inputs));
  return inputs;
}

/// Threads and instruction sets are the cpu backend's; another one is compared with the reference.
std::string usage_problem(const Arguments& arguments) {
  const std::string only = arguments.value("--only");
  if (only == "backend" && !arguments.has("--backend")) return "--only backend needs --backend";
  if ((only == "threads" || only == "isa") && arguments.has("--backend")) {
    return "--only " + only + " is about the cpu backend: leave out --backend";
  }
  return backend_problem(arguments);
}

}  // namespace

int check_invariance_command(const Context& context, const Arguments& arguments) {
  if (const std::string problem = usage_problem(arguments); !problem.empty()) {
    return report_usage(context, "check-invariance: " + problem);
  }
  ISOTRACE_OR_REPORT(context, const core::Program program,
                     load_program(context, arguments.operand(0), arguments.value("--weights")));
  ISOTRACE_OR_REPORT(context, const auto inputs, make_inputs(context, arguments, program));
  ISOTRACE_OR_REPORT(context, const executor::ExecuteLimits limits, load_limits(arguments));
  const bool named = arguments.has("--backend");
  const auto wanted = [only = arguments.value("--only")](const std::string& check) {
    return only.empty() || only == check;
  };
  std::vector<Check> checks;
  if (wanted("batch")) checks.push_back(check_batch(arguments, program, inputs, limits));
  if (wanted("threads") && !named) {
    checks.push_back(check_machines("threads", thread_settings, program, inputs, limits));
  }
  if (wanted("isa") && !named) {
    checks.push_back(check_machines("isa", isa_settings, program, inputs, limits));
  }
  if (wanted("backend") && named) {
    checks.push_back(check_backend(arguments, program, inputs, limits));
  }
  // A model that cannot run at all is refused; so is the one check that was asked for.
  const bool any = std::ranges::any_of(checks, [](const Check& c) { return c.cases.has_value(); });
  if (!any) return report(context, checks.back().cases.error());
  const bool broken = std::ranges::any_of(checks, &Check::broken);
  if (context.json) {
    Json list = Json::array();
    for (const Check& check : checks) list.push_back(check_json(check));
    context.print({{"verdict", broken ? "broken" : "held"}, {"checks", std::move(list)}});
  } else {
    for (const Check& check : checks) context.out << check_text(check);
  }
  return broken ? exit_no : exit_yes;
}

}  // namespace isotrace::tools
