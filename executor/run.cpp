#include <isotrace/executor/run.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/executor/work.hpp>

namespace isotrace::executor {
namespace {

using core::no_value;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::TensorView;
using core::ValueId;

constexpr std::size_t never_freed = std::numeric_limits<std::size_t>::max();

Result<core::Done> check_input(const core::ProgramInput& declared, const TensorView& given) {
  const bool fits = given.dtype() == declared.dtype && given.rank() == declared.shape.size() &&
                    std::equal(declared.shape.begin(), declared.shape.end(), given.shape().begin(),
                               [](auto d, auto g) { return d < 0 || d == g; });
  if (fits) return core::Done{};
  return refuse(RefusalCode::input_mismatch, "input " + declared.name,
                std::string(core::dtype_name(given.dtype())) + core::shape_text(given.shape()) +
                    " given, " + std::string(core::dtype_name(declared.dtype)) +
                    core::shape_text(declared.shape) + " declared");
}

}  // namespace

Run::Run(const core::Program& program, backends::Backend& backend, const ExecuteLimits& limits)
    : program_(program),
      backend_(backend),
      hold_(backend, program.constants),
      limits_(limits),
      first_result_(program.inputs.size() + program.constants.size()) {
  const std::size_t count = program.value_count();
  values_.resize(count);
  owned_.resize(count - first_result_);
  last_use_.resize(count);
  for (std::size_t i = 0; i < program.constants.size(); ++i) {
    values_[program.constant_id(i)] = program.constants[i].view();
  }
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    for (const ValueId input : program.nodes[i].inputs) {
      if (input != no_value) last_use_[input] = i;
    }
  }
  for (const core::ProgramOutput& output : program.outputs) last_use_[output.value] = never_freed;
}

Result<core::Done> Run::bind(std::span<const NamedTensor> inputs) {
  for (const NamedTensor& given : inputs) {
    const auto declared =
        std::find_if(program_.inputs.begin(), program_.inputs.end(),
                     [&given](const core::ProgramInput& i) { return i.name == given.name; });
    if (declared == program_.inputs.end()) {
      return refuse(RefusalCode::input_unknown, "input " + given.name);
    }
    ISOTRACE_TRY_DONE(check_input(*declared, given.value));
    auto& slot = values_[static_cast<std::size_t>(declared - program_.inputs.begin())];
    if (slot) return refuse(RefusalCode::input_mismatch, "input " + given.name, "given twice");
    slot = given.value.view();
  }
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    if (!values_[i]) return refuse(RefusalCode::input_missing, "input " + program_.inputs[i].name);
  }
  return core::Done{};
}

Result<core::Done> Run::check_cost(const core::Node& node,
                                   std::span<const std::optional<TensorView>> operands) {
  std::vector<std::optional<ValueInfo>> infos;
  for (const auto& operand : operands) {
    infos.push_back(operand ? std::optional(info_of(*operand)) : std::nullopt);
  }
  ISOTRACE_TRY(const std::vector<ValueInfo> results, infer_node(node, infos));
  std::uint64_t bytes = bytes_;
  for (const ValueInfo& result : results) {
    ISOTRACE_TRY(const std::uint64_t size, value_bytes(result));
    bytes += size;
  }
  if (bytes > limits_.bytes_max) {
    return refuse(RefusalCode::limit_exceeded, "memory", std::to_string(bytes) + " bytes");
  }
  const std::uint64_t work = estimate_work(node, infos, results);
  if (work > limits_.work_max - work_) {
    return refuse(RefusalCode::limit_exceeded, "work", std::to_string(work) + " operations");
  }
  work_ += work;
  return core::Done{};
}

Result<core::Done> Run::execute_node(std::size_t index, const StepObserver& observer) {
  const core::Node& node = program_.nodes[index];
  std::vector<std::optional<TensorView>> operands;
  for (const ValueId input : node.inputs) {
    operands.push_back(input == no_value ? std::nullopt : values_[input]);
    ISOTRACE_CHECK(input == no_value || operands.back(), index, input);
  }
  ISOTRACE_TRY_DONE(check_cost(node, operands));
  ISOTRACE_TRY(std::vector<core::Tensor> results, backend_.run(node, operands));
  ISOTRACE_CHECK(results.size() == node.outputs.size(), results.size(), op_info(node.op).name);
  if (observer) {
    ISOTRACE_TRY_DONE(observer(StepView{index, node, operands, results}));
  }
  keep(node, std::move(results));
  return core::Done{};
}

void Run::keep(const core::Node& node, std::vector<core::Tensor> results) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ValueId id = node.outputs[i];
    if (id == no_value) continue;
    core::Tensor& owned = owned_[id - first_result_];
    owned = std::move(results[i]);
    values_[id] = owned.view();
    bytes_ += owned.bytes().size();
  }
}

void Run::free_operands(std::size_t index) {
  for (const ValueId input : program_.nodes[index].inputs) {
    if (input == no_value || input < first_result_ || last_use_[input] != index) continue;
    if (!values_[input]) continue;  // an operand that stands twice
    bytes_ -= values_[input]->bytes().size();
    values_[input].reset();
    owned_[input - first_result_] = core::Tensor();
  }
}

Result<core::Done> Run::step(std::size_t index, const StepObserver& observer) {
  auto done = execute_node(index, observer);
  if (!done) {
    return core::refuse_within(node_place("step", index, program_.nodes[index]),
                               std::move(done).error());
  }
  free_operands(index);
  return core::Done{};
}

Result<std::vector<NamedTensor>> Run::take_outputs() {
  std::vector<NamedTensor> outputs;
  for (const core::ProgramOutput& output : program_.outputs) {
    const TensorView& view = *values_[output.value];
    ISOTRACE_TRY(
        core::Tensor copy,
        core::Tensor::from_bytes(
            view.dtype(), core::Shape(view.shape().begin(), view.shape().end()), view.bytes()));
    outputs.push_back({output.name, std::move(copy)});
  }
  return outputs;
}

}  // namespace isotrace::executor
