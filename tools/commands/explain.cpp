#include <isotrace/core/refusal.hpp>
#include <isotrace/tools/commands/commands.hpp>

namespace isotrace::tools {
namespace {

Json refusal_json(const core::RefusalInfo& info) {
  return {{"code", static_cast<int>(info.code)},
          {"name", info.name},
          {"class", core::refusal_class_name(info.kind)},
          {"sentence", info.sentence},
          {"next", info.next},
          {"exit", exit_code_of(core::Refusal{info.code, {}, {}})}};
}

int list_all(const Context& context) {
  Json rows = Json::array();
  for (const core::RefusalInfo& info : core::all_refusals()) {
    rows.push_back(refusal_json(info));
    if (!context.json) {
      context.out << "E" << static_cast<int>(info.code) << " " << info.name << " ("
                  << core::refusal_class_name(info.kind) << "): " << info.sentence << "\n";
    }
  }
  if (context.json) context.print({{"refusals", std::move(rows)}});
  return exit_yes;
}

}  // namespace

int explain_command(const Context& context, const Arguments& arguments) {
  if (arguments.operands().empty()) return list_all(context);
  const auto info = core::find_refusal(arguments.operand(0));
  if (!info)
    return report_usage(context, "explain: there is no refusal \"" + arguments.operand(0) + "\"");
  if (context.json) {
    context.print(refusal_json(*info));
  } else {
    context.out << "E" << static_cast<int>(info->code) << " " << info->name << " ("
                << core::refusal_class_name(info->kind) << ", exit "
                << exit_code_of(core::Refusal{info->code, {}, {}}) << ")\n  " << info->sentence
                << "\n  " << info->next << "\n";
  }
  return exit_yes;
}

}  // namespace isotrace::tools
