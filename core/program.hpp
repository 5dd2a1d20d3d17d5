// Program: a tensor graph in the one form that everything downstream reads - typed operations in
// topological order, constants, named inputs and outputs. Its digest covers a canonical
// serialisation in which constants stand by content digest and intermediate names do not stand at
// all, so the same graph from another file has the same digest.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <isotrace/core/op.hpp>
#include <isotrace/core/tensor.hpp>

namespace isotrace::core {

/// The numeric semantics that programs are given here (docs/numerics.md).
inline constexpr std::string_view semantics_id = "isonum-1";

/// Values are numbered: graph inputs first, then constants, then node outputs in node order.
using ValueId = std::uint32_t;
/// Stands for an optional operand that is left out.
inline constexpr ValueId no_value = 0xFFFFFFFF;

struct Program;

/// A program that a node executes: it sees its inputs and nothing else. Checked, immutable, cheap
/// to copy; its digest stands for it in the program around it.
class SubProgram {
 public:
  /// Refuses what check_program refuses.
  static Result<SubProgram> make(Program program);
  [[nodiscard]] const Program& program() const;
  [[nodiscard]] const Digest& digest() const;

 private:
  struct Held;
  explicit SubProgram(std::shared_ptr<const Held> held) : held_(std::move(held)) {}
  std::shared_ptr<const Held> held_;
};

using AttributeValue = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>,
                                    std::vector<float>, SubProgram>;
/// Kind letters of the alternatives.
inline constexpr std::string_view attribute_kinds = "ifsIFP";

struct Attribute {
  std::string name;
  AttributeValue value;
};

struct Node {
  Op op;
  std::vector<ValueId> inputs;   ///< no_value for operands left out
  std::vector<ValueId> outputs;  ///< consecutive numbers; no_value for results nobody asked for
  std::vector<Attribute> attributes;  ///< exactly the operation's, sorted by name
  std::string name;                   ///< for display only, not part of the digest

  /// The attribute; its presence and kind are guaranteed by check_program.
  [[nodiscard]] std::int64_t integer(std::string_view attribute) const;
  [[nodiscard]] float real(std::string_view attribute) const;
  [[nodiscard]] const std::string& text(std::string_view attribute) const;
  [[nodiscard]] const std::vector<std::int64_t>& integers(std::string_view attribute) const;
  [[nodiscard]] const std::vector<float>& reals(std::string_view attribute) const;
  [[nodiscard]] const SubProgram& program(std::string_view attribute) const;
};

/// Stands for the shape of an input that may have any rank.
inline const Shape any_rank = {-2};

struct ProgramInput {
  std::string name;
  Dtype dtype;
  Shape shape;  ///< -1: any size; or any_rank
};

struct ProgramOutput {
  std::string name;
  ValueId value;
};

struct Program {
  std::vector<ProgramInput> inputs;  ///< value i is input i
  std::vector<Tensor> constants;     ///< value inputs.size() + i is constant i
  std::vector<Node> nodes;
  std::vector<ProgramOutput> outputs;
  std::vector<std::string> value_names;  ///< by value, for display only; may be empty

  [[nodiscard]] ValueId constant_id(std::size_t index) const {
    return static_cast<ValueId>(inputs.size() + index);
  }
  /// The constant that a value is, or nullptr.
  [[nodiscard]] const Tensor* find_constant(ValueId value) const;
  [[nodiscard]] std::size_t value_count() const;
  /// Display name of a value: its own, or "%7".
  [[nodiscard]] std::string value_name(ValueId value) const;
};

/// Refuses (program_ill_formed, limit_exceeded) graphs that break a rule stated above.
Result<Done> check_program(const Program& program);

/// SHA-256 of the canonical graph bytes ("isotrace.program.v1", docs/formats/program.md).
Digest program_digest(const Program& program);
/// That digest and tensor_digest of every constant, which it rests on: for who needs both, or
/// needs them often, since all constants are read to find them.
struct ProgramIdentity {
  Digest digest;
  std::vector<Digest> constants;
};
ProgramIdentity identify_program(const Program& program);
/// SHA-256 over an attribute list in canonical bytes; stands in step records.
Digest attribute_digest(const Node& node);

/// The whole program as bytes (canonical graph, constants, display names) and back. Parsing
/// recomputes every constant's digest and checks the program.
Bytes write_program(const Program& program);
Result<Program> parse_program(ByteView bytes);

}  // namespace isotrace::core
