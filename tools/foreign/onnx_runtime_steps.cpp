#include <isotrace/tools/foreign/onnx_runtime_steps.hpp>

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <isotrace/core/limits.hpp>

#include "onnx_runtime_step_script.hpp"

namespace isotrace::tools {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::Tensor;

/// What onnxruntime-node calls the element types it knows.
struct TypeName {
  Dtype dtype;
  std::string_view name;
};
constexpr TypeName type_names[] = {
    {Dtype::f32, "float32"}, {Dtype::f64, "float64"}, {Dtype::f16, "float16"},
    {Dtype::i8, "int8"},     {Dtype::u8, "uint8"},    {Dtype::i16, "int16"},
    {Dtype::u16, "uint16"},  {Dtype::i32, "int32"},   {Dtype::u32, "uint32"},
    {Dtype::i64, "int64"},   {Dtype::u64, "uint64"},  {Dtype::boolean, "bool"},
};

auto failed(std::string detail) {
  return core::refuse(RefusalCode::foreign_step_failed, "", std::move(detail));
}

core::Result<std::string> type_name(Dtype dtype) {
  for (const TypeName& row : type_names) {
    if (row.dtype == dtype) return std::string(row.name);
  }
  return failed("onnxruntime-node has no tensors of " + std::string(core::dtype_name(dtype)));
}

}  // namespace

core::Result<std::unique_ptr<OnnxRuntimeSteps>> OnnxRuntimeSteps::start(
    const std::string& modules) {
  if (modules.empty()) {
    return core::refuse(RefusalCode::foreign_engine_absent, "ONNX Runtime",
                        "neither --ort nor ISOTRACE_ORT names a folder");
  }
  ISOTRACE_TRY(auto folder, bench::TemporaryFolder::make());
  std::error_code error;
  const std::string absolute = std::filesystem::absolute(modules, error).string();
  std::unique_ptr<OnnxRuntimeSteps> engine(new OnnxRuntimeSteps(absolute, std::move(folder)));
  ISOTRACE_TRY_DONE(engine->start_process());
  return engine;
}

core::Result<core::Done> OnnxRuntimeSteps::start_process() {
  process_ = bench::LineProcess::start({"node", "-e", onnx_runtime_step_script, modules_});
  const auto answer = process_ == nullptr ? failed("no process") : ask("version");
  if (answer && answer->contains("version")) {
    version_ = answer->at("version").get<std::string>();
    return core::Done{};
  }
  process_.reset();
  return core::refuse(RefusalCode::foreign_engine_absent, "ONNX Runtime",
                      "node does not load " + modules_ + "/onnxruntime-node");
}

core::Result<Json> OnnxRuntimeSteps::ask(const std::string& request) {
  const Json answer = Json::parse(process_->ask(request), nullptr, false);
  if (answer.is_discarded() || !answer.is_object()) {
    process_.reset();
    return failed("the process of ONNX Runtime ended");
  }
  if (answer.contains("error")) {
    const std::string message = answer.at("error").get<std::string>();
    return failed(message.substr(0, message.find('\n')));
  }
  return answer;
}

core::Result<core::Done> OnnxRuntimeSteps::write_file(const std::string& name,
                                                      core::ByteView bytes) const {
  std::ofstream file(folder_->path() + "/" + name, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
  file.close();
  if (file) return core::Done{};
  return core::refuse(RefusalCode::file_write_failed, folder_->path() + "/" + name);
}

core::Result<Tensor> OnnxRuntimeSteps::read_result(const Json& found,
                                                   const std::string& name) const {
  const std::string type = found.at("type").get<std::string>();
  for (const TypeName& row : type_names) {
    if (row.name != type) continue;
    core::PosixFiles files;
    ISOTRACE_TRY(const core::Bytes bytes,
                 files.read(folder_->path() + "/" + name, core::limits::tensor_bytes_max));
    return Tensor::from_bytes(row.dtype, found.at("dims").get<core::Shape>(), bytes);
  }
  return failed("a result of type " + type);
}

core::Result<std::vector<std::optional<Tensor>>> OnnxRuntimeSteps::run(
    const executor::OnnxStep& step) {
  ISOTRACE_TRY(const executor::OnnxStepModel model, executor::write_onnx_step(step));
  if (process_ == nullptr) ISOTRACE_TRY_DONE(start_process());
  ISOTRACE_TRY_DONE(write_file("model.onnx", model.bytes));
  Json request = {{"model", folder_->path() + "/model.onnx"},
                  {"inputs", Json::array()},
                  {"outputs", Json::array()}};
  for (std::size_t i = 0; i < model.inputs.size(); ++i) {
    if (model.inputs[i].empty()) continue;
    const core::TensorView& operand = *step.operands[i];
    ISOTRACE_TRY(const std::string type, type_name(operand.dtype()));
    ISOTRACE_TRY_DONE(write_file(model.inputs[i], operand.bytes()));
    request["inputs"].push_back({{"name", model.inputs[i]},
                                 {"type", type},
                                 {"dims", executor::step_operand_shape(step, i)},
                                 {"file", folder_->path() + "/" + model.inputs[i]}});
  }
  for (const std::string& name : model.outputs) {
    if (name.empty()) continue;
    request["outputs"].push_back({{"name", name}, {"file", folder_->path() + "/" + name}});
  }
  ISOTRACE_TRY(const Json answer, ask(request.dump()));
  std::vector<std::optional<Tensor>> results(model.outputs.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (model.outputs[i].empty()) continue;
    ISOTRACE_TRY(results[i], read_result(answer.at("outputs").at(next++), model.outputs[i]));
  }
  return results;
}

}  // namespace isotrace::tools
