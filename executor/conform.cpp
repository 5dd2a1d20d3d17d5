#include <isotrace/executor/conform.hpp>

#include <cmath>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Result;
using core::Tensor;

constexpr double relative_tolerance = 1e-3;
constexpr double absolute_tolerance = 1e-7;

/// PREFIX0.pb, PREFIX1.pb, ... until one is missing.
Result<std::vector<Tensor>> load_tensors(core::Files& files, const std::string& prefix) {
  std::vector<Tensor> tensors;
  for (;;) {
    const std::string path = prefix + std::to_string(tensors.size()) + ".pb";
    const auto bytes = files.read(path, core::limits::tensor_bytes_max);
    if (!bytes && bytes.error().code == core::RefusalCode::file_not_found) return tensors;
    if (!bytes) return tl::make_unexpected(bytes.error());
    auto tensor = parse_tensor_file(*bytes);
    if (!tensor) return core::refuse_within(path, std::move(tensor).error());
    tensors.push_back(*std::move(tensor));
  }
}

Result<ConformanceData> load_data(core::Files& files, const std::string& folder,
                                  const core::Program& program) {
  ISOTRACE_TRY(std::vector<Tensor> inputs, load_tensors(files, folder + "/input_"));
  ConformanceData data;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i >= program.inputs.size()) {
      return core::refuse(core::RefusalCode::input_unknown, "input " + std::to_string(i));
    }
    data.inputs.push_back({program.inputs[i].name, std::move(inputs[i])});
  }
  ISOTRACE_TRY(data.expected, load_tensors(files, folder + "/output_"));
  return data;
}

/// Element of a floating-point tensor, exactly.
double real_at(const Tensor& tensor, std::size_t index) {
  switch (tensor.dtype()) {
    case Dtype::f32: return tensor.data<float>()[index];
    case Dtype::f64: return tensor.data<double>()[index];
    case Dtype::f16: return core::to_f32(tensor.data<core::Half>()[index]);
    case Dtype::bf16: return core::to_f32(tensor.data<core::BFloat16>()[index]);
    default: ISOTRACE_CHECK(false, core::dtype_name(tensor.dtype())); return 0;
  }
}

bool is_close(double expected, double found) {
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found);
  if (std::isinf(expected) || std::isinf(found)) return expected == found;
  return std::fabs(found - expected) <=
         absolute_tolerance + relative_tolerance * std::fabs(expected);
}

std::string kind_text(const Tensor& tensor) {
  return std::string(core::dtype_name(tensor.dtype())) + core::shape_text(tensor.shape());
}

std::optional<std::string> find_difference(const Tensor& expected, const Tensor& found) {
  if (expected.dtype() != found.dtype() || expected.shape() != found.shape()) {
    return kind_text(found) + ", expected " + kind_text(expected);
  }
  if (!core::is_float(expected.dtype())) {
    if (core::identical(expected, found)) return std::nullopt;
    return "integers differ";
  }
  for (std::size_t i = 0; i < expected.elements(); ++i) {
    const double want = real_at(expected, i);
    const double have = real_at(found, i);
    if (is_close(want, have)) continue;
    return "element " + std::to_string(i) + " is " + std::to_string(have) + ", expected " +
           std::to_string(want);
  }
  return std::nullopt;
}

ConformanceOutcome refused(core::Refusal refusal) {
  return {ConformanceOutcome::Kind::refused, {}, std::move(refusal)};
}

}  // namespace

Result<ConformanceCase> load_conformance(core::Files& files, const std::string& folder) {
  ISOTRACE_TRY(const core::Bytes model,
               files.read(folder + "/model.onnx", core::limits::model_bytes_max));
  ConformanceCase loaded;
  ISOTRACE_TRY(loaded.program, import_onnx(model));
  for (;;) {
    const std::string set = folder + "/test_data_set_" + std::to_string(loaded.data.size());
    ISOTRACE_TRY(ConformanceData data, load_data(files, set, loaded.program));
    if (data.inputs.empty() && data.expected.empty()) break;
    loaded.data.push_back(std::move(data));
  }
  if (loaded.data.empty()) {
    return core::refuse(core::RefusalCode::file_not_found, folder + "/test_data_set_0");
  }
  return loaded;
}

std::optional<std::string> find_mismatch(std::span<const Tensor> expected,
                                         std::span<const NamedTensor> found) {
  if (expected.size() != found.size()) {
    return std::to_string(found.size()) + " outputs, expected " + std::to_string(expected.size());
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (auto difference = find_difference(expected[i], found[i].value)) {
      return "output " + found[i].name + ": " + *difference;
    }
  }
  return std::nullopt;
}

ConformanceOutcome check_conformance(core::Files& files, const std::string& folder,
                                     backends::Backend& backend) {
  const auto loaded = load_conformance(files, folder);
  if (!loaded) return refused(loaded.error());
  for (const ConformanceData& data : loaded->data) {
    const auto outputs = execute(loaded->program, data.inputs, backend);
    if (!outputs) return refused(outputs.error());
    if (auto mismatch = find_mismatch(data.expected, *outputs)) {
      return {ConformanceOutcome::Kind::failed, *std::move(mismatch), std::nullopt};
    }
  }
  return {ConformanceOutcome::Kind::passed, {}, std::nullopt};
}

}  // namespace isotrace::executor
