#include <isotrace/tools/commands/extract_step.hpp>

#include <algorithm>
#include <filesystem>

#include <isotrace/executor/onnx_writer.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/commands/shell_words.hpp>

namespace isotrace::tools {
namespace {

using core::Result;
using executor::TensorFormat;

/// Returns the file's name.
Result<std::string> write_tensor(const Context& context, const std::string& folder,
                                 const std::string& name, const core::Tensor& tensor) {
  auto bytes = executor::write_npy(tensor);
  const std::string file = name + (bytes ? ".npy" : ".pb");
  if (!bytes) {
    const executor::NamedTensor named{name, tensor};
    bytes = executor::write_tensors(TensorFormat::pb, {&named, 1});
  }
  if (!bytes) return core::refuse_within(file, std::move(bytes).error());
  ISOTRACE_TRY_DONE(context.files.write(folder + "/" + file, *bytes));
  return file;
}

/// "a" and "b" of the first difference, "a.output_1" of the others.
std::string value_name(const char* side, const executor::TensorDifference& difference, bool first) {
  if (first) return side;
  std::string place = difference.place;
  std::ranges::replace(place, ' ', '_');
  return std::string(side) + "." + place;
}

Result<core::Done> write_values(const Context& context, const std::string& folder,
                                const executor::StepExplanation& explanation) {
  bool first = true;
  for (const executor::TensorDifference& difference : explanation.differences) {
    for (const auto& [side, value] :
         {std::pair{"a", &difference.a_value}, std::pair{"b", &difference.b_value}}) {
      if (!*value) continue;
      ISOTRACE_TRY_DONE(
          write_tensor(context, folder, value_name(side, difference, first), **value));
    }
    first = false;
  }
  return core::Done{};
}

/// Files by operand; empty for one that is left out.
Result<std::vector<std::string>> write_operands(const Context& context, const std::string& folder,
                                                const executor::StepExplanation& explanation) {
  std::vector<std::string> files(explanation.operands.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!explanation.operands[i]) continue;
    ISOTRACE_TRY(files[i],
                 write_tensor(context, folder, "x" + std::to_string(i), *explanation.operands[i]));
  }
  return files;
}

/// The step as a model, if it has that form and its results are known.
Result<executor::OnnxStepModel> make_model(const executor::StepExplanation& explanation) {
  if (!explanation.a_node || explanation.canonical.empty()) {
    return core::refuse(core::RefusalCode::trace_without_program, "step",
                        "its operands or results are not known");
  }
  std::vector<std::optional<core::TensorView>> operands;
  for (const auto& operand : explanation.operands) {
    operands.push_back(operand ? std::optional(operand->view()) : std::nullopt);
  }
  const std::vector<core::TensorView> results(explanation.canonical.begin(),
                                              explanation.canonical.end());
  return executor::write_onnx_step({*explanation.a_node, operands, executor::infos_of(results)});
}

/// Runs the model that lies in the folder.
std::string run_line(const std::string& folder, const executor::OnnxStepModel& model,
                     const std::vector<std::string>& files) {
  std::vector<std::string> words = {"isotrace", "run", folder + "step.onnx"};
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    if (model.inputs[i].empty()) continue;
    words.insert(words.end(), {"--input", model.inputs[i] + "=" + folder + files[i]});
  }
  return shell_line(words);
}

}  // namespace

Result<std::string> extract_step(const Context& context, const std::string& folder,
                                 const executor::StepExplanation& explanation) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return core::refuse(core::RefusalCode::file_write_failed, folder, error.message());
  ISOTRACE_TRY(const auto files, write_operands(context, folder, explanation));
  for (std::size_t i = 0; i < explanation.canonical.size(); ++i) {
    ISOTRACE_TRY_DONE(
        write_tensor(context, folder, "y" + std::to_string(i), explanation.canonical[i]));
  }
  ISOTRACE_TRY_DONE(write_values(context, folder, explanation));
  std::string readme =
      "One step of a program. x0, x1, ...: its operands; y0, y1, ...: its results by the "
      "reference;\n"
      "a and b: what two runs have there.\n\n";
  std::string line;
  const auto model = make_model(explanation);
  if (model) {
    ISOTRACE_TRY_DONE(context.files.write(folder + "/step.onnx", model->bytes));
    readme +=
        "In this folder, this gives y0, bit for bit:\n\n  " + run_line("", *model, files) + "\n";
    line = run_line(folder + "/", *model, files);
  } else {
    readme += "There is no step.onnx: " + core::describe(model.error()) + "\n";
  }
  ISOTRACE_TRY_DONE(context.files.write(folder + "/README.txt", core::as_bytes(readme)));
  return line;
}

}  // namespace isotrace::tools
