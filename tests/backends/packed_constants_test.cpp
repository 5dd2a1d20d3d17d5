// Constants that a backend keeps packed: who is held, what is forgotten when, and that no bit
// depends on it.
#include <gtest/gtest.h>

#include <cstring>

#include <isotrace/backends/backend.hpp>
#include <isotrace/backends/cpu/isa.hpp>
#include <isotrace/backends/cpu/packed_constants.hpp>
#include <isotrace/backends/cpu/packed_matrix.hpp>
#include <isotrace/core/float_environment.hpp>
#include <isotrace/reference/evaluate.hpp>
#include <tests/backends/values.hpp>

namespace isotrace::backends {
namespace {

using core::ByteView;
using core::Op;
using core::Tensor;
using cpu::PackedConstants;
using cpu::PackedForm;
using cpu::PackedKey;

PackedKey key_of(const std::vector<std::uint8_t>& bytes, std::size_t from, std::size_t count) {
  return {bytes.data() + from, count, PackedForm::i8_panels, 1, 1, 1, 1, 1};
}

bool fill_nothing(std::byte*) { return true; }

TEST(PackedConstants, only_what_lies_inside_a_held_constant_is_packed) {
  const std::vector<std::uint8_t> bytes(100);
  PackedConstants constants;
  EXPECT_EQ(constants.find(key_of(bytes, 0, 100), 64, fill_nothing), nullptr);
  constants.hold(ByteView(bytes).subspan(10, 50));
  EXPECT_NE(constants.find(key_of(bytes, 10, 50), 64, fill_nothing), nullptr);
  EXPECT_NE(constants.find(key_of(bytes, 30, 30), 64, fill_nothing), nullptr);
  EXPECT_EQ(constants.find(key_of(bytes, 30, 31), 64, fill_nothing), nullptr);
  EXPECT_EQ(constants.find(key_of(bytes, 9, 10), 64, fill_nothing), nullptr);
  EXPECT_EQ(constants.find(key_of(bytes, 60, 1), 64, fill_nothing), nullptr);
  constants.release(ByteView(bytes).subspan(10, 50));
}

TEST(PackedConstants, a_form_is_made_once_and_lasts_as_long_as_the_last_hold) {
  const std::vector<std::uint8_t> bytes(100);
  PackedConstants constants;
  int fills = 0;
  const auto fill = [&](std::byte*) { return ++fills != 0; };
  constants.hold(ByteView(bytes));
  constants.hold(ByteView(bytes));
  const auto* first = constants.find(key_of(bytes, 0, 100), 64, fill);
  EXPECT_EQ(constants.find(key_of(bytes, 0, 100), 64, fill), first);
  EXPECT_EQ(fills, 1);
  EXPECT_EQ(constants.bytes(), 64U);
  constants.release(ByteView(bytes));
  EXPECT_EQ(constants.find(key_of(bytes, 0, 100), 64, fill), first);
  constants.release(ByteView(bytes));
  EXPECT_EQ(constants.bytes(), 0U);
  EXPECT_EQ(constants.find(key_of(bytes, 0, 100), 64, fill), nullptr);
}

TEST(PackedConstants, releasing_one_constant_keeps_the_forms_of_its_neighbours) {
  const std::vector<std::uint8_t> bytes(90);
  PackedConstants constants;
  for (std::size_t from = 0; from < 90; from += 30) {
    constants.hold(ByteView(bytes).subspan(from, 30));
    constants.find(key_of(bytes, from, 30), 64, fill_nothing);
  }
  constants.release(ByteView(bytes).subspan(30, 30));
  EXPECT_EQ(constants.bytes(), 128U);
  EXPECT_NE(constants.find(key_of(bytes, 0, 30), 64, fill_nothing), nullptr);
  EXPECT_EQ(constants.find(key_of(bytes, 30, 30), 64, fill_nothing), nullptr);
  EXPECT_NE(constants.find(key_of(bytes, 60, 30), 64, fill_nothing), nullptr);
}

TEST(PackedConstants, a_constant_without_the_form_is_asked_once_and_takes_no_memory) {
  const std::vector<std::uint8_t> bytes(100);
  PackedConstants constants;
  constants.hold(ByteView(bytes));
  int fills = 0;
  const auto refuse = [&](std::byte*) { return ++fills == 0; };
  EXPECT_EQ(constants.find(key_of(bytes, 0, 100), 64, refuse), nullptr);
  EXPECT_EQ(constants.find(key_of(bytes, 0, 100), 64, refuse), nullptr);
  EXPECT_EQ(fills, 1);
  EXPECT_EQ(constants.bytes(), 0U);
}

TEST(PackedConstants, memory_is_bounded) {
  const std::vector<std::uint8_t> bytes(100);
  PackedConstants constants(100);
  constants.hold(ByteView(bytes));
  EXPECT_NE(constants.find(key_of(bytes, 0, 50), 64, fill_nothing), nullptr);
  EXPECT_EQ(constants.find(key_of(bytes, 50, 50), 64, fill_nothing), nullptr);
  EXPECT_EQ(constants.bytes(), 64U);
}

struct Call {
  core::Node node;
  std::vector<Tensor> operands;
};

Tensor random_tensor(core::Shape shape, std::uint64_t seed) {
  const auto count = *core::element_count(shape);
  return Tensor::of<float>(std::move(shape),
                           tests::random_values(count, seed, tests::Values::special));
}

/// Products whose constant operands stand left, right, transposed, in groups, and few or many.
std::vector<Call> make_calls() {
  const core::Attribute segment{"k_segment", std::int64_t{256}};
  const auto gemm = [&](std::int64_t a_transposed, std::int64_t b_transposed) {
    return core::Node{Op::gemm,
                      {0, 1},
                      {2},
                      {{"alpha", 1.0F},
                       {"beta", 1.0F},
                       segment,
                       {"transA", a_transposed},
                       {"transB", b_transposed}},
                      {}};
  };
  const core::Node matmul{Op::matmul, {0, 1}, {2}, {segment}, {}};
  const std::vector<std::int64_t> ones = {1, 1};
  const core::Node conv{Op::conv,
                        {0, 1},
                        {2},
                        {{"auto_pad", std::string("NOTSET")},
                         {"dilations", ones},
                         {"group", std::int64_t{2}},
                         segment,
                         {"pads", std::vector<std::int64_t>{1, 1, 1, 1}},
                         {"strides", ones}},
                        {}};
  std::vector<Call> calls;
  for (const std::int64_t rows : {1, 5, 70}) {
    calls.push_back({matmul, {random_tensor({rows, 300}, 1), random_tensor({300, 90}, 2)}});
    calls.push_back({gemm(0, 1), {random_tensor({rows, 300}, 3), random_tensor({90, 300}, 4)}});
    calls.push_back({gemm(1, 0), {random_tensor({300, rows}, 5), random_tensor({300, 33}, 6)}});
  }
  calls.push_back({matmul, {random_tensor({3, 20, 40}, 7), random_tensor({3, 40, 50}, 8)}});
  calls.push_back({matmul, {random_tensor({100, 300}, 9), random_tensor({300, 1}, 10)}});
  calls.push_back({conv, {random_tensor({2, 6, 9, 9}, 11), random_tensor({40, 3, 3, 3}, 12)}});
  return calls;
}

void expect_reference(Backend& backend, const Call& call) {
  std::vector<std::optional<core::TensorView>> views;
  for (const Tensor& operand : call.operands) views.emplace_back(operand.view());
  const auto expected = [&] {
    const core::FloatEnvironment environment;
    return reference::evaluate(call.node, views);
  }();
  ASSERT_TRUE(expected) << core::describe(expected.error());
  // Twice: the first run packs, the second finds what it packed.
  for (int run = 0; run < 2; ++run) {
    const auto actual = backend.run(call.node, views);
    ASSERT_TRUE(actual);
    EXPECT_TRUE(identical(expected->front(), actual->front())) << core::op_info(call.node.op).name;
  }
}

TEST(ConstantsHold, held_operands_change_no_bit) {
  for (const char* isa : {"avx2", "avx512"}) {
    for (unsigned threads = 1; threads <= 3; ++threads) {
      auto backend = make_backend("cpu", {.threads = threads, .isa = isa});
      if (!backend) continue;
      for (const Call& call : make_calls()) {
        const ConstantsHold hold(**backend, call.operands);
        expect_reference(**backend, call);
      }
    }
  }
}

TEST(ConstantsHold, any_number_of_rows_by_a_held_matrix_has_the_same_bits) {
  const core::Node matmul{Op::matmul, {0, 1}, {2}, {{"k_segment", std::int64_t{256}}}, {}};
  const Tensor b = random_tensor({300, 107}, 21);  // the last panel has a vector of columns
  for (const char* isa : {"avx2", "avx512"}) {
    for (unsigned threads = 1; threads <= 2; ++threads) {
      auto backend = make_backend("cpu", {.threads = threads, .isa = isa});
      if (!backend) continue;
      const ConstantsHold hold(**backend, std::span(&b, 1));
      for (std::int64_t rows = 1; rows <= 66; ++rows) {
        const Tensor a = random_tensor({rows, 300}, 20);
        const std::vector<std::optional<core::TensorView>> views = {a.view(), b.view()};
        const core::FloatEnvironment environment;
        const auto expected = reference::evaluate(matmul, views);
        const auto actual = (*backend)->run(matmul, views);
        ASSERT_TRUE(expected && actual) << rows;
        EXPECT_TRUE(identical(expected->front(), actual->front())) << rows;
      }
    }
  }
}

TEST(ConstantsHold, memory_that_was_held_may_change_afterwards) {
  auto backend = make_backend("cpu", {});
  if (!backend) GTEST_SKIP() << "no AVX2";
  Call call = make_calls()[2];
  {
    const ConstantsHold hold(**backend, call.operands);
    expect_reference(**backend, call);
  }
  for (float& value : call.operands[1].data<float>()) value = 0.5F;
  expect_reference(**backend, call);
}

}  // namespace
}  // namespace isotrace::backends
