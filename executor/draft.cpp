#include <isotrace/executor/draft.hpp>

#include <algorithm>
#include <map>
#include <set>

#include <isotrace/core/check.hpp>

namespace isotrace::executor {

using core::RefusalCode;
using core::refuse;
using core::Result;

namespace {

Result<core::Done> check_arity(const DraftNode& node, std::size_t outputs) {
  const core::OpInfo& info = core::op_info(node.op);
  const auto within = [](std::size_t n, std::size_t low, std::size_t high) {
    return n >= low && (high == core::any_number || n <= high);
  };
  if (!within(node.inputs.size(), info.inputs_min, info.inputs_max) ||
      !within(outputs, info.outputs_min, info.outputs_max)) {
    return refuse(
        RefusalCode::program_ill_formed, "",
        std::to_string(node.inputs.size()) + " operands, " + std::to_string(outputs) + " results");
  }
  // Operations of any number of operands have no optional ones, but for the steering ones of Loop.
  const bool variadic = info.inputs_max == core::any_number && !info.control;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    if (!node.inputs[i] && (variadic || i < info.inputs_min)) {
      return refuse(RefusalCode::program_ill_formed, "",
                    "operand " + std::to_string(i) + " is left out");
    }
  }
  return core::Done{};
}

}  // namespace

std::size_t Draft::add_input(core::ProgramInput input) {
  ValueInfo info{input.dtype, input.shape, std::nullopt};
  if (input.shape == core::any_rank) info.shape.reset();
  return add_input(std::move(input), std::move(info));
}

std::size_t Draft::add_input(core::ProgramInput input, ValueInfo info) {
  values_.push_back({Kind::input, inputs_.size(), input.name, std::move(info)});
  inputs_.push_back(std::move(input));
  return values_.size() - 1;
}

std::size_t Draft::add_constant(core::Tensor value, std::string name) {
  const core::Tensor& kept = constants_.emplace_back(std::move(value));
  values_.push_back({Kind::constant, constants_.size() - 1, std::move(name), info_of(kept)});
  return values_.size() - 1;
}

Result<std::vector<std::size_t>> Draft::add_node(DraftNode node, std::size_t outputs) {
  while (!node.inputs.empty() && !node.inputs.back()) node.inputs.pop_back();
  ISOTRACE_TRY_DONE(check_arity(node, outputs));
  std::sort(node.attributes.begin(), node.attributes.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  core::Node probe{node.op, {}, std::vector<core::ValueId>(outputs), node.attributes, {}};
  std::vector<std::optional<ValueInfo>> operands;
  for (const DraftValue& input : node.inputs) {
    operands.push_back(input ? std::optional(values_[*input].info) : std::nullopt);
  }
  ISOTRACE_TRY(std::vector<ValueInfo> infos, place_ == Place::inside
                                                 ? inference_.infer_inside(probe, operands)
                                                 : inference_.infer(probe, operands));
  std::vector<std::size_t> results;
  for (ValueInfo& info : infos) {
    results.push_back(values_.size());
    values_.push_back({Kind::result, steps_.size(), {}, std::move(info)});
  }
  steps_.push_back({std::move(node), results.front(), outputs});
  return results;
}

Result<std::size_t> Draft::add_operation(core::Op op, std::vector<DraftValue> inputs,
                                         std::vector<core::Attribute> attributes) {
  ISOTRACE_TRY(const std::vector<std::size_t> results,
               add_node({op, std::move(inputs), std::move(attributes), {}}, 1));
  return results.front();
}

/// Gives a draft's values their final numbers.
class DraftNumbering {
 public:
  DraftNumbering(Draft& draft, const std::vector<Draft::Output>& outputs)
      : draft_(draft), outputs_(outputs), numbers_(draft.values_.size(), core::no_value) {}

  core::Program make_program() {
    order_steps();
    mark_read();
    core::Program program;
    program.inputs = draft_.inputs_;
    number_inputs();
    for (const std::size_t step : order_) {
      for (const DraftValue& input : draft_.steps_[step].node.inputs) {
        if (input) number_constant(*input, program);
      }
    }
    for (const Draft::Output& output : outputs_) number_constant(output.value, program);
    for (const std::size_t step : order_) program.nodes.push_back(make_node(step));
    for (const Draft::Output& output : outputs_) {
      program.outputs.push_back({output.name, numbers_[output.value]});
    }
    program.value_names = std::move(names_);
    return program;
  }

 private:
  /// Depth-first from the outputs, operands in order; without recursion, graphs are deep.
  void order_steps() {
    std::vector<bool> placed(draft_.steps_.size());
    struct Frame {
      std::size_t step;
      std::size_t operand;
    };
    std::vector<Frame> stack;
    const auto enter = [&](std::size_t value) {
      const Draft::Value& v = draft_.values_[value];
      if (v.kind == Draft::Kind::result && !placed[v.source]) stack.push_back({v.source, 0});
    };
    for (const Draft::Output& output : outputs_) {
      enter(output.value);
      while (!stack.empty()) {
        const Frame frame = stack.back();
        const auto& inputs = draft_.steps_[frame.step].node.inputs;
        if (frame.operand < inputs.size()) {
          ++stack.back().operand;
          if (inputs[frame.operand]) enter(*inputs[frame.operand]);
          continue;
        }
        stack.pop_back();
        if (!placed[frame.step]) order_.push_back(frame.step);
        placed[frame.step] = true;
      }
    }
  }

  void mark_read() {
    read_.resize(draft_.values_.size());
    for (const std::size_t step : order_) {
      for (const DraftValue& input : draft_.steps_[step].node.inputs) {
        if (input) read_[*input] = true;
      }
    }
    for (const Draft::Output& output : outputs_) read_[output.value] = true;
  }

  void number_inputs() {
    for (std::size_t i = 0; i < draft_.values_.size(); ++i) {
      if (draft_.values_[i].kind != Draft::Kind::input) continue;
      numbers_[i] = next();
      names_.push_back(draft_.values_[i].name);
    }
  }

  void number_constant(std::size_t value, core::Program& program) {
    const Draft::Value& v = draft_.values_[value];
    if (v.kind != Draft::Kind::constant || numbers_[value] != core::no_value) return;
    core::Tensor& tensor = draft_.constants_[v.source];
    const auto [place, fresh] = constants_.try_emplace(core::tensor_digest(tensor), next());
    numbers_[value] = place->second;
    if (!fresh) return;
    names_.push_back(v.name);
    program.constants.push_back(std::move(tensor));
  }

  core::Node make_node(std::size_t index) {
    Draft::Step& step = draft_.steps_[index];
    core::Node node{
        step.node.op, {}, {}, std::move(step.node.attributes), std::move(step.node.name)};
    for (const DraftValue& input : step.node.inputs) {
      node.inputs.push_back(input ? numbers_[*input] : core::no_value);
    }
    for (std::size_t i = 0; i < step.outputs; ++i) {
      const std::size_t value = step.first_output + i;
      if (read_[value]) {
        numbers_[value] = next();
        names_.push_back(draft_.values_[value].name);
      }
      node.outputs.push_back(numbers_[value]);
    }
    // How many parts Split makes is said by its number of outputs only; programs inside a node give
    // all theirs.
    const core::OpInfo& info = op_info(node.op);
    const bool fixed = node.op == core::Op::split || info.control;
    while (!fixed && node.outputs.size() > info.outputs_min &&
           node.outputs.back() == core::no_value) {
      node.outputs.pop_back();
    }
    return node;
  }

  [[nodiscard]] core::ValueId next() const { return static_cast<core::ValueId>(names_.size()); }

  Draft& draft_;
  const std::vector<Draft::Output>& outputs_;
  std::vector<std::size_t> order_;
  std::vector<bool> read_;
  std::vector<core::ValueId> numbers_;
  std::vector<std::string> names_;  // one per number given out
  std::map<core::Digest, core::ValueId> constants_;
};

Result<core::Program> Draft::finish(const std::vector<Output>& outputs) && {
  core::Program program = DraftNumbering(*this, outputs).make_program();
  ISOTRACE_TRY_DONE(core::check_program(program));
  return program;
}

}  // namespace isotrace::executor
