// What holds for every operation: arity and attributes are checked, no operand makes it crash, and
// a second evaluation gives the same bits.
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

std::vector<std::optional<Tensor>> operands_for(const core::OpInfo& info, const Tensor& tensor) {
  return std::vector<std::optional<Tensor>>(std::max<std::size_t>(info.inputs_min, 1), tensor);
}

TEST(Evaluate, refuses_too_few_and_too_many_operands) {
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.inputs_min != 0) {
      expect_refused(call(info.op, {}), RefusalCode::program_ill_formed, std::string(info.name));
    }
    if (info.inputs_max == core::any_number) continue;
    const std::vector<std::optional<Tensor>> many(info.inputs_max + 1, f32({1}));
    expect_refused(call(info.op, many), RefusalCode::program_ill_formed, std::string(info.name));
  }
}

TEST(Evaluate, refuses_required_operands_left_out) {
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.inputs_min == 0) continue;
    const std::vector<std::optional<Tensor>> none(info.inputs_min);
    expect_refused(call(info.op, none), RefusalCode::program_ill_formed, std::string(info.name));
  }
}

TEST(Evaluate, refuses_a_wrong_number_of_results) {
  for (const core::OpInfo& info : core::all_ops()) {
    expect_refused(call(info.op, operands_for(info, f32({1})), {}, 0),
                   RefusalCode::program_ill_formed, std::string(info.name));
  }
}

TEST(Evaluate, refuses_attributes_missing_or_of_another_kind) {
  for (const core::OpInfo& info : core::all_ops()) {
    core::Node node = make_node(info.op);
    if (node.attributes.empty()) continue;
    const auto operands = operands_for(info, f32({1}));
    core::Node other = node;
    node.attributes.pop_back();
    expect_refused(call(node, operands), RefusalCode::program_ill_formed, std::string(info.name));
    const bool text = std::holds_alternative<std::string>(other.attributes.back().value);
    other.attributes.back().value =
        text ? core::AttributeValue(1.0F) : core::AttributeValue(std::string("x"));
    expect_refused(call(other, operands), RefusalCode::program_ill_formed, std::string(info.name));
    other.attributes.back() = other.attributes.front();
    if (node.attributes.empty()) continue;
    expect_refused(call(other, operands), RefusalCode::program_ill_formed, std::string(info.name));
  }
}

/// A small tensor of any type and shape, zero sizes and scalars included.
Tensor random_tensor(core::PhiloxStream& random) {
  Shape shape(random.next_below(5));
  for (auto& dim : shape) dim = static_cast<std::int64_t>(random.next_below(4));
  const bool list = random.next_below(3) == 0;
  if (list) shape = {static_cast<std::int64_t>(random.next_below(4))};
  const auto dtype = list ? core::Dtype::i64
                          : *core::dtype_from_number(static_cast<std::uint8_t>(
                                random.next_below(2) == 0 ? 1 : 1 + random.next_below(22)));
  Tensor tensor(dtype, shape);
  for (auto& byte : tensor.mutable_bytes()) {
    byte = static_cast<std::uint8_t>(random.next_below(dtype == core::Dtype::boolean ? 2 : 256));
    if (dtype == core::Dtype::i4) byte = static_cast<std::uint8_t>(byte % 16 - 8);
    if (dtype == core::Dtype::u4 || dtype == core::Dtype::f4e2m1) byte %= 16;
    if (dtype == core::Dtype::i2) byte = static_cast<std::uint8_t>(byte % 4 - 2);
    if (dtype == core::Dtype::u2) byte %= 4;
  }
  // Small or far over every limit: a number in between would only cost gigabytes.
  if (dtype == core::Dtype::i32) {
    for (auto& value : tensor.data<std::int32_t>()) {
      value = static_cast<std::int32_t>(random.next_below(9)) - 4;
    }
  }
  if (dtype == core::Dtype::i64) {
    for (auto& value : tensor.data<std::int64_t>()) {
      value = random.next_below(20) == 0 ? static_cast<std::int64_t>(random.next_u64())
                                         : static_cast<std::int64_t>(random.next_below(7)) - 3;
    }
  }
  return tensor;
}

std::int64_t random_integer(core::PhiloxStream& random) {
  switch (random.next_below(12)) {
    case 0: return std::numeric_limits<std::int64_t>::min();
    case 1: return std::numeric_limits<std::int64_t>::max();
    case 2: return static_cast<std::int64_t>(random.next_u64());
    case 3: return std::int64_t{1} << 18;  // large, but not gigabytes of padding
    default: return static_cast<std::int64_t>(random.next_below(7)) - 2;
  }
}

void randomise(core::AttributeValue& value, core::PhiloxStream& random) {
  if (random.next_below(2) == 0) return;
  if (auto* integer = std::get_if<std::int64_t>(&value)) *integer = random_integer(random);
  if (auto* real = std::get_if<float>(&value)) *real = std::bit_cast<float>(random.next_u32());
  if (auto* integers = std::get_if<Ints>(&value)) {
    integers->resize(random.next_below(5));
    for (auto& v : *integers) v = random_integer(random);
  }
  if (auto* text = std::get_if<std::string>(&value)) {
    const char* const choices[] = {"NOTSET",  "VALID", "SAME_UPPER", "SAME_LOWER",
                                   "reflect", "wrap",  "edge",       ""};
    *text = choices[random.next_below(8)];
  }
}

TEST(Evaluate, survives_random_operands_and_attributes_and_repeats_itself) {
  core::PhiloxStream random(60);
  std::size_t answered = 0;
  for (int round = 0; round < 400; ++round) {
    for (const core::OpInfo& info : core::all_ops()) {
      core::Node node = make_node(info.op);
      for (Attribute& attribute : node.attributes) randomise(attribute.value, random);
      const std::size_t most = std::min<std::size_t>(info.inputs_max, 5);
      const std::size_t count =
          info.inputs_min + random.next_below(most - std::min(most, info.inputs_min) + 1);
      std::vector<std::optional<Tensor>> operands;
      for (std::size_t i = 0; i < count; ++i) {
        const bool same = i > 0 && random.next_below(2) == 0;
        operands.push_back(same ? operands[0] : random_tensor(random));
      }
      const auto first = call(node, operands);
      const auto second = call(node, operands);
      ASSERT_EQ(first.has_value(), second.has_value()) << info.name;
      if (!first) {
        EXPECT_EQ(first.error().code, second.error().code);
        EXPECT_TRUE(first.error().where.starts_with(info.name)) << first.error().where;
        continue;
      }
      ++answered;
      expect_results(second, *first);
    }
  }
  EXPECT_GT(answered, 1000U);
}

}  // namespace
}  // namespace isotrace::reference
