// From a node to the function of its operation, and the checks that all operations share.
#include <isotrace/reference/evaluate.hpp>

#include <algorithm>
#include <iterator>
#include <new>
#include <stdexcept>

#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/packed.hpp>

namespace isotrace::reference {
namespace {

using Function = Outcome (*)(const Call&);

struct Row {
  core::Op op;
  Function function;
};

// The table is made of the rows of ops.def, so an operation without a function does not link.
constexpr Row table[] = {
#define ISOTRACE_OP(number, name, onnx, imin, imax, omin, omax, attributes, label) \
  {core::Op::name, &evaluate_##name},
#define ISOTRACE_CONTROL(...)
#include <isotrace/core/ops.def>
#undef ISOTRACE_OP
};

constexpr bool ascending() {
  for (std::size_t i = 1; i < std::size(table); ++i) {
    if (table[i - 1].op >= table[i].op) return false;
  }
  return true;
}
static_assert(ascending(), "ops.def: numbers must be unique and ascending");

auto refuse_ill_formed(std::string detail) {
  return core::refuse(RefusalCode::program_ill_formed, "", std::move(detail));
}

/// Arity and attributes as ops.def states them. check_program guarantees both for programs; this
/// keeps the promise for a node that comes from elsewhere.
Result<core::Done> check_call(const Call& call, const core::OpInfo& info) {
  const std::size_t inputs = call.operands.size();
  const std::size_t outputs = call.node.outputs.size();
  if (inputs < info.inputs_min ||
      (info.inputs_max != core::any_number && inputs > info.inputs_max)) {
    return refuse_ill_formed(std::to_string(inputs) + " operands");
  }
  if (outputs < info.outputs_min ||
      (info.outputs_max != core::any_number && outputs > info.outputs_max)) {
    return refuse_ill_formed(std::to_string(outputs) + " results");
  }
  for (const auto& operand : call.operands) {
    if (operand && core::is_structured(operand->dtype()) && !takes_packed(info.op)) {
      return refuse_dtype(operand->dtype());
    }
  }
  for (std::size_t i = 0; i < info.inputs_min; ++i) {
    if (!call.operands[i]) return refuse_ill_formed("operand " + std::to_string(i) + " left out");
  }
  std::string_view previous;
  for (const core::Attribute& attribute : call.node.attributes) {
    const auto kind = core::attribute_kind(info.op, attribute.name);
    if (!kind || *kind != core::attribute_kinds[attribute.value.index()] ||
        attribute.name <= previous) {
      return refuse_ill_formed("attribute " + attribute.name);
    }
    previous = attribute.name;  // ascending, so none stands twice
  }
  const auto spaces = std::count(info.attributes.begin(), info.attributes.end(), ' ');
  const std::size_t declared = info.attributes.empty() ? 0 : static_cast<std::size_t>(spaces) + 1;
  if (call.node.attributes.size() != declared) return refuse_ill_formed("attribute missing");
  return core::Done{};
}

Outcome call_function(const Call& call, const core::OpInfo& info) {
  ISOTRACE_TRY_DONE(check_call(call, info));
  if (info.control) {
    return core::refuse(RefusalCode::backend_operation_unsupported, "",
                        "control flow is done by the executor");
  }
  const auto* row = std::lower_bound(std::begin(table), std::end(table), info.op,
                                     [](const Row& r, core::Op op) { return r.op < op; });
  ISOTRACE_CHECK(row != std::end(table) && row->op == info.op, info.name);
  try {
    return row->function(call);
  } catch (const std::bad_alloc&) {
    return core::refuse(RefusalCode::limit_exceeded, "", "not enough memory for the result");
  } catch (const std::length_error&) {
    return core::refuse(RefusalCode::limit_exceeded, "", "not enough memory for the result");
  }
}

}  // namespace

Outcome evaluate(const core::Node& node, core::Operands operands) {
  const core::OpInfo& info = core::op_info(node.op);
  Outcome outcome = call_function(Call{node, operands}, info);
  if (!outcome) return core::refuse_within(std::string(info.name), std::move(outcome).error());
  ISOTRACE_CHECK(outcome->size() == node.outputs.size(), outcome->size(), node.outputs.size());
  return outcome;
}

}  // namespace isotrace::reference
