#include <isotrace/tools/commands/inputs.hpp>

#include <algorithm>
#include <array>
#include <iterator>

#include <isotrace/core/convert.hpp>
#include <isotrace/core/limits.hpp>
#include <isotrace/core/philox.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/tensor_file.hpp>
#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/other_kind.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;

/// Uniform in [0,1) for floats, 0 or 1 for booleans, [0,8) for integers. One Philox stream per
/// input, by its position, so that the same seed gives the same numbers whichever other inputs are
/// given.
core::Result<core::Tensor> random_tensor(const core::ProgramInput& input, std::uint64_t seed,
                                         std::uint32_t position, std::int64_t rows) {
  if (core::is_structured(input.dtype) || input.shape == core::any_rank) {
    return core::refuse(RefusalCode::input_missing, "input " + input.name,
                        "--random knows neither sequences nor tensors of any rank");
  }
  core::Shape shape = input.shape;
  if (!shape.empty() && shape[0] == -1) shape[0] = rows;
  std::replace(shape.begin(), shape.end(), std::int64_t{-1}, std::int64_t{1});
  ISOTRACE_TRY(core::Tensor tensor, core::Tensor::make(input.dtype, shape));
  core::PhiloxStream random(seed, position);
  const auto fill = [&]<class T>(T*, auto make) {
    for (T& element : tensor.data<T>()) element = make();
  };
  const auto integers = [&]<class T>(T* tag) {
    fill(tag, [&] { return static_cast<T>(random.next_below(8)); });
  };
  const auto floats8 = [&]<core::Dtype format>(core::Float8<format>* tag) {
    fill(tag, [&] { return core::to_float8<format>(random.next_f32()); });
  };
  // One per byte, from 0 on.
  const auto small_integers = [&](std::uint32_t below) {
    for (std::uint8_t& byte : tensor.mutable_bytes()) {
      byte = static_cast<std::uint8_t>(random.next_below(below));
    }
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
    case core::Dtype::f8e4m3fn:
      floats8(static_cast<core::Float8<core::Dtype::f8e4m3fn>*>(nullptr));
      break;
    case core::Dtype::f8e4m3fnuz:
      floats8(static_cast<core::Float8<core::Dtype::f8e4m3fnuz>*>(nullptr));
      break;
    case core::Dtype::f8e5m2:
      floats8(static_cast<core::Float8<core::Dtype::f8e5m2>*>(nullptr));
      break;
    case core::Dtype::f8e5m2fnuz:
      floats8(static_cast<core::Float8<core::Dtype::f8e5m2fnuz>*>(nullptr));
      break;
    case core::Dtype::f4e2m1:
      floats8(static_cast<core::Float8<core::Dtype::f4e2m1>*>(nullptr));
      break;
    case core::Dtype::i4:
    case core::Dtype::u4: small_integers(8); break;
    case core::Dtype::boolean:
    case core::Dtype::i2:
    case core::Dtype::u2: small_integers(2); break;
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

/// The input of this name, or the only one for no name, if it is a sequence or optional.
const core::ProgramInput* find_structured(const core::Program& program, const std::string& name) {
  for (const core::ProgramInput& input : program.inputs) {
    const bool meant = name.empty() ? program.inputs.size() == 1 : input.name == name;
    if (meant && core::is_structured(input.dtype)) return &input;
  }
  return nullptr;
}

/// Adds the tensors of one --input. NAME=FILE: the file's only tensor, or its member NAME. FILE: a
/// container whose members are inputs by name, or one tensor for a program with one input.
core::Result<core::Done> add_input(const Context& context, const std::string& text,
                                   const core::Program& program,
                                   std::vector<executor::NamedTensor>& inputs) {
  const auto equals = text.find('=');
  const bool named = equals != std::string::npos;
  const std::string path = named ? text.substr(equals + 1) : text;
  const core::ProgramInput* structured =
      find_structured(program, named ? text.substr(0, equals) : "");
  if (structured != nullptr) {
    ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::tensor_bytes_max));
    auto value = executor::parse_value_file(bytes, structured->dtype);
    if (!value) return core::refuse_within(path, std::move(value).error());
    inputs.push_back({structured->name, *std::move(value)});
    return core::Done{};
  }
  ISOTRACE_TRY(executor::TensorFile file, load_tensors(context, path));
  const bool container = executor::is_container(file.format);
  if (!named) {
    if (!container && program.inputs.size() != 1) {
      return core::refuse(
          RefusalCode::input_unknown, "--input " + text,
          "the program has " + std::to_string(program.inputs.size()) + " inputs: write NAME=FILE");
    }
    if (!container) file.tensors[0].name = program.inputs[0].name;
    std::move(file.tensors.begin(), file.tensors.end(), std::back_inserter(inputs));
    return core::Done{};
  }
  const std::string name = text.substr(0, equals);
  const auto found = container
                         ? std::find_if(file.tensors.begin(), file.tensors.end(),
                                        [&](const auto& tensor) { return tensor.name == name; })
                         : file.tensors.begin();
  if (found == file.tensors.end()) {
    return core::refuse(RefusalCode::input_missing, "--input " + text, "no member of this name");
  }
  inputs.push_back({name, std::move(found->value)});
  return core::Done{};
}

/// A model from standard input.
class ReadModel final : public executor::ModelBytes {
 public:
  explicit ReadModel(core::Bytes bytes) : bytes_(std::move(bytes)) {}
  [[nodiscard]] std::uint64_t size() const override { return bytes_.size(); }
  [[nodiscard]] core::Result<core::Done> read(std::uint64_t offset,
                                              std::span<std::uint8_t> out) const override {
    return executor::ModelInMemory(bytes_).read(offset, out);
  }

 private:
  core::Bytes bytes_;
};

}  // namespace

core::Result<std::unique_ptr<executor::ModelBytes>> open_program(const Context& context,
                                                                 const std::string& path) {
  if (path != "-") return executor::ModelFile::open(path);
  ISOTRACE_TRY(core::Bytes bytes, context.read(path, core::limits::model_bytes_max));
  return std::make_unique<ReadModel>(std::move(bytes));
}

bool begins_like_module(core::ByteView bytes) {
  constexpr std::string_view magic{"\0asm", 4};
  return bytes.size() >= 2 &&
         magic.starts_with(core::as_text(bytes.first(std::min(bytes.size(), magic.size()))));
}

core::Result<bool> is_module(const std::string& path, const executor::ModelBytes& bytes) {
  std::array<std::uint8_t, 4> first{};
  const auto begin = std::span(first).first(std::min<std::uint64_t>(bytes.size(), first.size()));
  ISOTRACE_TRY_DONE(bytes.read(0, begin));
  return begins_like_module(begin) || path.ends_with(".wasm");
}

namespace {

/// As much of a file as shows of what kind it is; nothing where it cannot be read.
core::Bytes beginning_of(const executor::ModelBytes& file) {
  constexpr std::uint64_t bytes_max = std::uint64_t{1} << 20;
  core::Bytes bytes(std::min(file.size(), bytes_max));
  return file.read(0, bytes) ? bytes : core::Bytes{};
}

}  // namespace

core::Result<core::Program> load_program(const Context& context, const std::string& path,
                                         const std::string& weights_path) {
  ISOTRACE_TRY(const auto model, open_program(context, path));
  return load_program(context, path, *model, weights_path);
}

core::Result<core::Program> load_program(const Context& context, const std::string& path,
                                         const executor::ModelBytes& model,
                                         const std::string& weights_path) {
  executor::TensorFile weights{};
  if (!weights_path.empty()) {
    ISOTRACE_TRY(weights, load_tensors(context, weights_path));
    if (!executor::is_container(weights.format)) {
      return core::refuse(RefusalCode::tensor_file_malformed, weights_path,
                          "weights need names: .safetensors or .npz");
    }
  }
  const executor::ModelFolder folder = executor::ModelFolder::of_model(path);
  auto program = executor::import_onnx(
      model, {.folder = path == "-" ? nullptr : &folder, .weights = weights.tensors});
  if (program) return program;
  return refuse_kind(path, std::move(program).error(), beginning_of(model), "an ONNX model");
}

core::Result<executor::TensorFile> load_tensors(const Context& context, const std::string& path) {
  ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::tensor_bytes_max));
  auto file = executor::parse_tensors(bytes);
  if (!file) return core::refuse_within(path, std::move(file).error());
  return file;
}

core::Result<std::vector<executor::NamedTensor>> load_inputs(const Context& context,
                                                             const Arguments& arguments,
                                                             const core::Program& program) {
  std::vector<executor::NamedTensor> inputs;
  for (const std::string& text : arguments.values("--input")) {
    ISOTRACE_TRY_DONE(add_input(context, text, program, inputs));
  }
  if (!arguments.has("--random")) return inputs;
  const auto seed = parse_count(arguments.value("--random"));
  if (!seed)
    return core::refuse(RefusalCode::text_not_number, "--random", arguments.value("--random"));
  ISOTRACE_TRY_DONE(add_random_inputs(program, *seed, 1, inputs));
  return inputs;
}

core::Result<core::Done> add_random_inputs(const core::Program& program, std::uint64_t seed,
                                           std::int64_t rows,
                                           std::vector<executor::NamedTensor>& inputs) {
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const std::string& name = program.inputs[i].name;
    if (std::any_of(inputs.begin(), inputs.end(),
                    [&](const auto& given) { return given.name == name; }))
      continue;
    ISOTRACE_TRY(core::Tensor tensor,
                 random_tensor(program.inputs[i], seed, static_cast<std::uint32_t>(i), rows));
    inputs.push_back({name, std::move(tensor)});
  }
  return core::Done{};
}

core::Result<unsigned> load_jobs(const Arguments& arguments) {
  const auto jobs = parse_count(arguments.value("--jobs"));
  if (!jobs) return core::refuse(RefusalCode::text_not_number, "--jobs", arguments.value("--jobs"));
  if (*jobs < 1 || *jobs > 1024) {
    return core::refuse(RefusalCode::value_out_of_range, "--jobs", "1 to 1024 are possible");
  }
  return static_cast<unsigned>(*jobs);
}

core::Result<unsigned> load_hash_threads(const Arguments& arguments) {
  ISOTRACE_TRY(const unsigned jobs, load_jobs(arguments));
  return executor::choose_hash_threads(jobs);
}

core::Result<std::unique_ptr<backends::Backend>> load_backend(const Arguments& arguments,
                                                              const std::string& backend) {
  ISOTRACE_TRY(const unsigned jobs, load_jobs(arguments));
  const std::string name = backend.empty() ? arguments.value("--backend") : backend;
  return open_backend(arguments, name, {.threads = jobs, .isa = arguments.value("--isa")});
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
