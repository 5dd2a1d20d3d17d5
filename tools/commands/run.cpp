#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>

#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/proofs/named/ensure.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/array_text.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/discard_files.hpp>
#include <isotrace/tools/commands/element_text.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/run_module.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

/// A name from a model becomes a file name: anything but letters, digits, '.', '-', '_' is
/// replaced, so it can lead nowhere else.
std::string file_name_of(const std::string& name) {
  std::string out = name;
  for (char& c : out) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    if (!plain) c = '_';
  }
  return out.empty() || out[0] == '.' ? "_" + out : out;
}

/// One for each output, without the ending: two names that become one are told apart by a number,
/// and a name that needs no change keeps it.
std::vector<std::string> file_names_of(const std::vector<executor::NamedTensor>& outputs) {
  std::set<std::string> taken;
  for (const executor::NamedTensor& output : outputs) {
    if (file_name_of(output.name) == output.name) taken.insert(output.name);
  }
  std::vector<std::string> names;
  for (const executor::NamedTensor& output : outputs) {
    const std::string plain = file_name_of(output.name);
    std::string& name = names.emplace_back(plain);
    if (plain == output.name) continue;
    for (int number = 2; !taken.insert(name).second; ++number) {
      name = plain + "-" + std::to_string(number);
    }
  }
  return names;
}

core::Result<core::Done> write_outputs(const Context& context, const std::string& folder,
                                       const std::vector<executor::NamedTensor>& outputs) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return core::refuse(core::RefusalCode::file_write_failed, folder, error.message());
  const std::vector<std::string> names = file_names_of(outputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    ISOTRACE_TRY(const core::Bytes bytes, executor::write_npy(outputs[i].value));
    ISOTRACE_TRY_DONE(context.files.write(folder + "/" + names[i] + ".npy", bytes));
  }
  return core::Done{};
}

/// --out FILE: every output in one file. Says what is wrong with the name, if anything.
std::string out_problem(const Arguments& arguments, const core::Program& program) {
  if (!arguments.has("--out")) return {};
  const std::string path = arguments.value("--out");
  const auto format = executor::find_tensor_format(path);
  if (!format) return "run: --out " + path + " ends in none of .npy, .npz, .pb, .safetensors";
  if (executor::is_container(*format) || program.outputs.size() == 1) return {};
  return "run: --out " + path + " holds one tensor, the program has " +
         std::to_string(program.outputs.size()) + " outputs: use .npz or .safetensors";
}

core::Result<core::Done> write_out(const Context& context, const std::string& path,
                                   const std::vector<executor::NamedTensor>& outputs) {
  auto bytes = executor::write_tensors(*executor::find_tensor_format(path), outputs);
  if (!bytes) return core::refuse_within(path, std::move(bytes).error());
  return context.write(path, *bytes);
}

/// One check of --ensure.
struct Ensured {
  std::string property;
  bool holds;
};

/// --ensure: properties by name, judged on the outputs of this run.
core::Result<std::vector<Ensured>> check_ensured(
    const Arguments& arguments, const std::vector<executor::NamedTensor>& outputs) {
  std::vector<float> values;
  for (const auto& output : outputs) {
    if (!arguments.has("--ensure")) break;
    if (output.value.dtype() != core::Dtype::f32) {
      return core::refuse(core::RefusalCode::property_unsupported, "output " + output.name,
                          "--ensure speaks of f32 outputs");
    }
    const auto elements = output.value.data<float>();
    values.insert(values.end(), elements.begin(), elements.end());
  }
  std::vector<Ensured> ensured;
  for (const std::string& text : arguments.values("--ensure")) {
    ISOTRACE_TRY(const auto list, proofs::parse_named_properties(text));
    if (!list.domain.empty() || list.properties.size() != 1) {
      return core::refuse(core::RefusalCode::property_malformed, "--ensure",
                          "not one property: " + text);
    }
    ISOTRACE_TRY(const bool holds, proofs::ensure(list.properties[0], values));
    ensured.push_back({list.properties[0].text, holds});
  }
  return ensured;
}

void print_text(const Context& context, const Arguments& arguments, const executor::Recording& run,
                const std::vector<Ensured>& ensured) {
  context.out << "root " << run.root.hex() << "\nsteps " << run.steps << "\n";
  for (const executor::NamedTensor& output : run.outputs) {
    context.out << "output " << terminal_text(output.name) << " "
                << core::dtype_name(output.value.dtype()) << core::shape_text(output.value.shape())
                << " " << core::tensor_digest(output.value).hex() << "\n";
    if (arguments.has("--print")) context.out << array_text(output.value);
    if (arguments.has("--print-all")) context.out << elements_text(output.value);
  }
  for (const Ensured& check : ensured) {
    context.out << (check.holds ? "holds in this run: " : "VIOLATED: ") << check.property << "\n";
  }
}

void print_json(const Context& context, const Arguments& arguments, const executor::Recording& run,
                const backends::Backend& backend, const std::vector<Ensured>& ensured,
                double seconds) {
  Json object = {{"root", run.root.hex()}, {"steps", run.steps}, {"outputs", Json::array()}};
  for (const executor::NamedTensor& output : run.outputs) {
    Json tensor = tensor_json(output.name, trace::record_of(output.value));
    if (arguments.has("--print") || arguments.has("--print-all")) {
      tensor["elements"] = elements_json(output.value);
    }
    object["outputs"].push_back(std::move(tensor));
  }
  if (Json selection = selection_json(backend); !selection.is_null()) {
    selection["fallbackSteps"] = run.fallback_steps;
    object["selection"] = std::move(selection);
  }
  for (const Ensured& check : ensured) {
    object["ensured"].push_back({{"property", check.property}, {"holds", check.holds}});
  }
  if (context.timings) object["seconds"] = seconds;
  context.print(object);
}

bool is_foreign(const Arguments& arguments) { return arguments.value("--backend") == "ort"; }

/// What another engine gave cannot be computed again, so it is kept unless --keep says otherwise.
bool keeps_all(const Arguments& arguments) {
  if (!arguments.has("--trace")) return false;
  const bool unsaid = !arguments.has("--keep") && is_foreign(arguments);
  return unsaid || arguments.value("--keep") == "all";
}

/// What is wrong with options of some backends; empty if nothing is.
std::string engine_problem(const Arguments& arguments) {
  if (arguments.has("--ort") && !is_foreign(arguments)) return "run: --ort needs --backend ort";
  if (!is_foreign(arguments) || !arguments.has("--isa")) return {};
  return "run: --isa does not apply to --backend ort";
}

/// What is wrong with --keep and --expected; empty if nothing is.
std::string keep_problem(const Arguments& arguments) {
  const bool diverging = arguments.value("--keep") == "diverging";
  if (diverging && !arguments.has("--expected")) return "run: --keep diverging needs --expected";
  if (diverging && !arguments.has("--trace")) return "run: --keep diverging needs --trace";
  if (!diverging && arguments.has("--expected")) return "run: --expected needs --keep diverging";
  return {};
}

int run_model(const Context& context, const Arguments& arguments,
              const executor::ModelBytes& model) {
  if (arguments.operands().size() > 1) {
    return report_usage(context, "run: unexpected operand: " + arguments.operand(1));
  }
  if (const std::string problem =
          find_foreign_option(arguments, "run",
                              {"--invoke", "--edition", "--arg", "--env", "--dir", "--virtual",
                               "--seed", "--effects", "--effects-digest", "--max-steps"},
                              "ONNX models");
      !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(
      context, const core::Program program,
      load_program(context, arguments.operand(0), model, arguments.value("--weights")));
  if (const std::string problem = keep_problem(arguments); !problem.empty()) {
    return report_usage(context, problem);
  }
  if (const std::string problem = out_problem(arguments, program); !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, const auto inputs, load_inputs(context, arguments, program));
  ISOTRACE_OR_REPORT(
      context, const auto backend,
      is_foreign(arguments) ? open_foreign_backend(arguments) : load_backend(arguments));
  ISOTRACE_OR_REPORT(context, const executor::ExecuteLimits limits, load_limits(arguments));
  ISOTRACE_OR_REPORT(context, const unsigned hash_threads, load_hash_threads(arguments));
  std::optional<trace::Trace> expected;
  if (arguments.has("--expected")) {
    ISOTRACE_OR_REPORT(context, expected, load_trace(context, arguments.value("--expected")));
  }
  // The root is the identity of a run and always computed; without --trace the file goes nowhere.
  DiscardFiles nowhere;
  const bool traced = arguments.has("--trace");
  core::Files& files = traced ? context.files : nowhere;
  executor::RecordOptions options{
      .path = traced ? arguments.value("--trace") : "-",
      .keep = keeps_all(arguments) ? executor::Keep::all : executor::Keep::none,
      .embed_program = traced && !arguments.has("--no-embed"),
      .seed = 0,
      .tool = std::string(tool_name),
      .limits = limits,
      .hash_threads = hash_threads,
      .expected = expected ? &*expected : nullptr};
  const auto start = std::chrono::steady_clock::now();
  ISOTRACE_OR_REPORT(context, const executor::Recording run,
                     executor::record(program, inputs, *backend, files, options));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  ISOTRACE_OR_REPORT(context, const std::vector<Ensured> ensured,
                     check_ensured(arguments, run.outputs));
  if (arguments.has("--output")) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       write_outputs(context, arguments.value("--output"), run.outputs));
  }
  if (arguments.has("--out")) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       write_out(context, arguments.value("--out"), run.outputs));
  }
  if (context.json) {
    print_json(context, arguments, run, *backend, ensured, seconds.count());
  } else {
    print_text(context, arguments, run, ensured);
    context.out << selection_text(*backend);
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  const auto holds = [](const Ensured& check) { return check.holds; };
  return std::all_of(ensured.begin(), ensured.end(), holds) ? exit_yes : exit_no;
}

}  // namespace

int run_command(const Context& context, const Arguments& arguments) {
  if (const std::string problem = engine_problem(arguments); !problem.empty()) {
    return report_usage(context, problem);
  }
  if (const std::string problem = backend_problem(arguments); !problem.empty()) {
    return report_usage(context, "run: " + problem);
  }
  const auto misfit = [&] {
    return report_usage(context, "run: reference and cpu execute WebAssembly, no other backend");
  };
  if (arguments.has("--resume")) {
    return names_no_engine(arguments) ? misfit() : resume_recording(context, arguments);
  }
  ISOTRACE_OR_REPORT(context, const auto program, open_program(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const bool module, is_module(arguments.operand(0), *program));
  if (module && names_no_engine(arguments)) return misfit();
  return module ? run_module(context, arguments, *program)
                : run_model(context, arguments, *program);
}

}  // namespace isotrace::tools
