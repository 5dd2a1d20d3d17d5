#include <isotrace/executor/run.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/executor/control_flow.hpp>
#include <isotrace/executor/refusal_list.hpp>
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
  if (given.dtype() == declared.dtype && admits(declared, given.shape())) return core::Done{};
  return refuse(RefusalCode::input_mismatch, "input " + declared.name,
                std::string(core::dtype_name(given.dtype())) + core::shape_text(given.shape()) +
                    " given, " + std::string(core::dtype_name(declared.dtype)) +
                    core::shape_text(declared.shape) + " declared");
}

std::vector<std::optional<TensorView>> views_of(std::span<const std::optional<Value>> operands) {
  std::vector<std::optional<TensorView>> views;
  for (const auto& operand : operands) {
    views.push_back(operand ? std::optional(operand->view) : std::nullopt);
  }
  return views;
}

}  // namespace

Result<core::Done> Spending::spend_work(std::uint64_t amount) {
  if (amount > limits.work_max - work) {
    return refuse(RefusalCode::limit_exceeded, "work", std::to_string(amount) + " operations");
  }
  work += amount;
  return core::Done{};
}

Result<core::Done> Spending::take_bytes(std::uint64_t amount) {
  if (amount > limits.bytes_max || bytes > limits.bytes_max - amount) {
    return refuse(RefusalCode::limit_exceeded, "memory", std::to_string(bytes + amount) + " bytes");
  }
  bytes += amount;
  return core::Done{};
}

Run::Run(const core::Program& program, backends::Backend& backend, const ExecuteLimits& limits)
    : Run(program, std::make_unique<Spending>(Spending{backend, limits})) {}

Run::Run(const core::Program& program, std::unique_ptr<Spending> own) : Run(program, *own) {
  own_ = std::move(own);
}

Run::Run(const core::Program& program, Spending& spending)
    : program_(program),
      spending_(spending),
      hold_(spending.backend, program.constants),
      first_result_(program.inputs.size() + program.constants.size()) {
  const std::size_t count = program.value_count();
  values_.resize(count);
  owned_.resize(count - first_result_);
  records_.resize(count);
  input_records_.resize(program.inputs.size());
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

void Run::know_constants(const core::ProgramIdentity& identity) {
  for (std::size_t i = 0; i < program_.constants.size(); ++i) {
    const core::Tensor& constant = program_.constants[i];
    records_[program_.constant_id(i)] =
        trace::TensorRecord{identity.constants[i], constant.dtype(), constant.shape()};
  }
}

RecordCell* Run::find_record(ValueId id) {
  return id < program_.inputs.size() ? input_records_[id] : &records_[id];
}

Result<core::Done> Run::bind_input(std::size_t index, const Value& given) {
  ISOTRACE_TRY_DONE(check_input(program_.inputs[index], given.view));
  values_[index] = given.view;
  input_records_[index] = given.record;
  return core::Done{};
}

Result<core::Done> Run::bind(std::span<const NamedTensor> inputs) {
  for (const NamedTensor& given : inputs) {
    const auto declared =
        std::find_if(program_.inputs.begin(), program_.inputs.end(),
                     [&given](const core::ProgramInput& i) { return i.name == given.name; });
    if (declared == program_.inputs.end()) {
      return refuse(RefusalCode::input_unknown, "input " + given.name);
    }
    const auto index = static_cast<std::size_t>(declared - program_.inputs.begin());
    const bool again = values_[index].has_value();
    ISOTRACE_TRY_DONE(bind_input(index, {given.value.view(), &records_[index]}));
    if (again) return refuse(RefusalCode::input_mismatch, "input " + given.name, "given twice");
  }
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    if (!values_[i]) return refuse(RefusalCode::input_missing, "input " + program_.inputs[i].name);
  }
  return check_supported();
}

Result<core::Done> Run::check_supported() const {
  // Element types follow from the program alone; where it fits no execution, a step will say so.
  const auto shapes = infer_shapes(program_);
  if (!shapes) return core::Done{};
  RefusalList unsupported;
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) {
    const core::Node& node = program_.nodes[i];
    if (op_info(node.op).control) continue;  // no backend has them; their steps answer themselves
    std::vector<core::Dtype> dtypes;
    for (const ValueId input : node.inputs) {
      if (input != no_value) dtypes.push_back(shapes->values[input].dtype);
    }
    auto supported = spending_.backend.supports(node, dtypes);
    if (supported) continue;
    unsupported.add(
        core::refuse_within(node_place("step", i, node), std::move(supported).error()).value());
  }
  if (unsupported.empty()) return core::Done{};
  return tl::make_unexpected(unsupported.joined());
}

Result<core::Done> Run::check_cost(const core::Node& node,
                                   std::span<const std::optional<TensorView>> operands) {
  std::vector<std::optional<ValueInfo>> infos;
  for (const auto& operand : operands) {
    infos.push_back(operand ? std::optional(info_of(*operand)) : std::nullopt);
  }
  ISOTRACE_TRY(const std::vector<ValueInfo> results, infer_node(node, infos));
  std::uint64_t bytes = spending_.bytes;
  for (const ValueInfo& result : results) {
    ISOTRACE_TRY(const std::uint64_t size, value_bytes(result));
    bytes += size;
  }
  if (bytes > spending_.limits.bytes_max) {
    return refuse(RefusalCode::limit_exceeded, "memory", std::to_string(bytes) + " bytes");
  }
  return spending_.spend_work(estimate_work(node, infos, results));
}

Result<StepResults> Run::compute(const core::Node& node,
                                 std::span<const std::optional<Value>> operands,
                                 const StepObserver& observer) {
  if (op_info(node.op).control) {
    const auto run_of = [this](const core::SubProgram& inside) -> Run& {
      auto& run = inside_[&inside.program()];
      if (!run) run = std::make_unique<Run>(inside.program(), spending_);
      return *run;
    };
    return execute_control({node, operands, spending_, run_of, path_, observer});
  }
  const auto place = [&](core::Refusal refusal) {
    return core::refuse_within(node_place("step", spending_.steps, node, path_),
                               std::move(refusal));
  };
  const auto views = views_of(operands);
  auto affordable = check_cost(node, views);
  if (!affordable) return place(std::move(affordable).error());
  auto tensors = spending_.backend.run(node, views);
  if (!tensors) return place(std::move(tensors).error());
  for (const core::Tensor& tensor : *tensors) spending_.bytes += tensor.bytes().size();
  std::vector<RecordCell> records(tensors->size());
  return StepResults{*std::move(tensors), std::move(records)};
}

Result<core::Done> Run::execute_node(std::size_t index, const StepObserver& observer) {
  const core::Node& node = program_.nodes[index];
  std::vector<std::optional<Value>> operands;
  for (const ValueId input : node.inputs) {
    ISOTRACE_CHECK(input == no_value || values_[input], index, input);
    operands.push_back(input == no_value ? std::nullopt : std::optional(value(input)));
  }
  ISOTRACE_TRY(StepResults results, compute(node, operands, observer));
  ISOTRACE_CHECK(results.tensors.size() == node.outputs.size(), results.tensors.size(),
                 op_info(node.op).name);
  const std::uint64_t number = spending_.steps++;
  if (observer) {
    std::vector<RecordCell*> records;
    for (const auto& operand : operands) records.push_back(operand ? operand->record : nullptr);
    auto seen = observer(StepView{number, path_, node, views_of(operands), results.tensors, records,
                                  results.records});
    if (!seen) {
      return core::refuse_within(node_place("step", number, node, path_), std::move(seen).error());
    }
  }
  keep(node, std::move(results));
  return core::Done{};
}

void Run::keep(const core::Node& node, StepResults results) {
  for (std::size_t i = 0; i < results.tensors.size(); ++i) {
    const ValueId id = node.outputs[i];
    if (id == no_value) {
      spending_.return_bytes(results.tensors[i].bytes().size());
      continue;
    }
    core::Tensor& owned = owned_[id - first_result_];
    owned = std::move(results.tensors[i]);
    values_[id] = owned.view();
    records_[id] = std::move(results.records[i]);
  }
}

void Run::free_value(ValueId id) {
  if (!values_[id]) return;
  spending_.return_bytes(values_[id]->bytes().size());
  values_[id].reset();
  records_[id].reset();
  owned_[id - first_result_] = core::Tensor();
}

void Run::free_operands(std::size_t index) {
  for (const ValueId input : program_.nodes[index].inputs) {
    if (input == no_value || input < first_result_ || last_use_[input] != index) continue;
    free_value(input);
  }
}

void Run::clear() {
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    values_[i].reset();
    input_records_[i] = nullptr;
  }
  for (std::size_t i = first_result_; i < values_.size(); ++i) free_value(static_cast<ValueId>(i));
}

Result<core::Done> Run::step(std::size_t index, const StepObserver& observer) {
  ISOTRACE_TRY_DONE(execute_node(index, observer));
  free_operands(index);
  return core::Done{};
}

Result<core::Done> Run::execute(std::span<const Value> inputs, std::string path,
                                const StepObserver& observer) {
  clear();
  path_ = std::move(path);
  auto ready = spending_.spend_work(program_work);
  for (std::size_t i = 0; ready && i < inputs.size(); ++i) ready = bind_input(i, inputs[i]);
  if (!ready) return core::refuse_within(path_, std::move(ready).error());
  for (std::size_t i = 0; i < program_.nodes.size(); ++i) ISOTRACE_TRY_DONE(step(i, observer));
  return core::Done{};
}

Result<std::vector<NamedTensor>> Run::copy_outputs() {
  std::vector<NamedTensor> outputs;
  for (const core::ProgramOutput& output : program_.outputs) {
    ISOTRACE_TRY(core::Tensor copy, copy_tensor(*values_[output.value]));
    outputs.push_back({output.name, std::move(copy)});
  }
  return outputs;
}

Result<StepResults> Run::take_outputs() {
  StepResults results;
  for (std::size_t i = 0; i < program_.outputs.size(); ++i) {
    const ValueId id = program_.outputs[i].value;
    const bool needed_later =
        std::any_of(program_.outputs.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                    program_.outputs.end(), [id](const auto& later) { return later.value == id; });
    const Value source = value(id);
    results.records.push_back(source.record != nullptr ? *source.record : std::nullopt);
    if (id < first_result_ || needed_later) {
      ISOTRACE_TRY_DONE(spending_.take_bytes(source.view.bytes().size()));
      ISOTRACE_TRY(core::Tensor copy, copy_tensor(source.view));
      results.tensors.push_back(std::move(copy));
    } else {
      results.tensors.push_back(std::move(owned_[id - first_result_]));
      values_[id].reset();
    }
  }
  return results;
}

Result<core::Tensor> copy_tensor(const TensorView& view) {
  ISOTRACE_TRY(
      core::Tensor copy,
      core::Tensor::make(view.dtype(), core::Shape(view.shape().begin(), view.shape().end())));
  std::copy(view.bytes().begin(), view.bytes().end(), copy.mutable_bytes().begin());
  return copy;
}

}  // namespace isotrace::executor
