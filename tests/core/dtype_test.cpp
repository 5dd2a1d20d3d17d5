#include <gtest/gtest.h>

#include <isotrace/core/dtype.hpp>
#include <isotrace/core/op.hpp>

namespace isotrace::core {
namespace {

TEST(Dtype, numbers_1_to_22_have_names_sizes_and_kinds) {
  for (std::uint8_t number = 1; number <= 22; ++number) {
    const auto dtype = dtype_from_number(number);
    ASSERT_TRUE(dtype.has_value());
    EXPECT_EQ(static_cast<std::uint8_t>(*dtype), number);
    EXPECT_EQ(find_dtype(dtype_name(*dtype)), dtype);
    EXPECT_EQ(is_float(*dtype) + is_integer(*dtype), *dtype == Dtype::boolean ? 0 : 1);
  }
  EXPECT_FALSE(dtype_from_number(0).has_value());
  EXPECT_FALSE(dtype_from_number(23).has_value());
  EXPECT_FALSE(dtype_from_number(255).has_value());
  EXPECT_FALSE(find_dtype("float").has_value());
}

TEST(Dtype, floats_are_the_nine_with_a_fraction) {
  std::string floats;
  for (std::uint8_t number = 1; const auto dtype = dtype_from_number(number); ++number) {
    if (is_float(*dtype)) floats += std::string(dtype_name(*dtype)) + " ";
  }
  EXPECT_EQ(floats, "f32 f64 f16 bf16 f8e4m3fn f8e4m3fnuz f8e5m2 f8e5m2fnuz f4e2m1 ");
}

template <class T>
void expect_row(Dtype dtype, std::string_view name) {
  EXPECT_EQ(dtype_of<T>, dtype);
  EXPECT_EQ(dtype_bytes(dtype), sizeof(T));
  EXPECT_EQ(dtype_name(dtype), name);
}

TEST(Dtype, types_of_c_have_the_size_of_their_row) {
  expect_row<float>(Dtype::f32, "f32");
  expect_row<double>(Dtype::f64, "f64");
  expect_row<Half>(Dtype::f16, "f16");
  expect_row<BFloat16>(Dtype::bf16, "bf16");
  expect_row<std::int8_t>(Dtype::i8, "i8");
  expect_row<std::uint8_t>(Dtype::u8, "u8");
  expect_row<std::int16_t>(Dtype::i16, "i16");
  expect_row<std::uint16_t>(Dtype::u16, "u16");
  expect_row<std::int32_t>(Dtype::i32, "i32");
  expect_row<std::uint32_t>(Dtype::u32, "u32");
  expect_row<std::int64_t>(Dtype::i64, "i64");
  expect_row<std::uint64_t>(Dtype::u64, "u64");
  expect_row<Bool8>(Dtype::boolean, "bool");
  expect_row<Float8<Dtype::f8e4m3fn>>(Dtype::f8e4m3fn, "f8e4m3fn");
  expect_row<Float8<Dtype::f8e4m3fnuz>>(Dtype::f8e4m3fnuz, "f8e4m3fnuz");
  expect_row<Float8<Dtype::f8e5m2>>(Dtype::f8e5m2, "f8e5m2");
  expect_row<Float8<Dtype::f8e5m2fnuz>>(Dtype::f8e5m2fnuz, "f8e5m2fnuz");
  expect_row<Int4>(Dtype::i4, "i4");
  expect_row<UInt4>(Dtype::u4, "u4");
  expect_row<Int2>(Dtype::i2, "i2");
  expect_row<UInt2>(Dtype::u2, "u2");
  expect_row<Float8<Dtype::f4e2m1>>(Dtype::f4e2m1, "f4e2m1");
}

TEST(Dtype, sequences_and_optionals_are_numbered_after_what_they_hold) {
  for (std::uint8_t number = 1; number <= 13; ++number) {
    const Dtype tensor = *dtype_from_number(number);
    const Dtype sequence = sequence_of(tensor);
    EXPECT_EQ(static_cast<int>(sequence), 64 + number);
    EXPECT_EQ(static_cast<int>(optional_of(tensor)), 128 + number);
    EXPECT_EQ(static_cast<int>(optional_of(sequence)), 192 + number);
    for (const Dtype dtype : {sequence, optional_of(tensor), optional_of(sequence)}) {
      EXPECT_EQ(dtype_from_number(static_cast<std::uint8_t>(dtype)), dtype);
      EXPECT_TRUE(is_structured(dtype) && !is_float(dtype) && !is_integer(dtype));
      EXPECT_EQ(element_of(dtype), tensor);
      EXPECT_EQ(dtype_bytes(dtype), 1U);
    }
    EXPECT_FALSE(is_structured(tensor));
    EXPECT_TRUE(holds_sequence(sequence) && !is_optional(sequence));
    EXPECT_TRUE(holds_sequence(optional_of(sequence)) && is_optional(optional_of(sequence)));
    EXPECT_TRUE(!holds_sequence(optional_of(tensor)) && is_optional(optional_of(tensor)));
  }
  EXPECT_EQ(dtype_name(sequence_of(Dtype::f32)), "seq(f32)");
  EXPECT_EQ(dtype_name(optional_of(Dtype::boolean)), "optional(bool)");
  EXPECT_EQ(dtype_name(optional_of(sequence_of(Dtype::i64))), "optional(seq(i64))");
  EXPECT_FALSE(dtype_from_number(64).has_value());
  EXPECT_FALSE(dtype_from_number(128).has_value());
}

TEST(Op, rows_are_found_by_name_and_number_and_are_well_formed) {
  for (const OpInfo& info : all_ops()) {
    EXPECT_EQ(find_op(info.name), info.op);
    EXPECT_EQ(op_from_number(static_cast<std::uint16_t>(info.op)), info.op);
    EXPECT_EQ(op_info(info.op).label, info.label);
    EXPECT_LE(info.inputs_min, info.inputs_max);
    EXPECT_LE(info.outputs_min, info.outputs_max);
  }
  EXPECT_FALSE(find_op("add").has_value());
  EXPECT_FALSE(op_from_number(0).has_value());
  EXPECT_FALSE(op_from_number(65535).has_value());
}

TEST(Op, attribute_names_are_sorted_and_have_a_kind) {
  for (const OpInfo& info : all_ops()) {
    std::string_view rest = info.attributes;
    std::string_view previous;
    while (!rest.empty()) {
      const std::string_view field = rest.substr(0, rest.find(' '));
      const std::string_view name = field.substr(0, field.find(':'));
      EXPECT_LT(previous, name) << info.name;
      EXPECT_EQ(attribute_kind(info.op, name), field.back()) << info.name;
      EXPECT_NE(std::string_view("ifsIFP").find(field.back()), std::string_view::npos) << info.name;
      previous = name;
      rest.remove_prefix(std::min(rest.size(), field.size() + 1));
    }
  }
  EXPECT_EQ(attribute_kind(Op::conv, "pads"), 'I');
  EXPECT_FALSE(attribute_kind(Op::conv, "pad").has_value());
  EXPECT_FALSE(attribute_kind(Op::add, "").has_value());
}

}  // namespace
}  // namespace isotrace::core
