#include <isotrace/executor/run.hpp>

#include <algorithm>

#include <isotrace/executor/change_shape.hpp>
#include <isotrace/executor/control_flow.hpp>
#include <isotrace/executor/work.hpp>

namespace isotrace::executor {
namespace {

using core::no_value;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::TensorView;
using core::ValueId;

Result<core::Done> check_input(const core::ProgramInput& declared, const TensorView& given) {
  if (given.dtype() == declared.dtype && admits(declared, given.shape())) return core::Done{};
  return refuse(RefusalCode::input_mismatch, "input " + declared.name,
                std::string(core::dtype_name(given.dtype())) + core::shape_text(given.shape()) +
                    " given, " + std::string(core::dtype_name(declared.dtype)) +
                    core::shape_text(declared.shape) + " declared");
}

/// Other people write backends: what one gives must be what the operation has, as far as that
/// follows from the operands.
Result<core::Done> check_results(std::span<const ValuePtr> results,
                                 std::span<const ValueInfo> expected) {
  const auto broken = [](const std::string& place, const std::string& why) {
    return refuse(RefusalCode::backend_contract_broken, place, why);
  };
  if (results.size() != expected.size()) {
    return broken("results",
                  std::to_string(results.size()) + ", not " + std::to_string(expected.size()));
  }
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TensorView& result = results[i]->outline();
    const std::string place = "result " + std::to_string(i);
    if (result.dtype() != expected[i].dtype) {
      return broken(place, std::string(core::dtype_name(result.dtype())) + ", not " +
                               std::string(core::dtype_name(expected[i].dtype)));
    }
    // What a sequence packs is checked where it is unpacked.
    if (!expected[i].shape || core::is_structured(result.dtype())) continue;
    const core::Shape& shape = *expected[i].shape;
    const auto fits = [](std::int64_t size, std::int64_t known) {
      return known == -1 || size == known;
    };
    if (!std::ranges::equal(result.shape(), shape, fits)) {
      return broken(place, core::shape_text(result.shape()) + ", not " + core::shape_text(shape));
    }
  }
  return core::Done{};
}

/// With elements where they are here.
std::vector<std::optional<TensorView>> outlines_of(std::span<const ValuePtr> operands) {
  std::vector<std::optional<TensorView>> outlines;
  for (const ValuePtr& operand : operands) {
    outlines.push_back(operand ? std::optional(operand->outline()) : std::nullopt);
  }
  return outlines;
}

/// Contents are those that are here.
std::vector<std::optional<ValueInfo>> infos_of(std::span<const ValuePtr> operands) {
  std::vector<std::optional<ValueInfo>> infos;
  for (const ValuePtr& operand : operands) {
    infos.push_back(operand ? std::optional(info_of(operand->outline())) : std::nullopt);
    if (operand && !operand->is_here()) infos.back()->content.reset();
  }
  return infos;
}

bool all_here(std::span<const ValuePtr> operands) {
  return std::ranges::all_of(operands, [](const ValuePtr& o) { return !o || o->is_here(); });
}

Result<core::Done> fetch_all(std::span<const ValuePtr> values) {
  for (const ValuePtr& value : values) {
    if (value) ISOTRACE_TRY_DONE(value->fetch());
  }
  return core::Done{};
}

/// What results may take; as much as a run may where one is as long as what a sequence packs.
Result<std::uint64_t> results_bytes_max(std::span<const ValueInfo> results,
                                        const ExecuteLimits& limits) {
  std::uint64_t bytes = 0;
  for (const ValueInfo& result : results) {
    if (core::is_structured(result.dtype)) return limits.bytes_max;
    ISOTRACE_TRY(const std::uint64_t size, value_bytes(result));
    bytes += size;
  }
  return bytes;
}

/// Whether a result's size is known, or bounded.
bool is_sized(const ValueInfo& info) {
  return info.elements_max ||
         (info.shape && std::ranges::find(*info.shape, -1) == info.shape->end());
}

}  // namespace

Run::Run(const core::Program& program, backends::Backend& backend, const ExecuteLimits& limits)
    : Run(std::make_unique<Spending>(Spending{backend, limits}),
          std::make_unique<Plan>(program, backend), nullptr, nullptr) {}

Run::Run(Plan& plan, const ExecuteLimits& limits)
    : Run(std::make_unique<Spending>(Spending{plan.backend, limits}), nullptr, nullptr, &plan) {}

Run::Run(const core::Program& program, Spending& spending)
    : Run(nullptr, std::make_unique<Plan>(program, spending.backend), &spending, nullptr) {}

Run::Run(std::unique_ptr<Spending> own_spending, std::unique_ptr<Plan> own_plan, Spending* spending,
         Plan* plan)
    : own_plan_(std::move(own_plan)),
      plan_(own_plan_ ? *own_plan_ : *plan),
      program_(plan_.program),
      own_spending_(std::move(own_spending)),
      spending_(own_spending_ ? *own_spending_ : *spending),
      values_(program_.value_count()),
      first_result_(program_.inputs.size() + program_.constants.size()) {
  for (std::size_t i = 0; i < program_.constants.size(); ++i) {
    // Who awaited its record in a run before was refused.
    if (!plan_.constants[i]->record) plan_.constants[i]->record_awaited = false;
    values_[program_.constant_id(i)] = plan_.constants[i];
  }
}

Result<core::Done> Run::bind_input(std::size_t index, ValuePtr given) {
  ISOTRACE_TRY_DONE(check_input(program_.inputs[index], given->outline()));
  values_[index] = std::move(given);
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
    const bool again = values_[index] != nullptr;
    ISOTRACE_TRY_DONE(bind_input(index, RunValue::borrow(given.value)));
    if (again) return refuse(RefusalCode::input_mismatch, "input " + given.name, "given twice");
  }
  for (std::size_t i = 0; i < program_.inputs.size(); ++i) {
    if (!values_[i]) return refuse(RefusalCode::input_missing, "input " + program_.inputs[i].name);
  }
  return plan_.check_supported();
}

Result<core::Done> Run::fetch_operands(const core::Node& node,
                                       std::span<const ValuePtr> operands) const {
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i] || operands[i]->is_here()) continue;
    const bool takes = i == 0 && reads_shape_only(node.op);
    if (takes || spending_.backend.takes_remote(node, i)) continue;
    ISOTRACE_TRY_DONE(operands[i]->fetch());
  }
  return core::Done{};
}

Result<std::vector<ValueInfo>> Run::check_cost(const core::Node& node,
                                               std::span<const ValuePtr> operands,
                                               bool makes_tensors) {
  auto infos = infos_of(operands);
  auto inferred = infer_node(node, infos);
  if (!all_here(operands) && !(inferred && std::ranges::all_of(*inferred, is_sized))) {
    // It depends on elements.
    ISOTRACE_TRY_DONE(fetch_all(operands));
    infos = infos_of(operands);
    inferred = infer_node(node, infos);
  }
  ISOTRACE_TRY(std::vector<ValueInfo> results, std::move(inferred));
  std::uint64_t bytes = 0;
  for (const ValueInfo& result : results) {
    ISOTRACE_TRY(const std::uint64_t size, value_bytes(result));
    bytes += size;
  }
  if (makes_tensors) ISOTRACE_TRY_DONE(spending_.check_bytes(bytes));
  ISOTRACE_TRY_DONE(spending_.spend_work(estimate_work(node, infos, results)));
  return results;
}

Result<std::vector<ValuePtr>> Run::compute(const core::Node& node,
                                           std::span<const ValuePtr> operands,
                                           const StepObserver& observer) {
  if (op_info(node.op).control) {
    const auto run_of = [this](const core::SubProgram& inside) -> Run& {
      auto& run = inside_[&inside.program()];
      if (!run) run = std::make_unique<Run>(inside.program(), spending_);
      return *run;
    };
    return execute_control({node, operands, spending_, run_of, path_, observer});
  }
  auto results = compute_plain(node, operands);
  if (results) return results;
  return core::refuse_within(node_place("step", spending_.steps, node, path_),
                             std::move(results).error());
}

Result<std::vector<ValuePtr>> Run::compute_plain(const core::Node& node,
                                                 std::span<const ValuePtr> operands) {
  ISOTRACE_TRY_DONE(fetch_operands(node, operands));
  const std::optional<core::Shape> shape = find_changed_shape(node, outlines_of(operands));
  ISOTRACE_TRY(const std::vector<ValueInfo> expected, check_cost(node, operands, !shape));
  if (shape) return std::vector{RunValue::reshape(operands[0], *shape)};
  ISOTRACE_TRY(const std::uint64_t bytes_max, results_bytes_max(expected, spending_.limits));
  spending_.backend.limit_results(bytes_max);
  ISOTRACE_TRY(std::vector<ValuePtr> results, run_on_backend(node, operands));
  ISOTRACE_TRY_DONE(check_results(results, expected));
  return results;
}

Result<std::vector<ValuePtr>> Run::run_on_backend(const core::Node& node,
                                                  std::span<const ValuePtr> operands) {
  if (spending_.keeps_remote) {
    if (auto results = run_remote(node, operands)) return *std::move(results);
  }
  const bool shape_alone = node.op == core::Op::shape || node.op == core::Op::size;
  if (!shape_alone) ISOTRACE_TRY_DONE(fetch_all(operands));
  ISOTRACE_TRY(std::vector<core::Tensor> tensors,
               spending_.backend.run(node, outlines_of(operands)));
  if (spending_.backend.fell_back()) spending_.fallback_steps.push_back(spending_.steps);
  std::vector<ValuePtr> results;
  for (core::Tensor& tensor : tensors) {
    results.push_back(RunValue::own(std::move(tensor), spending_));
  }
  return results;
}

std::optional<std::vector<ValuePtr>> Run::run_remote(const core::Node& node,
                                                     std::span<const ValuePtr> operands) {
  backends::RemoteResults remote;
  for (const ValuePtr& operand : operands) {
    const bool takes = operand && spending_.backend.takes_remote(node, remote.size());
    remote.push_back(takes ? operand->remote() : nullptr);
  }
  auto made = spending_.backend.run_remote(node, outlines_of(operands), remote);
  if (!made) return std::nullopt;
  std::vector<ValuePtr> results;
  for (auto& result : *made) results.push_back(RunValue::own(std::move(result), spending_));
  return results;
}

Result<core::Done> Run::execute_node(std::size_t index, const StepObserver& observer) {
  const core::Node& node = program_.nodes[index];
  std::vector<ValuePtr> operands;
  for (const ValueId input : node.inputs) {
    ISOTRACE_CHECK(input == no_value || values_[input], index, input);
    operands.push_back(input == no_value ? nullptr : values_[input]);
  }
  ISOTRACE_TRY(const std::vector<ValuePtr> results, compute(node, operands, observer));
  ISOTRACE_CHECK(results.size() == node.outputs.size(), results.size(), op_info(node.op).name);
  ISOTRACE_TRY_DONE(show(observer, node, operands, results));
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (node.outputs[i] != no_value) values_[node.outputs[i]] = results[i];
  }
  return core::Done{};
}

Result<core::Done> Run::show(const StepObserver& observer, const core::Node& node,
                             std::span<const ValuePtr> operands,
                             std::span<const ValuePtr> results) {
  const std::uint64_t number = spending_.steps++;
  if (!observer) return core::Done{};
  std::vector<TensorView> result_views;
  for (const ValuePtr& result : results) result_views.push_back(result->outline());
  auto seen = observer(
      StepView{number, path_, node, outlines_of(operands), result_views, operands, results});
  if (seen) return seen;
  return core::refuse_within(node_place("step", number, node, path_), std::move(seen).error());
}

void Run::drop_read(std::size_t index) {
  const core::Node& node = program_.nodes[index];
  const auto drop = [&](ValueId value) {
    if (value != no_value && value >= first_result_ && plan_.last_use[value] == index) {
      values_[value].reset();
    }
  };
  std::for_each(node.inputs.begin(), node.inputs.end(), drop);
  std::for_each(node.outputs.begin(), node.outputs.end(), drop);
}

void Run::clear() {
  const auto constants_end = values_.begin() + static_cast<std::ptrdiff_t>(first_result_);
  std::fill_n(values_.begin(), program_.inputs.size(), nullptr);
  std::fill(constants_end, values_.end(), nullptr);
}

Result<core::Done> Run::step(std::size_t index, const StepObserver& observer) {
  ISOTRACE_TRY_DONE(execute_node(index, observer));
  drop_read(index);
  return core::Done{};
}

Result<core::Done> Run::run_all(const StepObserver& observer) {
  for (std::size_t i = 0; i < program_.nodes.size();) {
    const std::size_t done = observer ? 0 : run_chain(i);
    if (done == 0) ISOTRACE_TRY_DONE(step(i, observer));
    i += std::max<std::size_t>(done, 1);
  }
  return core::Done{};
}

Result<core::Done> Run::execute(std::span<const ValuePtr> inputs, std::string path,
                                const StepObserver& observer) {
  clear();
  path_ = std::move(path);
  auto ready = spending_.spend_work(program_work);
  for (std::size_t i = 0; ready && i < inputs.size(); ++i) ready = bind_input(i, inputs[i]);
  if (!ready) return core::refuse_within(path_, std::move(ready).error());
  return run_all(observer);
}

std::vector<ValuePtr> Run::take_outputs() {
  std::vector<ValuePtr> outputs;
  for (const core::ProgramOutput& output : program_.outputs) {
    outputs.push_back(values_[output.value]);
  }
  clear();
  return outputs;
}

Result<std::vector<NamedTensor>> Run::take_named_outputs() {
  std::vector<ValuePtr> values = take_outputs();
  std::vector<NamedTensor> outputs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    ISOTRACE_TRY(core::Tensor tensor, RunValue::take(std::move(values[i])));
    outputs.push_back({program_.outputs[i].name, std::move(tensor)});
  }
  return outputs;
}

}  // namespace isotrace::executor
