// [contract.deform_conv]
#include <tests/reference/support.hpp>

namespace isotrace::reference {
namespace {

Tensor zeros(Shape shape) { return Tensor(core::Dtype::f32, std::move(shape)); }

TEST(DeformConv, without_offsets_it_is_conv) {
  core::PhiloxStream random(90);
  const Tensor x = random_f32({2, 4, 5, 6}, random);
  const Tensor w = random_f32({6, 2, 3, 2}, random);
  const Tensor bias = random_f32({6}, random);
  const std::vector<Attribute> attributes = {{"dilations", Ints{1, 2}},
                                             {"group", std::int64_t{2}},
                                             {"pads", Ints{1, 0, 2, 1}},
                                             {"strides", Ints{2, 1}}};
  const auto expected = call(Op::conv, {x, w, bias}, attributes);
  ASSERT_TRUE(expected);
  std::vector<Attribute> more = attributes;
  more.push_back({"offset_group", std::int64_t{2}});
  const Shape& y = expected->front().shape();
  const Tensor offset = zeros({2, 2 * 6 * 2, y[2], y[3]});
  expect_results(call(Op::deform_conv, {x, w, offset, bias}, more), *expected);
  Tensor mask = zeros({2, 2 * 6, y[2], y[3]});
  for (float& value : mask.data<float>()) value = 1;
  expect_results(call(Op::deform_conv, {x, w, offset, bias, mask}, more), *expected);
}

TEST(DeformConv, offsets_move_taps_between_elements_and_masks_scale_them) {
  const Tensor x = f32({1, 1, 1, 4}, {1, 2, 4, 8});
  const Tensor w = f32({1, 1, 1, 1}, {1});
  const Attribute group{"offset_group", std::int64_t{1}};
  // Rows stay, columns move by 0.5, -0.5, 1 and -9.
  const Tensor offset = f32({1, 2, 1, 4}, {0, 0, 0, 0, 0.5F, -0.5F, 1, -9});
  expect_result(call(Op::deform_conv, {x, w, offset}, {group}),
                f32({1, 1, 1, 4}, {1.5F, 1.5F, 8, 0}));
  const Tensor mask = f32({1, 1, 1, 4}, {2, 0, 0.5F, 7});
  expect_result(call(Op::deform_conv, {x, w, offset, f32({10}), mask}, {group}),
                f32({1, 1, 1, 4}, {13, 10, 14, 10}));
  // Half outside counts half; not a number stays one, far away is +0.
  const Tensor wild = f32({1, 2, 1, 4}, {0.5F, quiet_nan(), infinity, 0, 0, 0, 0, 1e30F});
  expect_result(call(Op::deform_conv, {x, w, wild}, {group}),
                f32({1, 1, 1, 4}, {0.5F, quiet_nan(), 0, 0}));
}

TEST(DeformConv, refusals) {
  const Tensor x = zeros({1, 2, 2, 2});
  const Tensor w = zeros({1, 2, 1, 1});
  const auto with = [&](const Tensor& offset, std::int64_t groups) {
    return call(Op::deform_conv, {x, w, offset}, {{"offset_group", groups}});
  };
  expect_refused(with(zeros({1, 2, 2, 1}), 1), RefusalCode::shape_mismatch, "DeformConv");
  expect_refused(with(zeros({1, 2, 2, 2}), 0), RefusalCode::operation_attribute_invalid,
                 "DeformConv");
  expect_refused(with(zeros({1, 6, 2, 2}), 3), RefusalCode::shape_mismatch, "DeformConv");
  expect_result(call(Op::deform_conv, {zeros({0, 2, 2, 2}), w, zeros({0, 2, 2, 2})},
                     {{"offset_group", std::int64_t{1}}}),
                zeros({0, 1, 2, 2}));
}

}  // namespace
}  // namespace isotrace::reference
