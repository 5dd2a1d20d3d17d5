#include <isotrace/referee/unfolding.hpp>

#include <algorithm>
#include <limits>

#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/executor/stack.hpp>

namespace isotrace::referee {
namespace {

using core::Node;
using core::Op;
using core::Program;
using core::Tensor;
using trace::TensorRecord;

/// Rounds in a row that execute no step.
constexpr std::uint64_t idle_rounds_max = 1 << 20;

bool is_control(const Node& node) { return core::op_info(node.op).control; }

Tensor truth(const core::Shape& shape, bool value) {
  return Tensor::of<core::Bool8>(shape, {core::Bool8{static_cast<std::uint8_t>(value)}});
}

/// A condition by its digest: there are but two values.
std::optional<bool> read_condition(const TensorRecord& record) {
  if (record.dtype != core::Dtype::boolean || core::element_count(record.shape) != 1) return {};
  for (const bool value : {false, true}) {
    if (core::tensor_digest(truth(record.shape, value)) == record.digest) return value;
  }
  return std::nullopt;
}

std::optional<std::int64_t> read_trips(const TensorRecord& record,
                                       const Unfolding::Contents& contents) {
  if (record.dtype != core::Dtype::i64 || core::element_count(record.shape) != 1) return {};
  const auto tensor = contents(record);
  if (!tensor || tensor->dtype() != core::Dtype::i64 || tensor->elements() != 1) return {};
  return tensor->data<std::int64_t>()[0];
}

/// The axis along which Scan takes operand `k` of its sequences apart.
std::optional<std::size_t> scan_axis(const Node& node, std::size_t k, const TensorRecord& record) {
  const auto axis = executor::resolve_axis(node.integers("input_axes")[k], record.shape.size());
  return axis ? std::optional(*axis) : std::nullopt;
}

template <class Operands>
std::optional<executor::ControlParts> parts_of(const Node& node, const Operands& operands) {
  std::vector<bool> given;
  for (const auto& operand : operands) given.push_back(operand.has_value());
  auto parts = executor::find_parts(node, given);
  return parts ? std::optional(*std::move(parts)) : std::nullopt;
}

}  // namespace

core::Digest chain(const core::Digest& before, const core::Digest& element) {
  core::ByteWriter out;
  out.raw(before.view()).raw(element.view());
  return core::sha256(out.bytes());
}

Unfolding::Unfolding(const Program& program, const std::vector<trace::NamedRecord>& inputs)
    : Unfolding(program) {
  push(program);
  for (std::size_t i = 0; i < std::min(inputs.size(), program.inputs.size()); ++i) {
    stack_.back().values[i] = inputs[i].tensor;
  }
}

const Unfolding::Facts& Unfolding::facts(const Program& program) const {
  const auto [found, made] = facts_->try_emplace(&program);
  Facts& facts = found->second;
  if (!made) return facts;
  facts.last_use.resize(program.value_count());
  const auto use = [&](core::ValueId value, std::size_t node) {
    if (value != core::no_value) facts.last_use[value] = node;
  };
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    for (const core::ValueId value : program.nodes[i].outputs) use(value, i);
    for (const core::ValueId value : program.nodes[i].inputs) use(value, i);
  }
  for (const auto& output : program.outputs) use(output.value, program.nodes.size());
  for (const Tensor& constant : program.constants) {
    facts.constants.push_back(trace::record_of(constant));
  }
  return facts;
}

void Unfolding::push(const Program& program) {
  stack_.push_back({&program, 0, {}, {}});
  stack_.back().values.resize(program.value_count());
}

std::optional<TensorRecord> Unfolding::find(const Frame& frame, core::ValueId id) const {
  const std::size_t inputs = frame.program->inputs.size();
  if (id >= inputs && id < inputs + frame.program->constants.size()) {
    return facts(*frame.program).constants[id - inputs];
  }
  return frame.values[id];
}

std::optional<Unfolding::Operands> Unfolding::operands_of(const Frame& frame) const {
  Operands operands;
  for (const core::ValueId id : frame.program->nodes[frame.node].inputs) {
    operands.emplace_back(id == core::no_value ? std::nullopt : find(frame, id));
    if (id != core::no_value && !operands.back()) return std::nullopt;
  }
  return operands;
}

bool Unfolding::settle(const Contents& contents) {
  for (std::uint64_t idle = 0; idle < idle_rounds_max; ++idle) {
    Frame& frame = stack_.back();
    if (frame.node == frame.program->nodes.size()) {
      if (stack_.size() == 1) return true;
      if (!end_round()) return false;
      continue;
    }
    if (!is_control(frame.program->nodes[frame.node])) return true;
    if (!frame.open && !open_node(frame, contents)) return false;
    if (frame.open->closing) return true;
    if (!begin_round(contents)) return false;
  }
  return false;
}

bool Unfolding::open_node(Frame& frame, const Contents& contents) {
  const Node& node = frame.program->nodes[frame.node];
  const auto operands = operands_of(frame);
  const auto parts = operands ? parts_of(node, *operands) : std::nullopt;
  if (!parts) return false;
  Open open;
  const auto given = [&](std::size_t i) { return i < operands->size() && (*operands)[i]; };
  if (node.op == Op::branch) {
    const auto taken = read_condition(*(*operands)[0]);
    if (!taken) return false;
    open.taken = *taken;
    open.rounds_max = 1;
  } else if (node.op == Op::loop) {
    const auto trips =
        given(0) ? read_trips(*(*operands)[0], contents) : std::numeric_limits<std::int64_t>::max();
    if (!trips) return false;
    open.rounds_max = *trips;
    if (given(1)) open.condition = (*operands)[1];
  } else {
    for (std::size_t k = 0; k < parts->scan_inputs; ++k) {
      const TensorRecord& sequence = *(*operands)[parts->states + k];
      const auto axis = scan_axis(node, k, sequence);
      if (!axis || (k != 0 && sequence.shape[*axis] != open.rounds_max)) return false;
      open.rounds_max = sequence.shape[*axis];
    }
  }
  for (std::size_t i = 0; i < parts->states; ++i) {
    open.states.push_back(*(*operands)[parts->first + i]);
  }
  open.chains.resize(parts->scan_outputs);
  frame.open = std::move(open);
  return true;
}

const Program& Unfolding::inside(const Node& node, bool taken) {
  const char* name = node.op != Op::branch ? "body" : taken ? "then_branch" : "else_branch";
  return node.program(name).program();
}

bool Unfolding::begin_round(const Contents& contents) {
  Frame& frame = stack_.back();
  const Node& node = frame.program->nodes[frame.node];
  Open& open = *frame.open;
  const auto condition = open.condition ? read_condition(*open.condition) : std::optional(true);
  if (!condition) return false;
  if (open.round >= open.rounds_max || !*condition) {
    open.closing = true;
    return true;
  }
  const auto operands = operands_of(frame);
  const auto parts = operands ? parts_of(node, *operands) : std::nullopt;
  if (!parts) return false;
  std::vector<TensorRecord> inputs;
  if (node.op == Op::loop) {
    inputs.push_back(trace::record_of(Tensor::of<std::int64_t>({}, {open.round})));
    inputs.push_back(open.condition ? *open.condition : trace::record_of(truth({}, true)));
  }
  inputs.insert(inputs.end(), open.states.begin(), open.states.end());
  for (std::size_t k = 0; k < parts->scan_inputs; ++k) {
    const TensorRecord& sequence = *(*operands)[parts->states + k];
    const auto axis = scan_axis(node, k, sequence);
    const auto tensor = contents(sequence);
    if (!axis || !tensor || tensor->shape() != sequence.shape) return false;
    const bool backwards = node.integers("input_directions")[k] != 0;
    const auto part =
        executor::slice(*tensor, *axis, backwards ? open.rounds_max - 1 - open.round : open.round);
    if (!part) return false;
    inputs.push_back(trace::record_of(*part));
  }
  for (std::size_t i = operands->size() - parts->captures; i < operands->size(); ++i) {
    inputs.push_back(*(*operands)[i]);
  }
  return enter(inside(node, open.taken), std::move(inputs));
}

bool Unfolding::enter(const Program& inside, std::vector<TensorRecord> inputs) {
  if (inputs.size() != inside.inputs.size()) return false;
  push(inside);
  std::ranges::move(inputs, stack_.back().values.begin());
  return true;
}

bool Unfolding::end_round() {
  std::vector<TensorRecord> outputs;
  for (const auto& output : stack_.back().program->outputs) {
    const auto record = find(stack_.back(), output.value);
    if (!record) return false;
    outputs.push_back(*record);
  }
  stack_.pop_back();
  Frame& frame = stack_.back();
  const Node& node = frame.program->nodes[frame.node];
  Open& open = *frame.open;
  ++open.round;
  if (node.op == Op::branch) {
    open.states = std::move(outputs);
    return true;
  }
  const std::size_t first = node.op == Op::loop ? 1 : 0;
  if (outputs.size() != first + open.states.size() + open.chains.size()) return false;
  if (open.condition) open.condition = outputs[0];
  for (std::size_t i = 0; i < open.states.size(); ++i) open.states[i] = outputs[first + i];
  for (std::size_t i = 0; i < open.chains.size(); ++i) {
    const TensorRecord& element = outputs[first + open.states.size() + i];
    open.chains[i] = chain(open.chains[i], element.digest);
  }
  return true;
}

bool Unfolding::ended() const {
  return stack_.size() == 1 && stack_[0].node == stack_[0].program->nodes.size();
}

const Node& Unfolding::node() const { return stack_.back().program->nodes[stack_.back().node]; }

std::optional<Unfolding::Operands> Unfolding::operands() const {
  return operands_of(stack_.back());
}

void Unfolding::apply(std::span<const TensorRecord> results) {
  Frame& frame = stack_.back();
  const Node& node = frame.program->nodes[frame.node];
  const std::vector<std::size_t>& last_use = facts(*frame.program).last_use;
  for (std::size_t i = 0; i < node.outputs.size(); ++i) {
    if (node.outputs[i] != core::no_value) frame.values[node.outputs[i]] = results[i];
  }
  for (const auto* ids : {&node.inputs, &node.outputs}) {
    for (const core::ValueId id : *ids) {
      if (id != core::no_value && last_use[id] == frame.node) frame.values[id].reset();
    }
  }
  frame.open.reset();
  ++frame.node;
}

std::optional<std::vector<trace::NamedRecord>> Unfolding::outputs() const {
  std::vector<trace::NamedRecord> outputs;
  for (const auto& output : program_->outputs) {
    const auto record = find(stack_[0], output.value);
    if (!record) return std::nullopt;
    outputs.push_back({output.name, *record});
  }
  return outputs;
}

Unfolding::Closing Unfolding::closing() const {
  const Open& open = *stack_.back().open;
  return {open.states, open.chains, open.round};
}

}  // namespace isotrace::referee
