// How operands, results and programs of a control-flow node belong together (internal to the
// executor). Nodes from files and traces are checked here, before anything is read by role.
#pragma once

#include <optional>
#include <span>

#include <isotrace/core/program.hpp>

namespace isotrace::executor {

/// Operands: `first` that steer (If: condition; Loop: trip count, condition), then states, scan
/// inputs, captures. Results: states, scan outputs; those of If are its branches' outputs.
struct ControlParts {
  std::size_t first = 0;
  std::size_t states = 0;
  std::size_t scan_inputs = 0;
  std::size_t captures = 0;
  std::size_t scan_outputs = 0;
  std::vector<core::Shape> empty_shapes;  ///< per scan output: of an element, if there is none
};

/// `given[i]`: operand i is there. Refuses program_ill_formed unless everything fits.
core::Result<ControlParts> find_parts(const core::Node& node, const std::vector<bool>& given);

template <class Operand>  // an optional or a pointer
core::Result<ControlParts> find_parts(const core::Node& node, std::span<const Operand> operands) {
  std::vector<bool> given;
  for (const auto& operand : operands) given.push_back(static_cast<bool>(operand));
  return find_parts(node, given);
}

}  // namespace isotrace::executor
