#include <chrono>
#include <filesystem>

#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/commands/array_text.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/discard_files.hpp>
#include <isotrace/tools/commands/element_text.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/run_module.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>

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
  return (out.empty() || out[0] == '.' ? "_" + out : out) + ".npy";
}

core::Result<core::Done> write_outputs(const Context& context, const std::string& folder,
                                       const std::vector<executor::NamedTensor>& outputs) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return core::refuse(core::RefusalCode::file_write_failed, folder, error.message());
  for (const executor::NamedTensor& output : outputs) {
    ISOTRACE_TRY(const core::Bytes bytes, executor::write_npy(output.value));
    ISOTRACE_TRY_DONE(context.files.write(folder + "/" + file_name_of(output.name), bytes));
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

void print_text(const Context& context, const Arguments& arguments,
                const executor::Recording& run) {
  context.out << "root " << run.root.hex() << "\nsteps " << run.steps << "\n";
  for (const executor::NamedTensor& output : run.outputs) {
    context.out << "output " << output.name << " " << core::dtype_name(output.value.dtype())
                << core::shape_text(output.value.shape()) << " "
                << core::tensor_digest(output.value).hex() << "\n";
    if (arguments.has("--print")) context.out << array_text(output.value);
    if (arguments.has("--print-all")) context.out << elements_text(output.value);
  }
}

void print_json(const Context& context, const Arguments& arguments, const executor::Recording& run,
                double seconds) {
  Json object = {{"root", run.root.hex()}, {"steps", run.steps}, {"outputs", Json::array()}};
  for (const executor::NamedTensor& output : run.outputs) {
    Json tensor = tensor_json(output.name, trace::record_of(output.value));
    if (arguments.has("--print") || arguments.has("--print-all")) {
      tensor["elements"] = elements_json(output.value);
    }
    object["outputs"].push_back(std::move(tensor));
  }
  if (context.timings) object["seconds"] = seconds;
  context.print(object);
}

int run_model(const Context& context, const Arguments& arguments,
              const executor::ModelBytes& model) {
  if (arguments.operands().size() > 1) {
    return report_usage(context, "run: unexpected operand: " + arguments.operand(1));
  }
  ISOTRACE_OR_REPORT(
      context, const core::Program program,
      load_program(context, arguments.operand(0), model, arguments.value("--weights")));
  if (const std::string problem = out_problem(arguments, program); !problem.empty()) {
    return report_usage(context, problem);
  }
  ISOTRACE_OR_REPORT(context, const auto inputs, load_inputs(context, arguments, program));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments));
  ISOTRACE_OR_REPORT(context, const executor::ExecuteLimits limits, load_limits(arguments));
  ISOTRACE_OR_REPORT(context, const unsigned hash_threads, load_hash_threads(arguments));
  // The root is the identity of a run and always computed; without --trace the file goes nowhere.
  DiscardFiles nowhere;
  const bool traced = arguments.has("--trace");
  core::Files& files = traced ? context.files : nowhere;
  executor::RecordOptions options{.path = traced ? arguments.value("--trace") : "-",
                                  .keep = arguments.value("--keep") == "all" && traced
                                              ? executor::Keep::all
                                              : executor::Keep::none,
                                  .embed_program = traced && !arguments.has("--no-embed"),
                                  .seed = 0,
                                  .tool = std::string(tool_name),
                                  .limits = limits,
                                  .hash_threads = hash_threads};
  const auto start = std::chrono::steady_clock::now();
  ISOTRACE_OR_REPORT(context, const executor::Recording run,
                     executor::record(program, inputs, *backend, files, options));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  if (arguments.has("--output")) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       write_outputs(context, arguments.value("--output"), run.outputs));
  }
  if (arguments.has("--out")) {
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done done,
                       write_out(context, arguments.value("--out"), run.outputs));
  }
  if (context.json) {
    print_json(context, arguments, run, seconds.count());
  } else {
    print_text(context, arguments, run);
    if (context.timings) context.out << "seconds " << seconds.count() << "\n";
  }
  return exit_yes;
}

}  // namespace

int run_command(const Context& context, const Arguments& arguments) {
  if (arguments.has("--resume")) return resume_recording(context, arguments);
  ISOTRACE_OR_REPORT(context, const auto program, open_program(context, arguments.operand(0)));
  ISOTRACE_OR_REPORT(context, const bool module, is_module(*program));
  return module ? run_module(context, arguments, *program)
                : run_model(context, arguments, *program);
}

}  // namespace isotrace::tools
