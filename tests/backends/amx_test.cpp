// The AMX kernels on a model of the tile instructions (products: integer_gemm_test.cpp), the
// self-check that stands before their use, and what decides about it.
#include <isotrace/backends/cpu/amx.hpp>
#include <isotrace/backends/cpu/operations.hpp>
#include <tests/backends/cpu_backends.hpp>
#include <tests/backends/model_tiles.hpp>

namespace isotrace::backends::cpu {
namespace {

using tests::ModelTiles;
using tests::TileMistake;

Tensor random_bytes(Dtype dtype, const Shape& shape, std::uint64_t seed) {
  core::PhiloxStream random(seed);
  Tensor tensor(dtype, shape);
  for (std::uint8_t& byte : tensor.mutable_bytes()) {
    byte = static_cast<std::uint8_t>(random.next_u32());
  }
  return tensor;
}

TEST(Amx, the_self_check_passes_on_the_model) {
  EXPECT_TRUE(AmxKernelSet<ModelTiles<>>::computes_exactly());
}

TEST(Amx, the_self_check_finds_mistakes) {
  EXPECT_FALSE(AmxKernelSet<ModelTiles<TileMistake::signed_rows>>::computes_exactly());
  EXPECT_FALSE(AmxKernelSet<ModelTiles<TileMistake::saturation>>::computes_exactly());
  EXPECT_FALSE(AmxKernelSet<ModelTiles<TileMistake::lost_tile>>::computes_exactly());
}

TEST(Amx, is_used_only_if_everything_agrees) {
  constexpr auto yes = [] { return true; };
  constexpr auto no = [] { return false; };
  constexpr auto never = [] {
    ADD_FAILURE() << "asked for more than is known to be there";
    return false;
  };
  EXPECT_TRUE(decide_amx({yes, yes, yes, yes}).usable);
  EXPECT_EQ(decide_amx({yes, yes, yes, yes}).why_not, "");
  const AmxState absent = decide_amx({no, never, never, never});
  EXPECT_FALSE(absent.usable);
  EXPECT_EQ(absent.why_not, "");
  for (const AmxState& state :
       {decide_amx({yes, no, never, never}), decide_amx({yes, yes, no, never}),
        decide_amx({yes, yes, yes, no})}) {
    EXPECT_FALSE(state.usable);
    EXPECT_NE(state.why_not, "");
  }
}

TEST(Amx, convolutions_on_the_model_are_the_references) {
  struct Case {
    Shape x, w;
    Ints strides, pads;
    std::int64_t group;
  };
  const Case cases[] = {{{1, 3, 9, 11}, {5, 3, 3, 3}, {1, 1}, {1, 1, 1, 1}, 1},
                        {{2, 4, 10, 37}, {37, 4, 3, 3}, {2, 2}, {1, 1, 1, 1}, 1},
                        {{1, 70, 7, 7}, {20, 70, 1, 1}, {1, 1}, {0, 0, 0, 0}, 1},
                        {{1, 6, 9, 8}, {6, 1, 3, 3}, {1, 2}, {1, 0, 1, 1}, 6}};
  auto pool = *ThreadPool::make(2);
  std::vector<Scratch> scratch(2);
  const Engine engine{kernels_avx2(), *pool, scratch, nullptr};
  std::uint64_t seed = 1;
  for (const Case& c : cases) {
    const Dtype x = seed % 2 == 0 ? Dtype::i8 : Dtype::u8;
    const Tensor tensors[] = {random_bytes(x, c.x, seed), random_bytes(Dtype::i8, c.w, seed + 1),
                              random_bytes(x, {}, seed + 2),
                              random_bytes(Dtype::i8, {c.w[0]}, seed + 3)};
    seed += 5;
    const std::optional<core::TensorView> operands[] = {tensors[0], tensors[1], tensors[2],
                                                        tensors[3]};
    const core::Node node{.op = Op::conv_integer,
                          .inputs = {0, 1, 2, 3},
                          .outputs = {4},
                          .attributes = {{"auto_pad", std::string("NOTSET")},
                                         {"dilations", Ints{1, 1}},
                                         {"group", c.group},
                                         {"pads", c.pads},
                                         {"strides", c.strides}},
                          .name = {}};
    const auto expected = reference::evaluate(node, operands);
    const auto actual = run_conv_integer(node, operands, tests::model_amx_kernels(), engine);
    ASSERT_TRUE(expected && actual);
    EXPECT_TRUE(identical(actual->front(), expected->front()));
  }
}

}  // namespace
}  // namespace isotrace::backends::cpu
