#include <isotrace/executor/control_flow.hpp>

#include <algorithm>
#include <iterator>
#include <limits>

#include <isotrace/executor/control_parts.hpp>
#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/executor/stack.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Tensor;
using core::TensorView;

/// What a tensor costs beside its bytes, where many small ones are kept: a scan output's elements.
constexpr std::uint64_t element_overhead = 512;

using Values = std::vector<ValuePtr>;

ValuePtr scalar(const ControlCall& call, std::int64_t value) {
  return call.own(Tensor::of<std::int64_t>({}, {value}));
}

ValuePtr condition_of(const ControlCall& call, bool value) {
  return call.own(Tensor::of<core::Bool8>({}, {core::Bool8{static_cast<std::uint8_t>(value)}}));
}

Result<bool> read_condition(const ValuePtr& value) {
  ISOTRACE_TRY_DONE(value->fetch());
  const TensorView& tensor = value->view();
  if (tensor.dtype() != Dtype::boolean) {
    return refuse(RefusalCode::operation_dtype_unsupported, "condition",
                  std::string(core::dtype_name(tensor.dtype())));
  }
  if (tensor.elements() != 1) {
    return refuse(RefusalCode::shape_mismatch, "condition", core::shape_text(tensor.shape()));
  }
  return tensor.bytes()[0] != 0;
}

Result<std::int64_t> read_trips(const ValuePtr& value) {
  ISOTRACE_TRY_DONE(value->fetch());
  const TensorView& tensor = value->view();
  if (tensor.dtype() != Dtype::i64) {
    return refuse(RefusalCode::operation_dtype_unsupported, "trip count",
                  std::string(core::dtype_name(tensor.dtype())));
  }
  if (tensor.elements() != 1) {
    return refuse(RefusalCode::shape_mismatch, "trip count", core::shape_text(tensor.shape()));
  }
  return tensor.data<std::int64_t>()[0];
}

/// What Loop and Scan share: states that go round, scan outputs that pile up.
class Rounds {
 public:
  Rounds(const ControlCall& call, const ControlParts& parts)
      : call_(call),
        parts_(parts),
        body_(call.run_of(call.node.program("body"))),
        label_(display_name(call.node, call.path)),
        scans_(parts.scan_outputs) {
    if (label_.empty()) label_ = std::string(op_info(call.node.op).name);
    for (std::size_t i = 0; i < parts.states; ++i) {
      states_.push_back(call.operand(parts.first + i));
    }
  }

  /// Executes the body on `before`, the states, `after` and the captures; keeps its states and scan
  /// outputs, which stand behind the first `steering` outputs. Returns those.
  Result<Values> next(Values before, const Values& after, std::size_t steering) {
    Values inputs = std::move(before);
    inputs.insert(inputs.end(), states_.begin(), states_.end());
    inputs.insert(inputs.end(), after.begin(), after.end());
    inputs.insert(inputs.end(), call_.operands.end() - static_cast<std::ptrdiff_t>(parts_.captures),
                  call_.operands.end());
    const std::string path = label_ + "[" + std::to_string(round_++) + "]/";
    ISOTRACE_TRY_DONE(body_.execute(inputs, path, call_.observer));
    Values outputs = body_.take_outputs();
    const auto first_state = outputs.begin() + static_cast<std::ptrdiff_t>(steering);
    const auto first_scan = first_state + static_cast<std::ptrdiff_t>(parts_.states);
    states_.assign(first_state, first_scan);
    ISOTRACE_TRY_DONE(call_.spending.take_bytes(scans_.size() * element_overhead));
    for (std::size_t i = 0; i < scans_.size(); ++i) {
      scans_[i].push_back(first_scan[static_cast<std::ptrdiff_t>(i)]);
    }
    outputs.erase(first_state, outputs.end());
    return outputs;
  }

  /// The states (without a round: as given), then the scan outputs stacked along the axes and in
  /// the directions given.
  Result<Values> finish(const std::vector<std::int64_t>& axes,
                        const std::vector<std::int64_t>& directions) {
    Values results = std::move(states_);
    const core::Program& body = call_.node.program("body").program();
    for (std::size_t i = 0; i < scans_.size(); ++i) {
      const std::size_t output = body.outputs.size() - scans_.size() + i;
      ISOTRACE_TRY(Tensor whole, stack_scan(i, output, axes[i], directions[i] != 0));
      results.push_back(call_.own(std::move(whole)));
    }
    return results;
  }

 private:
  Result<Tensor> stack_scan(std::size_t scan, std::size_t output, std::int64_t axis,
                            bool backwards) {
    Values& parts = scans_[scan];
    if (parts.empty()) {
      const core::Program& body = call_.node.program("body").program();
      ISOTRACE_TRY(const Dtype dtype, output_dtype(body, output));
      return empty_stack(dtype, parts_.empty_shapes[scan], axis);
    }
    if (backwards) std::reverse(parts.begin(), parts.end());
    std::vector<TensorView> views;
    std::uint64_t bytes = 0;
    for (const ValuePtr& part : parts) {
      ISOTRACE_TRY_DONE(part->fetch());
      views.push_back(part->view());
      bytes += part->view().bytes().size();
    }
    ISOTRACE_TRY_DONE(call_.spending.check_bytes(bytes));
    ISOTRACE_TRY_DONE(call_.spending.spend_work(bytes));
    ISOTRACE_TRY(Tensor whole, stack(views, axis));
    call_.spending.return_bytes(parts.size() * element_overhead);
    parts.clear();
    return whole;
  }

  /// The element type of an output that was never computed.
  Result<Dtype> output_dtype(const core::Program& body, std::size_t output) const {
    std::vector<ValueInfo> inputs;
    for (const core::ProgramInput& input : body.inputs) inputs.push_back({input.dtype, {}, {}});
    ISOTRACE_TRY(const std::vector<ValueInfo> outputs, infer_outputs(body, inputs));
    return outputs[output].dtype;
  }

  const ControlCall& call_;
  const ControlParts& parts_;
  Run& body_;
  std::string label_;
  Values states_;  // what the next round gets
  std::vector<Values> scans_;
  std::int64_t round_ = 0;
};

// [control.if]
Result<Values> execute_branch(const ControlCall& call, const ControlParts&) {
  ISOTRACE_TRY(const bool taken, read_condition(call.operand(0)));
  Run& run = call.run_of(call.node.program(taken ? "then_branch" : "else_branch"));
  std::string path = display_name(call.node, call.path);
  if (path.empty()) path = std::string(op_info(call.node.op).name);
  path += taken ? "[then]/" : "[else]/";
  ISOTRACE_TRY_DONE(run.execute(call.operands.subspan(1), path, call.observer));
  return run.take_outputs();
}

// [control.loop]
Result<Values> execute_loop(const ControlCall& call, const ControlParts& parts) {
  std::int64_t trips = std::numeric_limits<std::int64_t>::max();
  const auto given = [&call](std::size_t i) {
    return i < call.operands.size() && call.operands[i] != nullptr;
  };
  if (given(0)) {
    ISOTRACE_TRY(trips, read_trips(call.operand(0)));
  } else if (!given(1)) {
    // Said at once: the limit on work would say so after a thousand million rounds.
    return refuse(RefusalCode::limit_exceeded, "", "neither trip count nor condition ends it");
  }
  // A condition that is left out is true, whatever the body says.
  ValuePtr condition = given(1) ? call.operand(1) : condition_of(call, true);
  Rounds rounds(call, parts);
  for (std::int64_t i = 0; i < trips; ++i) {
    ISOTRACE_TRY(const bool enter, read_condition(condition));
    if (!enter) break;
    ISOTRACE_TRY(const Values outputs, rounds.next({scalar(call, i), condition}, {}, 1));
    if (given(1)) condition = outputs[0];
  }
  return rounds.finish(std::vector<std::int64_t>(parts.scan_outputs),
                       std::vector<std::int64_t>(parts.scan_outputs));
}

/// The length of the sequences, which all scan inputs have; their axes resolved.
Result<std::int64_t> scan_length(const ControlCall& call, const ControlParts& parts,
                                 std::vector<std::size_t>& axes) {
  std::int64_t length = 0;
  for (std::size_t i = 0; i < parts.scan_inputs; ++i) {
    ISOTRACE_TRY_DONE(call.operand(parts.states + i)->fetch());
    const TensorView& input = call.operand(parts.states + i)->view();
    ISOTRACE_TRY(const std::size_t axis,
                 resolve_axis(call.node.integers("input_axes")[i], input.rank()));
    axes.push_back(axis);
    if (i != 0 && input.dim(axis) != length) {
      return refuse(
          RefusalCode::shape_mismatch, "",
          "sequences of " + std::to_string(length) + " and " + std::to_string(input.dim(axis)));
    }
    length = input.dim(axis);
  }
  return length;
}

// [control.scan]
Result<Values> execute_scan(const ControlCall& call, const ControlParts& parts) {
  std::vector<std::size_t> axes;
  ISOTRACE_TRY(const std::int64_t length, scan_length(call, parts, axes));
  const auto& directions = call.node.integers("input_directions");
  Rounds rounds(call, parts);
  for (std::int64_t i = 0; i < length; ++i) {
    Values slices;
    for (std::size_t k = 0; k < parts.scan_inputs; ++k) {
      const TensorView& input = call.operand(parts.states + k)->view();
      const std::uint64_t bytes = input.bytes().size() / static_cast<std::uint64_t>(length);
      ISOTRACE_TRY_DONE(call.spending.spend_work(bytes));
      ISOTRACE_TRY_DONE(call.spending.check_bytes(bytes));
      ISOTRACE_TRY(Tensor part, slice(input, axes[k], directions[k] != 0 ? length - 1 - i : i));
      slices.push_back(call.own(std::move(part)));
    }
    ISOTRACE_TRY_DONE(rounds.next({}, slices, 0));
  }
  return rounds.finish(call.node.integers("output_axes"), call.node.integers("output_directions"));
}

Result<Values> dispatch(const ControlCall& call) {
  ISOTRACE_TRY(const ControlParts parts, find_parts(call.node, call.operands));
  switch (call.node.op) {
    case core::Op::branch: return execute_branch(call, parts);
    case core::Op::loop: return execute_loop(call, parts);
    default: return execute_scan(call, parts);
  }
}

}  // namespace

Result<Values> execute_control(const ControlCall& call) {
  auto results = dispatch(call);
  if (results) return results;
  // A refusal that comes from a step inside names it.
  if (results.error().where.starts_with("step ")) return results;
  return core::refuse_within(node_place("step", call.spending.steps, call.node, call.path),
                             std::move(results).error());
}

}  // namespace isotrace::executor
