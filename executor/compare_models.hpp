// Runs two models on the same inputs and compares their values by name: before and after an
// optimiser, a converter, a quantiser. Steps need not correspond; names of ONNX values survive.
#pragma once

#include <isotrace/executor/execute.hpp>

namespace isotrace::executor {

/// Where a value comes from.
struct ValueOrigin {
  enum class Kind : std::uint8_t { step, constant, input };
  Kind kind = Kind::step;
  std::uint64_t step = 0;  ///< of kind step: which
  std::size_t output = 0;  ///< and which of its outputs
  std::string operation;   ///< ONNX name; empty for other kinds
  std::string node;        ///< its display name
};

/// A value of the same name in both models, or an output of one of them.
struct ComparedValue {
  std::string name;
  std::optional<trace::TensorRecord> a;  ///< absent: the model has no such output
  std::optional<trace::TensorRecord> b;
  ValueOrigin a_origin;
  ValueOrigin b_origin;

  [[nodiscard]] bool identical() const { return a == b; }
};

/// An operand of the step that made the first differing value.
struct ComparedOperand {
  std::string name;
  std::optional<bool> identical;  ///< nothing: the other model has no value of this name
};

struct ModelComparison {
  /// In the order of the first model, then those that only the second one has.
  std::vector<ComparedValue> outputs;
  std::uint64_t values = 0;  ///< values with one name in both models, made by a step in the first
  std::uint64_t differing = 0;            ///< of these
  std::optional<ComparedValue> first;     ///< of these, in the order of the first model's steps
  std::vector<ComparedOperand> operands;  ///< of `first`, in the first model

  [[nodiscard]] bool identical() const;  ///< the outputs have the same names, types and bits
};

/// Both models get the same inputs. Values inside control flow have no names of their own and are
/// left out. Refuses what execute() refuses; `where` says which model.
core::Result<ModelComparison> compare_models(const core::Program& a, const core::Program& b,
                                             std::span<const NamedTensor> inputs,
                                             backends::Backend& backend,
                                             const ExecuteLimits& limits = {});

}  // namespace isotrace::executor
