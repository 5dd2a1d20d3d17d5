// Slice, Concat, Gather and Pad of every size of element against the reference, small and large
// enough for several threads, and the calls that are refused.
#include <tests/backends/cpu_backends.hpp>

namespace isotrace::backends {
namespace {

constexpr Dtype dtypes[] = {Dtype::u8, Dtype::f16, Dtype::f32, Dtype::i64, Dtype::i4};

/// Every element another one, as far as its size allows.
Tensor numbered(Dtype dtype, const Shape& shape) {
  Tensor tensor(dtype, shape);
  std::uint32_t next = 0;
  const std::size_t size = core::dtype_bytes(dtype);
  const std::uint8_t limit = dtype == Dtype::i4 ? 7 : 255;
  for (std::size_t i = 0; i < tensor.mutable_bytes().size(); i += size, ++next) {
    for (std::size_t b = 0; b < std::min<std::size_t>(size, 4); ++b) {
      tensor.mutable_bytes()[i + b] = static_cast<std::uint8_t>(next >> (8 * b)) & limit;
    }
  }
  return tensor;
}

Tensor list(const Ints& values) {
  return Tensor::of<std::int64_t>({std::ssize(values)}, std::span<const std::int64_t>(values));
}

class Move : public CpuBackends {
 protected:
  static Sample call(Op op, std::vector<Attribute> attributes,
                     std::vector<std::optional<Tensor>> operands) {
    Sample sample{
        {.op = op, .inputs = {}, .outputs = {99}, .attributes = std::move(attributes), .name = {}},
        std::move(operands)};
    for (const auto& operand : sample.operands) {
      sample.node.inputs.push_back(operand ? 0 : core::no_value);
    }
    return sample;
  }
  void slice(const Tensor& x, const Ints& starts, const Ints& ends, std::optional<Ints> axes,
             std::optional<Ints> steps) {
    std::vector<std::optional<Tensor>> operands = {x, list(starts), list(ends)};
    operands.push_back(axes ? std::optional(list(*axes)) : std::nullopt);
    operands.push_back(steps ? std::optional(list(*steps)) : std::nullopt);
    expect_same(call(Op::slice, {}, std::move(operands)));
  }
  void pad(const Tensor& x, const std::string& mode, const Ints& pads,
           std::optional<Tensor> constant = {}, std::optional<Ints> axes = {}) {
    std::vector<std::optional<Tensor>> operands = {x, list(pads), std::move(constant)};
    operands.push_back(axes ? std::optional(list(*axes)) : std::nullopt);
    expect_same(call(Op::pad, {{"mode", mode}}, std::move(operands)));
  }
};

TEST_F(Move, slices_in_both_directions) {
  for (const Dtype dtype : dtypes) {
    const Tensor x = numbered(dtype, {7, 5, 33});
    slice(x, {1, 0, 2}, {6, 5, 30}, {}, {});
    slice(x, {0, 0}, {100, 100}, {{2, 0}}, {{3, 2}});
    slice(x, {-1}, {-100}, {{2}}, {{-1}});
    slice(x, {-1, 30}, {-100, 2}, {{0, -1}}, {{-2, -5}});
    slice(x, {3}, {3}, {{1}}, {});
    slice(x, {0}, {1}, {{1}}, {{std::numeric_limits<std::int64_t>::max()}});
    slice(numbered(dtype, {}), {}, {}, {}, {});
    slice(numbered(dtype, {300, 700}), {1, 3}, {299, 650}, {}, {});
    slice(numbered(dtype, {300, 700}), {0}, {700}, {{1}}, {{2}});
  }
}

TEST_F(Move, slices_that_are_refused) {
  const Tensor x = numbered(Dtype::f32, {4, 5});
  slice(x, {0}, {2}, {{2}}, {});
  slice(x, {0}, {2}, {{0}}, {{0}});
  slice(x, {0, 0}, {2}, {}, {});
  slice(x, {0, 0}, {2, 2}, {{1, -1}}, {});
}

TEST_F(Move, fills_any_shape) {
  const auto fill = [&](const Tensor& value, const Ints& shape) {
    expect_same(call(Op::constant_of_shape, {}, {list(shape), value}));
  };
  for (const Dtype dtype : dtypes) {
    Tensor value(dtype, {1});
    std::ranges::fill(value.mutable_bytes(), std::uint8_t{5});
    for (const Ints& shape :
         {Ints{}, Ints{0}, Ints{1}, Ints{3, 0, 2}, Ints{7, 5, 3}, Ints{300, 701}}) {
      fill(value, shape);
    }
    fill(value, {2, -1});
    fill(value, {1LL << 40, 1LL << 40});
    fill(numbered(dtype, {2}), {2});
  }
  expect_same(
      call(Op::constant_of_shape, {}, {numbered(Dtype::f32, {2}), numbered(Dtype::f32, {1})}));
}

TEST_F(Move, gathers_along_every_axis) {
  for (const Dtype dtype : dtypes) {
    for (const Shape& shape : {Shape{6, 5, 3}, Shape{6, 1, 16}, Shape{9, 2000, 9}}) {
      for (const std::int64_t axis : {0, 1, 2, -1}) {
        const auto rank = static_cast<std::int64_t>(shape.size());
        const std::int64_t size = shape[static_cast<std::size_t>((axis + rank) % rank)];
        const Tensor x = numbered(dtype, shape);
        Tensor indices(Dtype::i64, {2, 3});
        std::int64_t next = 1;
        for (std::int64_t& index : indices.data<std::int64_t>()) {
          index = next % (2 * size) - size;
          next = next * 7 + 3;
        }
        expect_same(call(Op::gather, {{"axis", axis}}, {x, indices}));
      }
    }
  }
  const Tensor x = numbered(Dtype::f32, {100, 3});
  Tensor many(Dtype::i32, {90000});
  std::int32_t next = 0;
  for (std::int32_t& index : many.data<std::int32_t>()) index = next++ % 100;
  expect_same(call(Op::gather, {{"axis", std::int64_t{0}}}, {x, many}));
  expect_same(call(Op::gather, {{"axis", std::int64_t{0}}}, {numbered(Dtype::u8, {100}), many}));
  expect_same(call(Op::gather, {{"axis", std::int64_t{0}}}, {x, list({})}));
  expect_same(call(Op::gather, {{"axis", std::int64_t{1}}}, {x, list({3})}));
  expect_same(call(Op::gather, {{"axis", std::int64_t{1}}}, {x, list({-4})}));
  expect_same(call(Op::gather, {{"axis", std::int64_t{2}}}, {x, list({0})}));
}

TEST_F(Move, concatenates_along_every_axis) {
  for (const Dtype dtype : dtypes) {
    for (const std::int64_t axis : {0, 1, -1}) {
      const auto part = [&](std::int64_t size) {
        Shape shape = {4, 5, 6};
        shape[static_cast<std::size_t>((axis + 3) % 3)] = size;
        return numbered(dtype, shape);
      };
      const std::vector<Attribute> attributes = {{"axis", axis}};
      expect_same(call(Op::concat, attributes, {part(3)}));
      expect_same(call(Op::concat, attributes, {part(1), part(0), part(7)}));
      expect_same(call(Op::concat, attributes, {part(900), part(4), part(1500)}));
    }
  }
  const std::vector<Attribute> last = {{"axis", std::int64_t{-1}}};
  const Tensor x = numbered(Dtype::f32, {2, 3});
  expect_same(call(Op::concat, last, {numbered(Dtype::f32, {300000}), numbered(Dtype::f32, {9})}));
  expect_same(call(Op::concat, last, {x, numbered(Dtype::f32, {3, 3})}));
  expect_same(call(Op::concat, last, {x, numbered(Dtype::i32, {2, 3})}));
  expect_same(call(Op::concat, last, {x, std::nullopt}));
  expect_same(call(Op::concat, last, {numbered(Dtype::f32, {}), numbered(Dtype::f32, {})}));
}

TEST_F(Move, pads_in_every_mode) {
  for (const Dtype dtype : dtypes) {
    const Tensor x = numbered(dtype, {3, 4, 5});
    Tensor constant(dtype, {});
    constant.mutable_bytes()[0] = 5;
    for (const char* mode : {"constant", "reflect", "edge", "wrap"}) {
      pad(x, mode, {1, 2, 3, 4, 0, 9});
      pad(x, mode, {0, -1, 2, 1, 3, -2}, constant);
      pad(x, mode, {7, 8, 9, 10, 11, 12}, constant);
      pad(x, mode, {2, 1}, constant, {{-2}});
      pad(x, mode, {0, -4, 0, 0, 3, 0}, constant);
      pad(numbered(dtype, {0, 3}), mode, {0, 1, 0, 1});
      pad(numbered(dtype, {}), mode, {});
      pad(numbered(dtype, {1, 300, 400}), mode, {0, 3, 3, 0, 3, 3}, constant);
    }
  }
}

TEST_F(Move, pads_that_are_refused) {
  const Tensor x = numbered(Dtype::f32, {3, 4});
  pad(x, "mirror", {0, 0, 0, 0});
  pad(x, "constant", {0, 0, 0});
  pad(x, "constant", {-4, 0, 0, 0});
  pad(x, "constant", {0, 0, std::int64_t{1} << 41, 0});
  pad(x, "constant", {std::int64_t{1} << 40, std::int64_t{1} << 40, 0, 0});
  pad(x, "constant", {0, 1, 0, 0}, numbered(Dtype::i32, {}));
  pad(x, "constant", {0, 1, 0, 0}, numbered(Dtype::f32, {2}));
}

}  // namespace
}  // namespace isotrace::backends
