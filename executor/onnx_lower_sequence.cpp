// Lowering of sequences and optionals.
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Dtype;
using core::Op;
using core::RefusalCode;

std::int64_t number_of(Dtype dtype) { return static_cast<std::int64_t>(dtype); }

template <Op op>
Lowered plain(Lowering& node) {
  return node.emit(op);
}

Lowered sequence_empty(Lowering& node) {
  const std::int64_t number = node.integer("dtype", onnx::TensorProto::FLOAT);
  ISOTRACE_TRY(const Dtype dtype, find_onnx_dtype(number));
  return node.emit(Op::sequence_empty, {{"dtype", number_of(dtype)}});
}

Lowered split_to_sequence(Lowering& node) {
  return node.emit(Op::split_to_sequence,
                   {{"axis", node.integer("axis", 0)},
                    {"keepdims", std::int64_t{node.integer("keepdims", 1) != 0}}});
}

Lowered concat_from_sequence(Lowering& node) {
  if (!node.has("axis")) node.fail(RefusalCode::onnx_malformed, "attribute axis", "is missing");
  return node.emit(Op::concat_from_sequence,
                   {{"axis", node.integer("axis", 0)},
                    {"new_axis", std::int64_t{node.integer("new_axis", 0) != 0}}});
}

/// The type attribute names what an optional without a value would hold.
Lowered optional(Lowering& node) {
  ISOTRACE_TRY_DONE(node.require_inputs(0, 1));
  const std::optional<OnnxType> type = node.type("type");
  if (!node.input(0) && !type) {
    node.fail(RefusalCode::onnx_malformed, "attribute type", "is missing");
  }
  ISOTRACE_TRY_DONE(node.check_attributes());
  const Dtype held = node.input(0) ? node.info(0).dtype : type->dtype;
  if (core::is_optional(held)) {
    return core::refuse(RefusalCode::onnx_dtype_unsupported, "",
                        "an optional of " + std::string(core::dtype_name(held)));
  }
  return node.emit(Op::optional, {{"dtype", number_of(core::optional_of(held))}});
}

constexpr LoweringRow rows[] = {
    {"SequenceConstruct", 11, plain<Op::sequence_construct>},
    {"SequenceEmpty", 11, sequence_empty},
    {"SequenceAt", 11, plain<Op::sequence_at>},
    {"SequenceInsert", 11, plain<Op::sequence_insert>},
    {"SequenceErase", 11, plain<Op::sequence_erase>},
    {"SequenceLength", 11, plain<Op::sequence_length>},
    {"SplitToSequence", 11, split_to_sequence},
    {"ConcatFromSequence", 11, concat_from_sequence},
    {"Optional", 15, optional},
    {"OptionalGetElement", 15, plain<Op::optional_get_element>},
    {"OptionalHasElement", 15, plain<Op::optional_has_element>},
};

}  // namespace

std::span<const LoweringRow> sequence_lowerings() { return rows; }

}  // namespace isotrace::executor
