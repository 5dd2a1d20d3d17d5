#include <isotrace/executor/conform.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/packed.hpp>
#include <isotrace/core/text.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/tensor_file.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Result;
using core::Tensor;

constexpr double relative_tolerance = 1e-3;
constexpr double absolute_tolerance = 1e-7;
/// Of the largest element of a tensor: what is left where terms of that size cancel is rounding.
constexpr double cancellation_tolerance = 0x1p-23;

/// The type that NumPy, and so the suite, stores in place of one that it lacks.
std::optional<Dtype> find_stand_in(Dtype dtype) {
  if (dtype == Dtype::bf16) return Dtype::u16;
  if (core::is_float(dtype) && core::dtype_bytes(dtype) == 1) return Dtype::u8;
  return std::nullopt;
}

/// The same bits as `declared`, if `tensor` stores them under the type that stands in for it.
Result<Tensor> restore_type(Tensor tensor, Dtype declared) {
  if (find_stand_in(declared) != tensor.dtype()) return tensor;
  return Tensor::from_bytes(declared, tensor.shape(), tensor.bytes());
}

/// One value of this type: a tensor under its name, or a sequence or optional.
Result<NamedTensor> parse_value(core::ByteView bytes, Dtype dtype) {
  if (core::is_structured(dtype)) {
    ISOTRACE_TRY(Tensor value, parse_value_file(bytes, dtype));
    return NamedTensor{"", std::move(value)};
  }
  ISOTRACE_TRY(TensorFile file, parse_tensors(bytes));
  if (file.tensors.size() == 1) return std::move(file.tensors[0]);
  return core::refuse(core::RefusalCode::tensor_file_malformed, "", "is not one tensor");
}

/// PREFIX0.pb, PREFIX1.pb, ... until one is missing; file i holds a value of type i.
Result<std::vector<NamedTensor>> load_tensors(core::Files& files, const std::string& prefix,
                                              const std::vector<Dtype>& dtypes) {
  std::vector<NamedTensor> tensors;
  for (;;) {
    const std::string path = prefix + std::to_string(tensors.size()) + ".pb";
    const auto bytes = files.read(path, core::limits::tensor_bytes_max);
    if (!bytes && bytes.error().code == core::RefusalCode::file_not_found) return tensors;
    if (!bytes) return tl::make_unexpected(bytes.error());
    const std::size_t i = tensors.size();
    auto tensor = parse_value(*bytes, i < dtypes.size() ? dtypes[i] : Dtype::f32);
    if (!tensor) return core::refuse_within(path, std::move(tensor).error());
    tensors.push_back(*std::move(tensor));
  }
}

Result<ConformanceData> load_data(core::Files& files, const std::string& folder,
                                  core::Program& program) {
  std::vector<Dtype> input_types;
  for (const core::ProgramInput& input : program.inputs) input_types.push_back(input.dtype);
  ISOTRACE_TRY(std::vector<NamedTensor> inputs,
               load_tensors(files, folder + "/input_", input_types));
  ConformanceData data;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (i >= program.inputs.size()) {
      return core::refuse(core::RefusalCode::input_unknown, "input " + std::to_string(i));
    }
    core::ProgramInput& declared = program.inputs[i];
    ISOTRACE_TRY(Tensor value, restore_type(std::move(inputs[i].value), declared.dtype));
    // The suite declares some shapes that its own data contradict, and no runner minds.
    if (!admits(declared, value.shape())) declared.shape = core::any_rank;
    data.inputs.push_back({declared.name, std::move(value)});
  }
  ISOTRACE_TRY(const ProgramShapes shapes, infer_shapes(program));
  std::vector<Dtype> output_types;
  for (const core::ProgramOutput& output : program.outputs) {
    output_types.push_back(shapes.values[output.value].dtype);
  }
  ISOTRACE_TRY(data.expected, load_tensors(files, folder + "/output_", output_types));
  return data;
}

/// Element of a floating-point tensor, exactly.
double real_at(const Tensor& tensor, std::size_t index) {
  switch (tensor.dtype()) {
    case Dtype::f32: return tensor.data<float>()[index];
    case Dtype::f64: return tensor.data<double>()[index];
    case Dtype::f16: return core::to_f32(tensor.data<core::Half>()[index]);
    case Dtype::bf16: return core::to_f32(tensor.data<core::BFloat16>()[index]);
    default: return core::float8_to_f32(tensor.bytes()[index], core::float8_format(tensor.dtype()));
  }
}

/// The largest finite magnitude of a floating-point tensor.
double magnitude_of(const Tensor& tensor) {
  double largest = 0.0;
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    const double magnitude = std::fabs(real_at(tensor, i));
    if (std::isfinite(magnitude)) largest = std::max(largest, magnitude);
  }
  return largest;
}

bool is_close(double expected, double found, double magnitude) {
  if (std::isnan(expected) || std::isnan(found)) return std::isnan(expected) && std::isnan(found);
  if (std::isinf(expected) || std::isinf(found)) return expected == found;
  return std::fabs(found - expected) <= absolute_tolerance + cancellation_tolerance * magnitude +
                                            relative_tolerance * std::fabs(expected);
}

std::string kind_text(const Tensor& tensor) {
  return std::string(core::dtype_name(tensor.dtype())) + core::shape_text(tensor.shape());
}

/// Within the suite's tolerance, or neighbours in their own format: that is what one more rounding
/// in another direction makes of a value, and in 16 bits and less it is more than the tolerance.
bool agree(const Tensor& expected, const Tensor& found, std::size_t i, double magnitude) {
  const double want = real_at(expected, i);
  const double have = real_at(found, i);
  if (is_close(want, have, magnitude)) return true;
  return std::isfinite(want) && std::isfinite(have) && core::ulp_distance(expected, found, i) == 1U;
}

std::string element_difference(const Tensor& expected, const Tensor& found, std::size_t i) {
  return "element " + std::to_string(i) + " is " + core::element_text(found, i) + ", expected " +
         core::element_text(expected, i);
}

std::optional<std::string> find_difference(const Tensor& expected, const Tensor& found);

/// The tensors inside two sequences or optionals of one type.
std::optional<std::string> find_packed_difference(const Tensor& expected, const Tensor& found) {
  const auto want = core::read_packed(expected.dtype(), expected.bytes());
  const auto have = core::read_packed(found.dtype(), found.bytes());
  ISOTRACE_CHECK(want && have, kind_text(found));
  if (want->present != have->present) return "one of the two has no value";
  if (want->tensors.size() != have->tensors.size()) {
    return std::to_string(have->tensors.size()) + " tensors, expected " +
           std::to_string(want->tensors.size());
  }
  const Dtype element = core::element_of(expected.dtype());
  for (std::size_t i = 0; i < want->tensors.size(); ++i) {
    const auto difference = find_difference(
        *Tensor::from_bytes(element, want->tensors[i].shape, want->tensors[i].bytes),
        *Tensor::from_bytes(element, have->tensors[i].shape, have->tensors[i].bytes));
    if (difference) return "tensor " + std::to_string(i) + ": " + *difference;
  }
  return std::nullopt;
}

std::optional<std::string> find_difference(const Tensor& expected, const Tensor& found) {
  if (core::is_structured(expected.dtype()) && expected.dtype() == found.dtype()) {
    return find_packed_difference(expected, found);
  }
  if (expected.dtype() != found.dtype() || expected.shape() != found.shape()) {
    return kind_text(found) + ", expected " + kind_text(expected);
  }
  if (core::identical(expected, found)) return std::nullopt;
  const bool is_float = core::is_float(expected.dtype());
  const double magnitude = is_float ? magnitude_of(expected) : 0.0;
  for (std::size_t i = 0; i < expected.elements(); ++i) {
    const bool fine = is_float ? agree(expected, found, i, magnitude)
                               : core::element_bits(expected, i) == core::element_bits(found, i);
    if (!fine) return element_difference(expected, found, i);
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
  const ModelFolder beside(folder);
  ISOTRACE_TRY(loaded.program, import_onnx(model, {.folder = &beside, .weights = {}}));
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

std::optional<std::string> find_mismatch(std::span<const NamedTensor> expected,
                                         std::span<const NamedTensor> found) {
  if (expected.size() != found.size()) {
    return std::to_string(found.size()) + " outputs, expected " + std::to_string(expected.size());
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto want = restore_type(expected[i].value, found[i].value.dtype());
    ISOTRACE_CHECK(want.has_value(), core::describe(want.error()));
    if (auto difference = find_difference(*want, found[i].value)) {
      return "output " + found[i].name + ": " + *difference;
    }
  }
  return std::nullopt;
}

ConformanceOutcome check_conformance(core::Files& files, const std::string& folder,
                                     backends::Backend& backend, const ExecuteLimits& limits) {
  const auto loaded = load_conformance(files, folder);
  if (!loaded) return refused(loaded.error());
  for (const ConformanceData& data : loaded->data) {
    const auto outputs = execute(loaded->program, data.inputs, backend, {}, limits);
    if (!outputs) return refused(outputs.error());
    if (auto mismatch = find_mismatch(data.expected, *outputs)) {
      return {ConformanceOutcome::Kind::failed, *std::move(mismatch), std::nullopt};
    }
  }
  return {ConformanceOutcome::Kind::passed, {}, std::nullopt, loaded->data.size()};
}

}  // namespace isotrace::executor
