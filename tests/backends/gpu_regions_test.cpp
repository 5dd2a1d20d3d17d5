// Regions of interest, deformable windows, columns put back and determinants, on the kernels
// compiled for the host, against the reference.
#include <array>
#include <cmath>
#include <limits>

#include <isotrace/core/dtype.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

constexpr Dtype floats[] = {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16, Dtype::f8e4m3fn};

/// Positions around an image of this size; now and then far away or no number.
Tensor draw_positions(core::Shape shape, float size, std::uint64_t seed, bool none = true) {
  Tensor tensor(Dtype::f32, std::move(shape));
  core::PhiloxStream random(seed);
  for (float& value : tensor.data<float>()) {
    value = (1.6F * random.next_f32() - 0.3F) * size;
    const auto kind = random.next_below(24);
    if (kind < 4) value = std::floor(value);
    if (kind == 4) value = 1e30F;
    if (kind == 5 && none) value = std::numeric_limits<float>::quiet_NaN();
    if (kind == 6 && none) value = -std::numeric_limits<float>::infinity();
  }
  return tensor;
}

core::Node align(const char* mode, const char* transformation, std::int64_t ratio) {
  return {Op::roi_align,
          {0, 1, 2},
          {3},
          {{"coordinate_transformation_mode", std::string(transformation)},
           {"mode", std::string(mode)},
           {"output_height", std::int64_t{3}},
           {"output_width", std::int64_t{4}},
           {"sampling_ratio", ratio},
           {"spatial_scale", 0.7F}},
          "align"};
}

TEST(GpuRegions, are_aligned_in_every_mode) {
  OnHost host(8, HostOrder::forwards);
  const Tensor images = Tensor::of<std::int64_t>({9}, {0, 1, 1, 0, 1, 0, 0, 1, 1});
  std::uint64_t seed = 0;
  for (const char* mode : {"avg", "max"}) {
    for (const char* transformation : {"half_pixel", "output_half_pixel"}) {
      for (const std::int64_t ratio : {0, 1, 3}) {
        const core::Node node = align(mode, transformation, ratio);
        for (const Dtype dtype : floats) {
          ++seed;
          // Without a ratio, bins of regions beyond all bounds have more samples than anybody
          // takes.
          const Tensor regions = draw_positions({9, 4}, 9, seed, ratio != 0);
          const Tensor x = draw({2, 3, 7, 6}, seed);
          Tensor sane = regions;
          if (ratio == 0) {
            for (float& edge : sane.data<float>()) edge = std::min(edge, 20.0F);
          }
          expect_reference_bits(*host.backend, node,
                                {cast_to(x, dtype), cast_to(sane, dtype), images},
                                std::string(mode) + transformation + std::to_string(ratio) +
                                    std::string(core::dtype_name(dtype)));
        }
        const Tensor none(Dtype::f32, {0, 4});
        expect_reference_bits(*host.backend, node,
                              {draw({2, 3, 7, 6}, 1), none, Tensor(Dtype::i64, {0})}, "none");
      }
    }
  }
  EXPECT_GT(host.device->launches().at("align_regions_f64"), 0);
}

TEST(GpuRegions, have_their_maxima) {
  OnHost host(8, HostOrder::backwards);
  for (const float scale : {1.0F, 0.3F}) {
    const core::Node node{
        Op::max_roi_pool,
        {0, 1},
        {2},
        {{"pooled_shape", std::vector<std::int64_t>{4, 3}}, {"spatial_scale", scale}},
        "maxima"};
    for (const Dtype dtype : floats) {
      Tensor regions = draw_positions({8, 5}, 9, 77, false);
      for (std::size_t r = 0; r < 8; ++r) {
        regions.data<float>()[5 * r] = static_cast<float>(r % 2);
      }
      expect_reference_bits(*host.backend, node,
                            {cast_to(draw({2, 3, 8, 9}, 5), dtype), cast_to(regions, dtype)},
                            std::string(core::dtype_name(dtype)) + std::to_string(scale));
    }
  }
}

TEST(GpuRegions, that_name_no_image_are_refused_as_by_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{
      Op::max_roi_pool,
      {0, 1},
      {2},
      {{"pooled_shape", std::vector<std::int64_t>{1, 1}}, {"spatial_scale", 1.0F}},
      "maxima"};
  const Tensor x = draw({2, 1, 3, 3}, 1);
  const Tensor regions = Tensor::of<float>({1, 5}, {2, 0, 0, 1, 1});
  const std::optional<core::TensorView> views[] = {x.view(), regions.view()};
  const auto refused = host.backend->run(node, views);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::RefusalCode::operand_value_invalid);
}

core::Node deformed(std::size_t axes, std::int64_t groups, std::int64_t offset_groups,
                    std::int64_t segment) {
  return {Op::deform_conv,
          {0, 1, 2, 3, 4},
          {5},
          {{"dilations", std::vector<std::int64_t>(axes, 2)},
           {"group", groups},
           {"k_segment", segment},
           {"offset_group", offset_groups},
           {"pads", std::vector<std::int64_t>(2 * axes, 1)},
           {"strides", std::vector<std::int64_t>(axes, 2)}},
          "deformed"};
}

TEST(GpuRegions, windows_are_deformed) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 100;
  for (const std::int64_t groups : {1, 2}) {
    for (const std::int64_t offset_groups : {1, 4}) {
      for (const std::int64_t segment : {3, 256}) {
        const core::Node node = deformed(2, groups, offset_groups, segment);
        for (const Dtype dtype : floats) {
          ++seed;
          // 9 by 8 with 3 by 2 taps, dilated: 4 by 4 windows.
          const Tensor x = draw({2, 4, 9, 8}, seed);
          const Tensor w = draw({6, 4 / groups, 3, 2}, seed + 1000);
          const Tensor offset = draw_positions({2, offset_groups * 12, 4, 4}, 2, seed);
          const Tensor mask = draw({2, offset_groups * 6, 4, 4}, seed + 2000);
          const Tensor bias = draw({6}, seed);
          const std::string what = std::string(core::dtype_name(dtype)) + std::to_string(seed);
          expect_reference_bits(*host.backend, node,
                                {cast_to(x, dtype), cast_to(w, dtype), cast_to(offset, dtype),
                                 cast_to(bias, dtype), cast_to(mask, dtype)},
                                what);
          expect_reference_bits(*host.backend, node,
                                {cast_to(x, dtype), cast_to(w, dtype), cast_to(offset, dtype),
                                 std::nullopt, std::nullopt},
                                what);
        }
      }
    }
  }
  const core::Node line = deformed(1, 1, 1, 256);
  expect_reference_bits(*host.backend, line,
                        {draw({1, 2, 11}, 1), draw({3, 2, 3}, 2), draw_positions({1, 3, 5}, 3, 3),
                         std::nullopt, std::nullopt},
                        "line");
  const core::Node solid = deformed(3, 1, 2, 256);
  expect_reference_bits(*host.backend, solid,
                        {draw({1, 2, 5, 6, 7}, 1), draw({3, 2, 2, 3, 2}, 2),
                         draw_positions({1, 72, 3, 2, 4}, 3, 3), draw({3}, 4), std::nullopt},
                        "solid");
}

TEST(GpuRegions, columns_go_back_to_images) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::col2im,
                        {0, 1, 2},
                        {3},
                        {{"dilations", std::vector<std::int64_t>{2, 1}},
                         {"pads", std::vector<std::int64_t>{1, 0, 2, 1}},
                         {"strides", std::vector<std::int64_t>{2, 1}}},
                        "columns"};
  const Tensor image = Tensor::of<std::int64_t>({2}, {6, 5});
  const Tensor block = Tensor::of<std::int64_t>({2}, {3, 2});
  // (6 + 3 - 5) / 2 + 1 = 3 by (5 + 1 - 2) + 1 = 5 windows.
  for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::bf16, Dtype::i8, Dtype::u16, Dtype::i64,
                            Dtype::u64, Dtype::f8e5m2}) {
    expect_reference_bits(*host.backend, node, {draw_bits(dtype, {2, 18, 15}, 8), image, block},
                          std::string(core::dtype_name(dtype)));
  }
  const core::Node line{Op::col2im,
                        {0, 1, 2},
                        {3},
                        {{"dilations", std::vector<std::int64_t>{1}},
                         {"pads", std::vector<std::int64_t>{0, 0}},
                         {"strides", std::vector<std::int64_t>{3}}},
                        "columns"};
  expect_reference_bits(
      *host.backend, line,
      {draw({1, 4, 3}, 8), Tensor::of<std::int64_t>({1}, {9}), Tensor::of<std::int64_t>({1}, {2})},
      "line");
}

TEST(GpuRegions, determinants_have_the_order_of_the_reference) {
  OnHost host(8, HostOrder::forwards);
  const core::Node node{Op::det, {0}, {1}, {}, "determinant"};
  std::uint64_t seed = 0;
  for (const Dtype dtype : floats) {
    for (const std::int64_t n : {0, 1, 2, 3, 7, 20}) {
      const std::string what = std::string(core::dtype_name(dtype)) + std::to_string(n);
      expect_reference_bits(*host.backend, node, {cast_to(draw({3, 2, n, n}, ++seed), dtype)},
                            what);
      const Tensor x = draw_positions({n, n}, 3, seed, false);  // whole numbers, so zeros too
      expect_reference_bits(*host.backend, node, {cast_to(x, dtype)}, what);
    }
  }
}

}  // namespace
}  // namespace isotrace::backends::gpu
