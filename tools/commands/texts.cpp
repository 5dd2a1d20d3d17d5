// Commands that print texts made from the command table: completion, man, version.
#include <isotrace/core/program.hpp>
#include <isotrace/tools/cli/help.hpp>
#include <isotrace/tools/commands/table.hpp>
#include <isotrace/wasm/record/module_run.hpp>

namespace isotrace::tools {

int completion_command(const Context& context, const Arguments& arguments) {
  const ProgramSpec& program = isotrace_program();
  const std::string& shell = arguments.operand(0);
  const std::string script = shell == "bash"  ? bash_completion(program)
                             : shell == "zsh" ? zsh_completion(program)
                                              : fish_completion(program);
  if (context.json) {
    context.print({{"shell", shell}, {"script", script}});
  } else {
    context.out << script;
  }
  return exit_yes;
}

int man_command(const Context& context, const Arguments& /*arguments*/) {
  const std::string page = man_page(isotrace_program(), ISOTRACE_VERSION);
  if (context.json) {
    context.print({{"page", page}});
  } else {
    context.out << page;
  }
  return exit_yes;
}

int version_command(const Context& context, const Arguments& /*arguments*/) {
  if (context.json) {
    context.print({{"version", ISOTRACE_VERSION},
                   {"semantics", Json::array({core::semantics_id, wasm::semantics_id})}});
  } else {
    context.out << tool_name << ", semantics " << core::semantics_id << " and "
                << wasm::semantics_id << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
