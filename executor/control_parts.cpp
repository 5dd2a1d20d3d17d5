#include <isotrace/executor/control_parts.hpp>

#include <algorithm>

#include <isotrace/core/limits.hpp>

namespace isotrace::executor {
namespace {

using core::Node;
using core::Op;
using core::Result;

auto ill_formed(std::string detail) {
  return core::refuse(core::RefusalCode::program_ill_formed, "", std::move(detail));
}

/// The attribute scan_shapes: for every scan output its rank and sizes.
Result<std::vector<core::Shape>> read_shapes(const std::vector<std::int64_t>& list,
                                             std::size_t count) {
  std::vector<core::Shape> shapes;
  for (std::size_t at = 0; at < list.size();) {
    const std::int64_t rank = list[at++];
    if (rank < 0 || rank > static_cast<std::int64_t>(core::limits::tensor_rank_max) ||
        static_cast<std::size_t>(rank) > list.size() - at) {
      return ill_formed("scan_shapes");
    }
    const auto begin = list.begin() + static_cast<std::ptrdiff_t>(at);
    shapes.emplace_back(begin, begin + rank);
    if (std::any_of(begin, begin + rank, [](auto dim) { return dim < 0; })) {
      return ill_formed("scan_shapes");
    }
    at += static_cast<std::size_t>(rank);
  }
  if (shapes.size() != count) return ill_formed("scan_shapes");
  return shapes;
}

/// Whether the program takes that many inputs and gives that many outputs.
bool fits(const core::Program& program, std::size_t inputs, std::size_t outputs) {
  return program.inputs.size() == inputs && program.outputs.size() == outputs;
}

Result<ControlParts> branch_parts(const Node& node, std::size_t operands) {
  for (const char* name : {"else_branch", "then_branch"}) {
    if (!fits(node.program(name).program(), operands - 1, node.outputs.size())) {
      return ill_formed(name);
    }
  }
  return ControlParts{.first = 1, .captures = operands - 1, .empty_shapes = {}};
}

/// Of Loop and Scan, whose program gives `steering` outputs before the states.
Result<ControlParts> repeated_parts(const Node& node, std::size_t operands, ControlParts parts,
                                    std::size_t steering) {
  const std::int64_t states = node.integer("states");
  const std::size_t fixed = parts.first + parts.scan_inputs;
  if (states < 0 || operands < fixed || static_cast<std::uint64_t>(states) > operands - fixed ||
      static_cast<std::uint64_t>(states) > node.outputs.size()) {
    return ill_formed("states");
  }
  parts.states = static_cast<std::size_t>(states);
  parts.captures = operands - fixed - parts.states;
  parts.scan_outputs = node.outputs.size() - parts.states;
  if (!fits(node.program("body").program(), operands, steering + node.outputs.size())) {
    return ill_formed("body");
  }
  ISOTRACE_TRY(parts.empty_shapes, read_shapes(node.integers("scan_shapes"), parts.scan_outputs));
  return parts;
}

Result<ControlParts> scan_parts(const Node& node, std::size_t operands) {
  ControlParts parts{.scan_inputs = node.integers("input_axes").size(), .empty_shapes = {}};
  ISOTRACE_TRY(parts, repeated_parts(node, operands, std::move(parts), 0));
  if (parts.scan_inputs == 0 || node.integers("input_directions").size() != parts.scan_inputs ||
      node.integers("output_axes").size() != parts.scan_outputs ||
      node.integers("output_directions").size() != parts.scan_outputs) {
    return ill_formed("axes and directions");
  }
  return parts;
}

}  // namespace

Result<ControlParts> find_parts(const Node& node, const std::vector<bool>& given) {
  // A Loop's trailing operands may all be left out.
  const std::size_t operands =
      node.op == Op::loop ? std::max<std::size_t>(given.size(), 2) : given.size();
  ISOTRACE_TRY(ControlParts parts,
               node.op == Op::branch ? branch_parts(node, operands)
               : node.op == Op::loop
                   ? repeated_parts(node, operands, {.first = 2, .empty_shapes = {}}, 1)
                   : scan_parts(node, operands));
  const std::size_t optional = node.op == Op::loop ? 2 : 0;
  for (std::size_t i = optional; i < given.size(); ++i) {
    if (!given[i]) return ill_formed("operand " + std::to_string(i) + " is left out");
  }
  return parts;
}

}  // namespace isotrace::executor
