// What a lowering rule sees of one ONNX node, and what it may do: read operands and attributes, add
// nodes to the draft (internal to the importer). Attribute readers never fail in place: the first
// mistake is kept and emit() refuses with it, as it refuses attributes that no rule asked for. So a
// rule lists what it understands and nothing else gets through.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <isotrace/executor/draft.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/executor/onnx_body.hpp>
#include <isotrace/executor/onnx_proto.hpp>

namespace isotrace::executor {

using Integers = std::vector<std::int64_t>;
/// Draft values of the ONNX node's outputs, in order; fewer if the later ones do not exist here.
using Lowered = core::Result<std::vector<std::size_t>>;

class Lowering {
 public:
  /// `used[i]`: somebody reads output i. Node, draft and bodies must outlive the object.
  Lowering(const onnx::NodeProto& node, std::int64_t opset, Draft& draft, BodySource& bodies,
           std::vector<DraftValue> inputs, std::vector<bool> used);

  [[nodiscard]] std::int64_t opset() const { return opset_; }
  [[nodiscard]] const std::vector<DraftValue>& inputs() const { return inputs_; }
  /// Operand `index`, or nothing if it is left out.
  [[nodiscard]] DraftValue input(std::size_t index) const {
    return index < inputs_.size() ? inputs_[index] : DraftValue();
  }
  [[nodiscard]] std::size_t outputs() const { return used_.size(); }
  [[nodiscard]] bool is_used(std::size_t output) const {
    return output < used_.size() && used_[output];
  }
  /// Outputs up to the last that somebody reads, at least one.
  [[nodiscard]] std::size_t outputs_used() const;
  [[nodiscard]] const Draft& draft() const { return draft_; }
  /// What is known of operand `index`, which must be there (require_inputs).
  [[nodiscard]] const ValueInfo& info(std::size_t index) const;
  /// Rank of an operand, where known.
  [[nodiscard]] std::optional<std::size_t> find_rank(std::size_t index) const;
  /// Refuses program_ill_formed unless the first `count` operands are there and no more than
  /// `most`.
  [[nodiscard]] core::Result<core::Done> require_inputs(std::size_t count, std::size_t most) const;

  [[nodiscard]] bool has(std::string_view attribute) const;
  std::int64_t integer(std::string_view name, std::int64_t otherwise);
  float real(std::string_view name, float otherwise);
  std::string text(std::string_view name, std::string otherwise);
  Integers integers(std::string_view name, Integers otherwise = {});
  std::vector<float> reals(std::string_view name);
  std::vector<std::string> texts(std::string_view name);
  std::optional<core::Tensor> tensor(std::string_view name);
  /// A sparse tensor made dense.
  std::optional<core::Tensor> sparse_tensor(std::string_view name);
  /// A graph attribute, or nullptr.
  const onnx::GraphProto* graph(std::string_view name);
  /// A type attribute, if it is given.
  std::optional<OnnxType> type(std::string_view name);
  BodySource& bodies() { return bodies_; }
  /// Accepts an attribute that does not change the result of inference.
  void ignore(std::string_view name) { asked_.emplace(name); }
  /// Keeps a refusal for emit(), unless there is an earlier one.
  void fail(core::RefusalCode code, std::string where, std::string detail);
  /// Keeps onnx_attribute_unsupported unless `fine`.
  void expect(bool fine, std::string_view attribute, std::string detail);

  std::size_t constant(core::Tensor value) { return draft_.add_constant(std::move(value), {}); }
  std::size_t integer_list(const Integers& values);
  /// Refuses the kept mistake, or an attribute that was never asked for.
  [[nodiscard]] core::Result<core::Done> check_attributes() const;
  /// Adds a node with the given operands; results: the ONNX node's, or one.
  Lowered emit(core::Op op, std::vector<DraftValue> inputs,
               std::vector<core::Attribute> attributes = {}, std::size_t outputs = 1);
  /// The same with the ONNX node's own operands.
  Lowered emit(core::Op op, std::vector<core::Attribute> attributes = {}) {
    return emit(op, inputs_, std::move(attributes));
  }

 private:
  const onnx::AttributeProto* find(std::string_view name, int type);

  const onnx::NodeProto& node_;
  std::int64_t opset_;
  Draft& draft_;
  BodySource& bodies_;
  std::vector<DraftValue> inputs_;
  std::vector<bool> used_;
  std::set<std::string, std::less<>> asked_;
  std::optional<core::Refusal> mistake_;
};

/// Length of the segments in which a contraction adds (docs/numerics.md).
inline constexpr std::int64_t k_segment = 256;

/// A scalar of a floating-point element type, rounded once; nothing for other types.
std::optional<core::Tensor> make_scalar(core::Dtype dtype, double value);
/// The first result of a node, for the next one.
core::Result<DraftValue> first(Lowered results);
/// Whether overflow gives something other than the greatest value, unless it saturates.
bool is_float8(core::Dtype dtype);
/// Cast of a value. `saturate` is written where it says something: for 8-bit floats.
Lowered emit_cast(Lowering& node, DraftValue value, core::Dtype to, bool saturate = true);

using LoweringRule = Lowered (*)(Lowering&);

struct LoweringRow {
  std::string_view operation;
  std::int64_t since;  ///< first operator set whose form the rule reads
  LoweringRule rule;
  std::int64_t last = onnx_opset_max;  ///< the last one
};

/// Rows of each family (onnx_lower_*.cpp).
std::span<const LoweringRow> elementwise_lowerings();
std::span<const LoweringRow> window_lowerings();
std::span<const LoweringRow> movement_lowerings();
std::span<const LoweringRow> normalise_lowerings();
std::span<const LoweringRow> recurrent_lowerings();
std::span<const LoweringRow> vision_lowerings();
std::span<const LoweringRow> logic_lowerings();
std::span<const LoweringRow> select_lowerings();
std::span<const LoweringRow> sequence_lowerings();
std::span<const LoweringRow> control_lowerings();
std::span<const LoweringRow> scan_lowerings();
std::span<const LoweringRow> quantise_lowerings();
std::span<const LoweringRow> signal_lowerings();
std::span<const LoweringRow> attention_lowerings();
std::span<const LoweringRow> rotary_lowerings();

/// Of the domain ai.onnx.ml, whose operator sets are counted apart.
std::span<const LoweringRow> ml_lowerings();
std::span<const LoweringRow> tree_lowerings();
inline constexpr std::string_view ml_domain = "ai.onnx.ml";
inline constexpr std::int64_t ml_opset_max = 5;

/// The rule for an operation; refuses onnx_operation_unsupported.
core::Result<LoweringRule> find_lowering(std::string_view operation, std::int64_t opset);
/// The same for one of ai.onnx.ml, whose attributes tell its forms apart.
core::Result<LoweringRule> find_ml_lowering(std::string_view operation);

}  // namespace isotrace::executor
