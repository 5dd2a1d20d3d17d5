#include <isotrace/executor/compare_models.hpp>

#include <algorithm>
#include <map>

#include <isotrace/executor/infer_shapes.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::executor {
namespace {

using core::Result;
using core::ValueId;

struct Value {
  trace::TensorRecord record;
  ValueOrigin origin;
};

/// The values of one run, by number and by name.
struct Values {
  std::map<ValueId, Value> known;
  std::map<std::string, ValueId> named;
  std::vector<ValueId> made;  ///< by steps, in their order

  [[nodiscard]] const Value* find(const std::string& name) const {
    const auto found = named.find(name);
    return found == named.end() ? nullptr : &known.at(found->second);
  }
};

void add_given(Values& values, const core::Program& program, std::span<const NamedTensor> inputs) {
  for (std::size_t i = 0; i < program.inputs.size(); ++i) {
    const auto given = std::ranges::find(inputs, program.inputs[i].name, &NamedTensor::name);
    if (given == inputs.end()) continue;  // binding refuses it
    values.known[static_cast<ValueId>(i)] = {
        trace::record_of(given->value),
        {.kind = ValueOrigin::Kind::input, .operation = {}, .node = {}}};
  }
  for (std::size_t i = 0; i < program.constants.size(); ++i) {
    values.known[program.constant_id(i)] = {
        trace::record_of(program.constants[i]),
        {.kind = ValueOrigin::Kind::constant, .operation = {}, .node = {}}};
  }
}

void add_step(Values& values, const StepView& step) {
  for (std::size_t i = 0; i < step.node.outputs.size(); ++i) {
    const ValueId value = step.node.outputs[i];
    if (value == core::no_value) continue;
    values.known[value] = {
        trace::record_of(step.results[i]),
        {ValueOrigin::Kind::step, step.index, i, std::string(core::op_info(step.node.op).name),
         display_name(step.node, step.path)}};
    values.made.push_back(value);
  }
}

/// An output's name is its value's, whatever that was called inside.
void add_names(Values& values, const core::Program& program) {
  for (const auto& [value, unused] : values.known) {
    const bool named = value < program.value_names.size() && !program.value_names[value].empty();
    if (named) values.named.emplace(program.value_names[value], value);
  }
  for (const core::ProgramOutput& output : program.outputs) {
    values.named[output.name] = output.value;
  }
}

Result<Values> run_model(const char* which, const core::Program& program,
                         std::span<const NamedTensor> inputs, backends::Backend& backend,
                         const ExecuteLimits& limits) {
  Values values;
  add_given(values, program, inputs);
  const StepObserver observer = [&](const StepView& step) {
    if (step.path.empty()) add_step(values, step);
    return core::Done{};
  };
  auto outputs = execute(program, inputs, backend, observer, limits);
  if (!outputs) return core::refuse_within(which, std::move(outputs).error());
  add_names(values, program);
  return values;
}

ComparedValue compare_value(const std::string& name, const Value* a, const Value* b) {
  ComparedValue out{.name = name, .a = {}, .b = {}, .a_origin = {}, .b_origin = {}};
  if (a != nullptr) {
    out.a = a->record;
    out.a_origin = a->origin;
  }
  if (b != nullptr) {
    out.b = b->record;
    out.b_origin = b->origin;
  }
  return out;
}

const core::ProgramOutput* find_output(const core::Program& program, const std::string& name) {
  const auto found = std::ranges::find(program.outputs, name, &core::ProgramOutput::name);
  return found == program.outputs.end() ? nullptr : &*found;
}

std::vector<ComparedValue> compare_outputs(const core::Program& a, const Values& in_a,
                                           const core::Program& b, const Values& in_b) {
  std::vector<ComparedValue> out;
  for (const core::ProgramOutput& output : a.outputs) {
    const core::ProgramOutput* other = find_output(b, output.name);
    out.push_back(compare_value(output.name, &in_a.known.at(output.value),
                                other == nullptr ? nullptr : &in_b.known.at(other->value)));
  }
  for (const core::ProgramOutput& output : b.outputs) {
    if (find_output(a, output.name) != nullptr) continue;
    out.push_back(compare_value(output.name, nullptr, &in_b.known.at(output.value)));
  }
  return out;
}

/// Names by value number, the inverse of Values::named.
std::map<ValueId, std::string> names_of(const Values& values) {
  std::map<ValueId, std::string> names;
  for (const auto& [name, value] : values.named) names.emplace(value, name);
  return names;
}

std::vector<ComparedOperand> compare_operands(const core::Program& program, ValueId made,
                                              const Values& in_a, const Values& in_b) {
  const auto names = names_of(in_a);
  const auto node = std::ranges::find_if(program.nodes, [&](const core::Node& candidate) {
    return std::ranges::find(candidate.outputs, made) != candidate.outputs.end();
  });
  ISOTRACE_CHECK(node != program.nodes.end(), made);
  std::vector<ComparedOperand> operands;
  for (const ValueId operand : node->inputs) {
    if (operand == core::no_value) continue;
    const auto name = names.find(operand);
    const Value* other = name == names.end() ? nullptr : in_b.find(name->second);
    operands.push_back({program.value_name(operand), {}});
    if (other != nullptr) {
      operands.back().identical = other->record == in_a.known.at(operand).record;
    }
  }
  return operands;
}

}  // namespace

bool ModelComparison::identical() const {
  return std::ranges::all_of(outputs, &ComparedValue::identical);
}

Result<ModelComparison> compare_models(const core::Program& a, const core::Program& b,
                                       std::span<const NamedTensor> inputs,
                                       backends::Backend& backend, const ExecuteLimits& limits) {
  ISOTRACE_TRY(const Values in_a, run_model("A", a, inputs, backend, limits));
  ISOTRACE_TRY(const Values in_b, run_model("B", b, inputs, backend, limits));
  ModelComparison out;
  out.outputs = compare_outputs(a, in_a, b, in_b);
  const auto names = names_of(in_a);
  for (const ValueId value : in_a.made) {
    const auto name = names.find(value);
    const Value* other = name == names.end() ? nullptr : in_b.find(name->second);
    if (other == nullptr) continue;
    ++out.values;
    const ComparedValue compared = compare_value(name->second, &in_a.known.at(value), other);
    if (compared.identical()) continue;
    ++out.differing;
    if (out.first) continue;
    out.first = compared;
    out.operands = compare_operands(a, value, in_a, in_b);
  }
  return out;
}

}  // namespace isotrace::executor
