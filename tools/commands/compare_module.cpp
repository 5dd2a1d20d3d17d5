#include <isotrace/tools/commands/compare_module.hpp>

#include <isotrace/tools/commands/inspect_module.hpp>
#include <isotrace/tools/commands/modules.hpp>
#include <isotrace/wasm/function_names.hpp>
#include <isotrace/wasm/record/compare.hpp>

namespace isotrace::tools {
namespace {

using wasm::RunDifference;

/// Why runs differ: other programs, other things given, or an execution that is no run of its
/// program.
std::string kind_of(const RunDifference& difference) {
  if (!difference.same_program) return "program";
  if (!difference.a_agrees || !difference.b_agrees) return "execution";
  return "given";
}

Json difference_json(const wasm::Module& module, const RunDifference& difference) {
  const auto names = wasm::find_function_names(module);
  const auto effect = [&](const std::optional<wasm::StepEffect>& step) {
    return step ? effect_json(module, names, *step) : Json(nullptr);
  };
  Json object = {{"kind", kind_of(difference)}};
  if (!difference.same_program) return object;
  object["given"] = difference.given;
  object["checkpoint"] = difference.checkpoint;
  object["parts"] = difference.parts;
  object["aAgrees"] = difference.a_agrees;
  object["bAgrees"] = difference.b_agrees;
  object["equalUntil"] = difference.begin ? Json(*difference.begin) : Json(nullptr);
  const auto& first = difference.a ? difference.a : difference.b;
  object["step"] = first ? Json(first->step) : Json(nullptr);
  object["a"] = effect(difference.a);
  object["b"] = effect(difference.b);
  object["byte"] = nullptr;
  if (difference.byte) {
    object["byte"] = {{"address", difference.byte->address},
                      {"a", difference.byte->a},
                      {"b", difference.byte->b},
                      {"lastWrite", effect(difference.byte->writer)}};
  }
  return object;
}

std::string list_text(const Json& list) {
  std::string text;
  for (const Json& item : list) text += " " + item.get<std::string>();
  return text;
}

void print_step(const Context& context, const char* side, const Json& step) {
  if (step.is_null()) return;
  context.out << "  " << side << ": step " << step["step"] << ", "
              << step["function"].get<std::string>() << " at byte " << step["pc"] << ", "
              << step["opcode"].get<std::string>() << ": takes" << list_text(step["operands"])
              << ", puts" << list_text(step["results"]);
  for (const Json& write : step["writes"]) {
    context.out << ", writes " << write["bytes"].get<std::string>() << " at " << write["address"];
  }
  context.out << "\n";
}

void print_text(const Context& context, const Json& difference) {
  if (difference["kind"] == "program") {
    context.out << "  the programs differ\n";
    return;
  }
  for (const Json& given : difference["given"]) {
    context.out << "  given otherwise: " << given.get<std::string>() << "\n";
  }
  if (!difference["parts"].empty()) {
    context.out << "  first different checkpoint: " << difference["checkpoint"] << ", in";
    for (const Json& part : difference["parts"]) context.out << " " << part.get<std::string>();
    context.out << "\n";
  }
  for (const char* side : {"a", "b"}) {
    if (difference[std::string(side) + "Agrees"] == true) continue;
    context.out << "  " << side << " is not what its program does: the reference comes to another "
                << "state there\n";
  }
  if (!difference["equalUntil"].is_null()) {
    context.out << "  executed again, equal until step " << difference["equalUntil"] << "\n";
  }
  print_step(context, "a", difference["a"]);
  print_step(context, "b", difference["b"]);
  const Json& byte = difference["byte"];
  if (byte.is_null()) return;
  context.out << "  byte " << byte["address"] << " of memory: " << byte["a"] << " and " << byte["b"]
              << "\n";
  print_step(context, "last written by", byte["lastWrite"]);
}

}  // namespace

int compare_modules(const Context& context, const Arguments& arguments, const trace::Trace& a,
                    const trace::Trace& b) {
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest one, load_recorded(context, arguments, a));
  ISOTRACE_OR_REPORT(context, const wasm::RunRequest other, load_recorded(context, arguments, b));
  const wasm::EngineFactory engine = load_engine(arguments);
  ISOTRACE_OR_REPORT(context, const auto difference,
                     wasm::compare_runs({a, one, engine}, {b, other, engine}));
  if (!difference) {
    if (context.json) {
      context.print({{"verdict", "identical"}, {"root", a.root.hex()}, {"divergence", nullptr}});
    } else {
      context.out << "identical: " << trace::step_count(a) << " steps, root " << a.root.hex()
                  << "\n";
    }
    return exit_yes;
  }
  const Json object = difference_json(*one.module, *difference);
  if (context.json) {
    context.print({{"verdict", "diverged"},
                   {"rootA", a.root.hex()},
                   {"rootB", b.root.hex()},
                   {"divergence", object}});
  } else {
    context.out << "diverged: roots " << a.root.hex() << " and " << b.root.hex() << "\n";
    print_text(context, object);
  }
  return exit_no;
}

}  // namespace isotrace::tools
