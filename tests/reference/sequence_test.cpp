// Sequences and optionals: what each operation gives, bit for bit, and what it refuses.
#include <isotrace/reference/packed.hpp>
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

using core::Dtype;

Tensor sequence(const std::vector<Tensor>& tensors, Dtype dtype = Dtype::f32) {
  core::Packed value;
  for (const Tensor& tensor : tensors) value.tensors.push_back(packed_tensor(tensor));
  return *write_packed(core::sequence_of(dtype), value);
}

Tensor some(const Tensor& value) {
  const core::Packed packed{true, core::is_structured(value.dtype())
                                      ? *read_sequence(value)
                                      : std::vector{packed_tensor(value)}};
  return *write_packed(core::optional_of(value.dtype()), packed);
}

Tensor none(Dtype dtype) { return *write_packed(core::optional_of(dtype), {false, {}}); }

Attribute number(const char* name, std::int64_t value) { return {name, value}; }
Attribute type(Dtype dtype) { return number("dtype", static_cast<std::int64_t>(dtype)); }

const Tensor a = f32({2}, {1, 2});
const Tensor b = f32({1, 2}, {3, -0.0F});  // another shape
const Tensor c = f32({}, {quiet_nan()});

TEST(Sequence, a_packing_is_its_count_and_each_tensor_with_its_shape) {
  core::ByteWriter bytes;
  bytes.u64(2).u8(1).i64(2).f32(1).f32(2).u8(0).raw(c.bytes());
  const Tensor packed = sequence({a, c});
  EXPECT_TRUE(std::equal(packed.bytes().begin(), packed.bytes().end(), bytes.bytes().begin(),
                         bytes.bytes().end()));
  EXPECT_TRUE(Tensor::from_bytes(packed.dtype(), packed.shape(), packed.bytes()).has_value());
}

// [sequence.construct] [sequence.empty]
TEST(Sequence, is_constructed_of_tensors_of_any_shapes_and_one_type) {
  expect_result(call(Op::sequence_construct, {a, b, c}), sequence({a, b, c}));
  expect_result(call(Op::sequence_empty, {}, {type(Dtype::i64)}), sequence({}, Dtype::i64));
  expect_refused(call(Op::sequence_construct, {a, i64({1})}),
                 RefusalCode::operation_dtype_unsupported, "SequenceConstruct");
  expect_refused(call(Op::sequence_construct, {sequence({a})}),
                 RefusalCode::operation_dtype_unsupported, "SequenceConstruct");
  expect_refused(call(Op::sequence_empty, {}, {number("dtype", 65)}),
                 RefusalCode::operation_attribute_invalid, "SequenceEmpty");
}

// [sequence.at] [sequence.length]
TEST(Sequence, gives_its_tensors_by_position_from_either_end) {
  const Tensor s = sequence({a, b, c});
  expect_result(call(Op::sequence_at, {s, i64({}, {0})}), a);
  expect_result(call(Op::sequence_at, {s, i64({}, {-2})}), b);
  expect_result(call(Op::sequence_at, {s, i32({2})}), c);
  expect_result(call(Op::sequence_length, {s}), i64({}, {3}));
  expect_result(call(Op::sequence_length, {sequence({})}), i64({}, {0}));
  for (const std::int64_t outside : {3, -4}) {
    expect_refused(call(Op::sequence_at, {s, i64({}, {outside})}),
                   RefusalCode::operand_value_invalid, "SequenceAt");
  }
  expect_refused(call(Op::sequence_at, {s, i64({0, 1})}), RefusalCode::shape_mismatch,
                 "SequenceAt");
  expect_refused(call(Op::sequence_at, {a, i64({}, {0})}), RefusalCode::operation_dtype_unsupported,
                 "SequenceAt");
}

// [sequence.insert] [sequence.erase]
TEST(Sequence, grows_and_shrinks_at_any_place) {
  const Tensor s = sequence({a, b});
  expect_result(call(Op::sequence_insert, {s, c}), sequence({a, b, c}));
  expect_result(call(Op::sequence_insert, {s, c, i64({}, {0})}), sequence({c, a, b}));
  expect_result(call(Op::sequence_insert, {s, c, i64({}, {2})}), sequence({a, b, c}));
  expect_result(call(Op::sequence_insert, {s, c, i64({}, {-1})}), sequence({a, c, b}));
  expect_result(call(Op::sequence_insert, {s, c, i64({}, {-2})}), sequence({c, a, b}));
  expect_result(call(Op::sequence_insert, {sequence({}), c}), sequence({c}));
  expect_result(call(Op::sequence_erase, {s}), sequence({a}));
  expect_result(call(Op::sequence_erase, {s, i64({}, {0})}), sequence({b}));
  expect_result(call(Op::sequence_erase, {s, i64({}, {-2})}), sequence({b}));
  for (const std::int64_t outside : {3, -3}) {
    expect_refused(call(Op::sequence_insert, {s, c, i64({}, {outside})}),
                   RefusalCode::operand_value_invalid, "SequenceInsert");
  }
  expect_refused(call(Op::sequence_insert, {s, i64({1})}), RefusalCode::operation_dtype_unsupported,
                 "SequenceInsert");
  expect_refused(call(Op::sequence_erase, {s, i64({}, {2})}), RefusalCode::operand_value_invalid,
                 "SequenceErase");
  expect_refused(call(Op::sequence_erase, {sequence({})}), RefusalCode::operand_value_invalid,
                 "SequenceErase");
}

// [sequence.split]
TEST(Sequence, is_split_off_a_tensor) {
  const Tensor x = f32({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto column = [](float top, float bottom) { return f32({2, 1}, {top, bottom}); };
  const auto split = [&](std::optional<Tensor> sizes, std::int64_t axis, std::int64_t keepdims) {
    return call(Op::split_to_sequence, {x, std::move(sizes)},
                {number("axis", axis), number("keepdims", keepdims)});
  };
  expect_result(split({}, 1, 1), sequence({column(1, 4), column(2, 5), column(3, 6)}));
  expect_result(split({}, -1, 0), sequence({f32({1, 4}), f32({2, 5}), f32({3, 6})}));
  const Tensor wide = f32({2, 2}, {1, 2, 4, 5});
  expect_result(split(i64({}, {2}), 1, 0), sequence({wide, column(3, 6)}));  // keeps its axes
  expect_result(split(i64({2, 1}), 1, 1), sequence({wide, column(3, 6)}));
  expect_result(split(i64({3, 0}), 1, 1), sequence({x, f32({2, 0}, {})}));
  expect_refused(split(i64({2, 2}), 1, 1), RefusalCode::operand_value_invalid, "SplitToSequence");
  expect_refused(split(i64({}, {0}), 1, 1), RefusalCode::operand_value_invalid, "SplitToSequence");
  expect_refused(split({}, 2, 1), RefusalCode::operation_attribute_invalid, "SplitToSequence");
  expect_result(
      call(Op::split_to_sequence, {f32({0, 2}, {})}, {number("axis", 0), number("keepdims", 1)}),
      sequence({}));
}

// [sequence.concat]
TEST(Sequence, is_joined_to_a_tensor) {
  const auto join = [](const Tensor& s, std::int64_t axis, std::int64_t new_axis) {
    return call(Op::concat_from_sequence, {s},
                {number("axis", axis), number("new_axis", new_axis)});
  };
  const Tensor s = sequence({f32({1, 2}), f32({3, 4})});
  expect_result(join(s, 0, 0), f32({1, 2, 3, 4}));
  expect_result(join(s, 0, 1), f32({2, 2}, {1, 2, 3, 4}));
  expect_result(join(s, 1, 1), f32({2, 2}, {1, 3, 2, 4}));
  expect_result(join(s, -1, 1), f32({2, 2}, {1, 3, 2, 4}));
  expect_result(join(sequence({f32({1}), f32({2, 3})}), 0, 0), f32({1, 2, 3}));
  expect_refused(join(sequence({f32({1}), f32({2, 3})}), 0, 1), RefusalCode::shape_mismatch,
                 "ConcatFromSequence");
  expect_refused(join(sequence({a, b}), 0, 1), RefusalCode::shape_mismatch, "ConcatFromSequence");
  expect_refused(join(s, 1, 0), RefusalCode::operation_attribute_invalid, "ConcatFromSequence");
  expect_refused(join(sequence({}), 0, 0), RefusalCode::operand_value_invalid,
                 "ConcatFromSequence");
}

// [sequence.optional] [sequence.optional_get_element] [sequence.optional_has_element]
TEST(Optional, holds_a_tensor_or_a_sequence_or_nothing) {
  const Tensor s = sequence({a, c});
  const Dtype of_tensor = core::optional_of(Dtype::f32);
  expect_result(call(Op::optional, {a}, {type(of_tensor)}), some(a));
  expect_result(call(Op::optional, {s}, {type(core::optional_of(s.dtype()))}), some(s));
  expect_result(call(Op::optional, {}, {type(of_tensor)}), none(Dtype::f32));
  expect_refused(call(Op::optional, {s}, {type(of_tensor)}),
                 RefusalCode::operation_dtype_unsupported, "Optional");
  expect_refused(call(Op::optional, {some(a)}, {type(of_tensor)}),
                 RefusalCode::operation_dtype_unsupported, "Optional");
  expect_refused(call(Op::optional, {a}, {type(Dtype::f32)}),
                 RefusalCode::operation_attribute_invalid, "Optional");

  expect_result(call(Op::optional_get_element, {some(b)}), b);
  expect_result(call(Op::optional_get_element, {some(s)}), s);
  expect_result(call(Op::optional_get_element, {c}), c);
  expect_result(call(Op::optional_get_element, {s}), s);
  expect_refused(call(Op::optional_get_element, {none(Dtype::f32)}),
                 RefusalCode::operand_value_invalid, "OptionalGetElement");

  const auto has = [](std::vector<std::optional<Tensor>> operands) {
    return (*call(Op::optional_has_element, std::move(operands)))[0].bytes()[0] != 0;
  };
  EXPECT_TRUE(has({some(a)}) && has({some(s)}) && has({a}) && has({s}));
  EXPECT_FALSE(has({none(Dtype::f32)}) || has({none(s.dtype())}) || has({}));
}

TEST(Sequence, is_copied_by_identity_and_refused_by_operations_on_tensors) {
  expect_result(call(Op::identity, {sequence({a, b})}), sequence({a, b}));
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.control || takes_packed(info.op) || info.inputs_min == 0) continue;
    const std::vector<std::optional<Tensor>> operands(info.inputs_min, sequence({a}));
    expect_refused(call(info.op, operands, {}, info.outputs_min),
                   RefusalCode::operation_dtype_unsupported, std::string(info.name));
  }
}

TEST(Evaluate, leaves_control_flow_to_the_executor) {
  core::Program inside;
  inside.constants = {a};
  inside.outputs = {{"0", 0}};
  const auto program = core::SubProgram::make(std::move(inside));
  expect_refused(
      call(Op::branch, {booleans({1})}, {{"else_branch", *program}, {"then_branch", *program}}),
      RefusalCode::backend_operation_unsupported, "If");
}

}  // namespace
}  // namespace isotrace::reference
