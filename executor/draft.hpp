// A program under construction (internal to importers): values in the order they are met, shapes
// inferred on the way. finish() puts it into the one canonical form, so that two files with the
// same graph give the same program: nodes depth-first from the outputs, constants by first use and
// each content once, results that nobody reads left out.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <isotrace/executor/infer_shapes.hpp>

namespace isotrace::executor {

/// Number of a draft value; nothing for an operand that is left out.
using DraftValue = std::optional<std::size_t>;

struct DraftNode {
  core::Op op{};
  std::vector<DraftValue> inputs;
  std::vector<core::Attribute> attributes;  ///< in any order
  std::string name;
};

class Draft {
 public:
  /// Where the program will stand: one inside a control-flow node need not be executed, so that a
  /// node which no execution could take is no reason to refuse it.
  enum class Place : std::uint8_t { outermost, inside };
  explicit Draft(Place place = Place::outermost) : place_(place) {}

  std::size_t add_input(core::ProgramInput input);
  /// An input of which more is known than it declares.
  std::size_t add_input(core::ProgramInput input, ValueInfo info);
  std::size_t add_constant(core::Tensor value, std::string name);
  /// Adds the node with `outputs` results and returns their numbers. Refuses program_ill_formed for
  /// a wrong operand count, and what ShapeInference refuses.
  core::Result<std::vector<std::size_t>> add_node(DraftNode node, std::size_t outputs);
  /// The same for a node of one result.
  core::Result<std::size_t> add_operation(core::Op op, std::vector<DraftValue> inputs,
                                          std::vector<core::Attribute> attributes = {});
  void name_value(std::size_t value, std::string name) { values_[value].name = std::move(name); }

  [[nodiscard]] const ValueInfo& info(std::size_t value) const { return values_[value].info; }

  struct Output {
    std::string name;
    std::size_t value;
  };
  /// The canonical program; refuses what core::check_program refuses.
  core::Result<core::Program> finish(const std::vector<Output>& outputs) &&;

 private:
  friend class DraftNumbering;
  enum class Kind : std::uint8_t { input, constant, result };
  struct Value {
    Kind kind;
    std::size_t source;  // index of the input, constant or node
    std::string name;
    ValueInfo info;
  };
  struct Step {
    DraftNode node;
    std::size_t first_output;
    std::size_t outputs;
  };

  Place place_;
  std::vector<core::ProgramInput> inputs_;
  std::deque<core::Tensor> constants_;  // a deque: infos hold views of them
  std::vector<Step> steps_;
  std::vector<Value> values_;
  ShapeInference inference_;
};

}  // namespace isotrace::executor
