#include <isotrace/tools/commands/inputs.hpp>

#include <algorithm>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/executor/import_onnx.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;

/// Uniform in [0,1) for floats, 0 or 1 for booleans, [0,8) for integers. One Philox stream per
/// input, by its position, so that the same seed gives the same numbers whichever other inputs are
/// given.
core::Result<core::Tensor> random_tensor(const core::ProgramInput& input, std::uint64_t seed,
                                         std::uint32_t position) {
  core::Shape shape = input.shape;
  std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make(input.dtype, shape));
  core::PhiloxStream random(seed, position);
  const auto fill = [&]<class T>(T*, auto make) {
    for (T& element : tensor.data<T>()) element = make();
  };
  const auto integers = [&]<class T>(T* tag) {
    fill(tag, [&] { return static_cast<T>(random.next_below(8)); });
  };
  switch (input.dtype) {
    case core::Dtype::f32:
      fill(static_cast<float*>(nullptr), [&] { return random.next_f32(); });
      break;
    case core::Dtype::f64:
      fill(static_cast<double*>(nullptr), [&] { return static_cast<double>(random.next_f32()); });
      break;
    case core::Dtype::f16:
      fill(static_cast<core::Half*>(nullptr), [&] { return core::to_half(random.next_f32()); });
      break;
    case core::Dtype::bf16:
      fill(static_cast<core::BFloat16*>(nullptr),
           [&] { return core::to_bfloat16(random.next_f32()); });
      break;
    case core::Dtype::boolean:
      fill(static_cast<core::Bool8*>(nullptr),
           [&] { return core::Bool8{static_cast<std::uint8_t>(random.next_below(2))}; });
      break;
    case core::Dtype::i8: integers(static_cast<std::int8_t*>(nullptr)); break;
    case core::Dtype::u8: integers(static_cast<std::uint8_t*>(nullptr)); break;
    case core::Dtype::i16: integers(static_cast<std::int16_t*>(nullptr)); break;
    case core::Dtype::u16: integers(static_cast<std::uint16_t*>(nullptr)); break;
    case core::Dtype::i32: integers(static_cast<std::int32_t*>(nullptr)); break;
    case core::Dtype::u32: integers(static_cast<std::uint32_t*>(nullptr)); break;
    case core::Dtype::i64: integers(static_cast<std::int64_t*>(nullptr)); break;
    case core::Dtype::u64: integers(static_cast<std::uint64_t*>(nullptr)); break;
  }
  return tensor;
}

/// Splits NAME=FILE; a program with one input needs no name.
core::Result<std::pair<std::string, std::string>> split_input(const std::string& text,
                                                              const core::Program& program) {
  const auto equals = text.find('=');
  if (equals != std::string::npos)
    return std::pair{text.substr(0, equals), text.substr(equals + 1)};
  if (program.inputs.size() == 1) return std::pair{program.inputs[0].name, text};
  return core::refuse(
      RefusalCode::input_unknown, "--input " + text,
      "the program has " + std::to_string(program.inputs.size()) + " inputs: write NAME=FILE");
}

}  // namespace

core::Result<core::Program> load_program(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::model_bytes_max));
  auto program = executor::import_onnx(bytes);
  if (!program) return core::refuse_within(path, std::move(program).error());
  return program;
}

core::Result<std::vector<executor::NamedTensor>> load_inputs(const Context& context,
                                                             const Arguments& arguments,
                                                             const core::Program& program) {
  std::vector<executor::NamedTensor> inputs;
  for (const std::string& text : arguments.values("--input")) {
    ISOTRACE_TRY(auto named, split_input(text, program));
    ISOTRACE_TRY(const core::Bytes bytes,
                 context.read(named.second, core::limits::tensor_bytes_max));
    auto tensor = executor::parse_tensor_file(bytes);
    if (!tensor) return core::refuse_within(named.second, std::move(tensor).error());
    inputs.push_back({std::move(named.first), *std::move(tensor)});
  }
  if (!arguments.has("--random")) return inputs;
  const auto seed = parse_count(arguments.value("--random"));
  if (!seed)
    return core::refuse(RefusalCode::text_not_number, "--random", arguments.value("--random"));
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const std::string& name = program.inputs[i].name;
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&](const auto& given) { return given.name == name; }))
      continue;
    ISOTRACE_TRY(core::Tensor tensor,
                 random_tensor(program.inputs[i], *seed, static_cast<std::uint32_t>(i)));
    inputs.push_back({name, std::move(tensor)});
  }
  return inputs;
}

core::Result<unsigned> load_jobs(const Arguments& arguments) {
  const auto jobs = parse_count(arguments.value("--jobs"));
  if (!jobs) return core::refuse(RefusalCode::text_not_number, "--jobs", arguments.value("--jobs"));
  if (*jobs < 1 || *jobs > 1024) {
    return core::refuse(RefusalCode::value_out_of_range, "--jobs", "1 to 1024 are possible");
  }
  return static_cast<unsigned>(*jobs);
}

core::Result<std::unique_ptr<backends::Backend>> load_backend(const Arguments& arguments,
                                                              const std::string& backend) {
  ISOTRACE_TRY(const unsigned jobs, load_jobs(arguments));
  const std::string name = backend.empty() ? arguments.value("--backend") : backend;
  return backends::make_backend(name, {.threads = jobs, .isa = arguments.value("--isa")});
}

core::Result<executor::ExecuteLimits> load_limits(const Arguments& arguments) {
  const auto gibibytes = parse_count(arguments.value("--memory-max"));
  if (!gibibytes) {
    return core::refuse(RefusalCode::text_not_number, "--memory-max",
                        arguments.value("--memory-max"));
  }
  if (*gibibytes < 1 || *gibibytes > 1 << 20) {
    return core::refuse(RefusalCode::value_out_of_range, "--memory-max",
                        "1 to 1048576 are possible");
  }
  executor::ExecuteLimits limits;
  limits.bytes_max = *gibibytes << 30;
  return limits;
}

}  // namespace isotrace::tools
