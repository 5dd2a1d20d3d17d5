#include <isotrace/executor/plan.hpp>

#include <limits>

#include <isotrace/executor/chains.hpp>
#include <isotrace/executor/prepared_program.hpp>
#include <isotrace/executor/refusal_list.hpp>

namespace isotrace::executor {
namespace {

using core::no_value;
using core::RefusalCode;
using core::Result;
using core::ValueId;

constexpr std::size_t never_freed = std::numeric_limits<std::size_t>::max();

/// What comes of a backend in another process that fails; asked again, it may take as long again.
bool is_no_answer(RefusalCode code) {
  return code == RefusalCode::plugin_ended || code == RefusalCode::plugin_timeout ||
         code == RefusalCode::plugin_failed || code == RefusalCode::backend_contract_broken;
}

Result<core::Done> find_unsupported(const core::Program& program,
                                    const backends::Backend& backend) {
  // Element types follow from the program alone; where it fits no execution, a step will say so.
  const auto shapes = infer_shapes(program);
  if (!shapes) return core::Done{};
  RefusalList unsupported;
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    const core::Node& node = program.nodes[i];
    if (op_info(node.op).control) continue;  // no backend has them; their steps answer themselves
    std::vector<core::Dtype> dtypes;
    for (const ValueId input : node.inputs) {
      if (input != no_value) dtypes.push_back(shapes->values[input].dtype);
    }
    auto supported = backend.supports(node, dtypes);
    if (supported) continue;
    const RefusalCode code = supported.error().code;
    auto refusal = core::refuse_within(node_place("step", i, node), std::move(supported).error());
    if (is_no_answer(code) && unsupported.empty()) return refusal;
    unsupported.add(refusal.value());
    if (is_no_answer(code)) break;
  }
  if (unsupported.empty()) return core::Done{};
  return tl::make_unexpected(unsupported.joined());
}

std::vector<std::size_t> find_last_uses(const core::Program& program) {
  std::vector<std::size_t> last(program.value_count());
  for (std::size_t i = 0; i < program.nodes.size(); ++i) {
    for (const ValueId value : program.nodes[i].outputs) {
      if (value != no_value) last[value] = i;
    }
    for (const ValueId value : program.nodes[i].inputs) {
      if (value != no_value) last[value] = i;
    }
  }
  for (const core::ProgramOutput& output : program.outputs) last[output.value] = never_freed;
  return last;
}

}  // namespace

Plan::Plan(const core::Program& its_program, backends::Backend& its_backend)
    : program(its_program),
      backend(its_backend),
      hold(its_backend, its_program.constants),
      last_use(find_last_uses(its_program)),
      chains(find_chains(its_program, its_backend)),
      costs(its_program.nodes.size()) {
  for (const core::Tensor& constant : program.constants) {
    constants.push_back(RunValue::borrow(constant));
  }
}

void Plan::know_constants(const core::ProgramIdentity& identity) {
  for (std::size_t i = 0; i < constants.size(); ++i) {
    if (constants[i]->record) continue;
    const core::Tensor& constant = program.constants[i];
    constants[i]->record =
        trace::TensorRecord{identity.constants[i], constant.dtype(), constant.shape()};
  }
}

Result<core::Done> Plan::check_supported() {
  if (!supported_) ISOTRACE_TRY_DONE(find_unsupported(program, backend));
  supported_ = true;
  return core::Done{};
}

PreparedProgram::PreparedProgram(const core::Program& program, backends::Backend& backend)
    : plan_(std::make_unique<Plan>(program, backend)) {}

PreparedProgram::~PreparedProgram() = default;

}  // namespace isotrace::executor
