#include <isotrace/executor/wasi_nn.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/executor/prepared_program.hpp>
#include <isotrace/executor/step_records.hpp>

namespace isotrace::executor {
namespace {

using core::Done;
using wasm::HostCall;
using Errno = WasiNn::Errno;

constexpr std::uint32_t encoding_onnx = 1;
constexpr std::uint32_t target_cpu = 0;
constexpr core::Dtype tensor_types[] = {core::Dtype::f16, core::Dtype::f32, core::Dtype::u8,
                                        core::Dtype::i32, core::Dtype::i64};

tl::unexpected<Errno> fail(Errno why) { return tl::unexpected<Errno>(why); }

/// A model or input that is refused: by what kind of refusal it is.
tl::unexpected<Errno> fail_with(const core::Refusal& refusal) {
  switch (core::refusal_info(refusal.code).kind) {
    case core::RefusalClass::malformed: return fail(Errno::invalid_argument);
    case core::RefusalClass::unsupported: return fail(Errno::unsupported_operation);
    case core::RefusalClass::limit: return fail(Errno::too_large);
    case core::RefusalClass::environment: break;
  }
  return fail(Errno::runtime_error);
}

tl::expected<core::ByteView, Errno> get(const HostCall& call, std::uint64_t address,
                                        std::uint64_t size) {
  const auto bytes = call.read(address, size);
  if (!bytes) return fail(Errno::missing_memory);
  return *bytes;
}

tl::expected<Done, Errno> put_u32(HostCall& call, std::uint32_t address, std::size_t value) {
  const core::Bytes bytes = core::ByteWriter().u32(static_cast<std::uint32_t>(value)).take();
  if (!call.write(address, bytes)) return fail(Errno::missing_memory);
  return Done{};
}

/// What `address` and `size` of a list mean, read from memory.
tl::expected<core::ByteView, Errno> get_list(const HostCall& call, core::ByteReader& fields,
                                             std::uint64_t element_bytes) {
  const std::uint32_t address = *fields.u32();
  const std::uint32_t size = *fields.u32();
  return get(call, address, size * element_bytes);
}

/// The record `tensor`: dimensions (list of u32), type u8, data (list of u8).
tl::expected<core::Tensor, Errno> get_tensor(const HostCall& call, std::uint32_t address) {
  ISOTRACE_TRY(const core::ByteView record, get(call, address, 20));
  core::ByteReader fields(record);
  ISOTRACE_TRY(const core::ByteView dimensions, get_list(call, fields, 4));
  const std::uint32_t type = *fields.u32() & 0xFF;
  ISOTRACE_TRY(const core::ByteView data, get_list(call, fields, 1));
  if (type >= std::size(tensor_types) || dimensions.size() > 4 * core::limits::tensor_rank_max) {
    return fail(Errno::invalid_argument);
  }
  core::Shape shape;
  core::ByteReader sizes(dimensions);
  while (shape.size() < dimensions.size() / 4) shape.push_back(*sizes.u32());
  auto tensor = core::Tensor::from_bytes(tensor_types[type], std::move(shape), data);
  if (!tensor) return fail_with(tensor.error());
  return *std::move(tensor);
}

}  // namespace

/// Contexts of one graph compute one after the other, so they share what its runs have in common.
struct WasiNn::Graph {
  Graph(core::Program its_program, backends::Backend& backend)
      : program(std::move(its_program)), prepared(program, backend) {}

  core::Program program;
  PreparedProgram prepared;
};

struct WasiNn::Context {
  std::shared_ptr<Graph> graph;
  std::vector<std::optional<core::Tensor>> inputs;
  std::vector<NamedTensor> outputs;  ///< none before the first computation
};

struct WasiNn::Function {
  std::string_view name;
  std::size_t parameters;  ///< all of them i32, as is the result
  Handler handler;
};

std::span<const WasiNn::Function> WasiNn::functions() {
  static constexpr Function all[] = {
      {"load", 5, &WasiNn::load},
      {"init_execution_context", 2, &WasiNn::init_execution_context},
      {"set_input", 3, &WasiNn::set_input},
      {"compute", 1, &WasiNn::compute},
      {"get_output", 5, &WasiNn::get_output},
  };
  return all;
}

WasiNn::WasiNn(backends::Backend& backend, TensorSteps steps, const ExecuteLimits& limits)
    : backend_(backend), take_step_(std::move(steps)), limits_(limits) {}

WasiNn::~WasiNn() = default;

std::optional<wasm::HostEntry> WasiNn::find(std::string_view module, std::string_view name) {
  if (module != module_name) return std::nullopt;
  const auto function = std::ranges::find(functions(), name, &Function::name);
  if (function == functions().end()) return std::nullopt;
  using wasm::ValueType;
  return wasm::HostEntry{
      {std::vector<ValueType>(function->parameters, ValueType::i32), {ValueType::i32}},
      [this, handler = function->handler](HostCall& call) {
        const Answer<Done> done = (this->*handler)(call);
        if (refusal_) return wasm::Trap::host_refused;
        call.results()[0] = static_cast<wasm::Slot>(done ? Errno::success : done.error());
        return wasm::Trap::none;
      }};
}

/// load(list of buffers, encoding, target) -> graph
WasiNn::Answer<Done> WasiNn::load(HostCall& call) {
  if (call.u32(2) != encoding_onnx) return fail(Errno::invalid_encoding);
  if (call.u32(1) != 1 || call.u32(3) != target_cpu) return fail(Errno::invalid_argument);
  ISOTRACE_TRY(const core::ByteView list, get(call, call.u32(0), 8));
  core::ByteReader fields(list);
  ISOTRACE_TRY(const core::ByteView model, get_list(call, fields, 1));
  ISOTRACE_TRY_DONE(get(call, call.u32(4), 4));
  if (graphs_.size() == graphs_max || model.size() > bytes_max - graph_bytes_) {
    return fail(Errno::too_large);
  }
  auto program = import_onnx(model);
  if (!program) return fail_with(program.error());
  graphs_.push_back(std::make_shared<Graph>(*std::move(program), backend_));
  graph_bytes_ += model.size();
  return put_u32(call, call.u32(4), graphs_.size() - 1);
}

/// init_execution_context(graph) -> context
WasiNn::Answer<Done> WasiNn::init_execution_context(HostCall& call) {
  if (call.u32(0) >= graphs_.size()) return fail(Errno::invalid_argument);
  if (contexts_.size() == contexts_max) return fail(Errno::too_large);
  ISOTRACE_TRY_DONE(get(call, call.u32(1), 4));
  Context context{.graph = graphs_[call.u32(0)], .inputs = {}, .outputs = {}};
  context.inputs.resize(context.graph->program.inputs.size());
  contexts_.push_back(std::move(context));
  return put_u32(call, call.u32(1), contexts_.size() - 1);
}

WasiNn::Answer<WasiNn::Context*> WasiNn::find_context(std::uint32_t number) {
  if (number >= contexts_.size()) return fail(Errno::invalid_argument);
  return &contexts_[number];
}

std::uint64_t WasiNn::held_bytes() const {
  std::uint64_t bytes = 0;
  for (const Context& context : contexts_) {
    for (const auto& input : context.inputs) bytes += input ? input->bytes().size() : 0;
    for (const NamedTensor& output : context.outputs) bytes += output.value.bytes().size();
  }
  return bytes;
}

/// set_input(context, index, tensor)
WasiNn::Answer<Done> WasiNn::set_input(HostCall& call) {
  ISOTRACE_TRY(Context* const context, find_context(call.u32(0)));
  const std::uint32_t index = call.u32(1);
  if (index >= context->inputs.size()) return fail(Errno::invalid_argument);
  ISOTRACE_TRY(core::Tensor tensor, get_tensor(call, call.u32(2)));
  const core::ProgramInput& declared = context->graph->program.inputs[index];
  if (tensor.dtype() != declared.dtype || !admits(declared, tensor.shape())) {
    return fail(Errno::invalid_argument);
  }
  context->inputs[index].reset();
  const std::uint64_t held = held_bytes();
  if (held > bytes_max || tensor.bytes().size() > bytes_max - held) return fail(Errno::too_large);
  context->inputs[index] = std::move(tensor);
  return Done{};
}

core::Result<std::vector<NamedTensor>> WasiNn::run(Graph& graph,
                                                   std::span<const NamedTensor> inputs) {
  if (!take_step_) return graph.prepared.execute(inputs, {}, limits_);
  Run run(graph.prepared.plan(), limits_);
  run.keep_remote();
  ISOTRACE_TRY_DONE(run.bind(inputs));
  StepRecorder recorder(
      run, 0, [&](const trace::StepRecord& step, std::span<const ValuePtr>) -> core::Result<Done> {
        trace::StepRecord record = step;
        record.index = steps_++;
        const auto taken = take_step_(record);
        if (!taken) refusal_ = taken.error();
        return taken;
      });
  for (std::size_t i = 0; i < graph.program.nodes.size(); ++i) {
    ISOTRACE_TRY_DONE(run.step(i, [&](const StepView& step) { return recorder.add(step); }));
  }
  return run.take_named_outputs();
}

/// compute(context)
WasiNn::Answer<Done> WasiNn::compute(HostCall& call) {
  ISOTRACE_TRY(Context* const context, find_context(call.u32(0)));
  std::vector<NamedTensor> inputs;
  for (std::size_t i = 0; i < context->inputs.size(); ++i) {
    if (!context->inputs[i]) return fail(Errno::invalid_argument);
    inputs.push_back({context->graph->program.inputs[i].name, *context->inputs[i]});
  }
  context->outputs.clear();
  auto outputs = run(*context->graph, inputs);
  if (!outputs) return fail_with(outputs.error());
  context->outputs = *std::move(outputs);
  if (held_bytes() <= bytes_max) return Done{};
  context->outputs.clear();
  return fail(Errno::too_large);
}

/// get_output(context, index, buffer, size of the buffer) -> size of the output
WasiNn::Answer<Done> WasiNn::get_output(HostCall& call) {
  ISOTRACE_TRY(const Context* const context, find_context(call.u32(0)));
  const std::uint32_t index = call.u32(1);
  if (index >= context->graph->program.outputs.size()) return fail(Errno::invalid_argument);
  if (context->outputs.empty()) return fail(Errno::runtime_error);  // nothing is computed
  const core::Tensor& output = context->outputs[index].value;
  if (std::ranges::find(tensor_types, output.dtype()) == std::end(tensor_types)) {
    return fail(Errno::unsupported_operation);
  }
  if (output.bytes().size() > call.u32(3)) return fail(Errno::too_large);
  ISOTRACE_TRY_DONE(get(call, call.u32(4), 4));
  if (!call.write(call.u32(2), output.bytes())) return fail(Errno::missing_memory);
  return put_u32(call, call.u32(4), output.bytes().size());
}

}  // namespace isotrace::executor
