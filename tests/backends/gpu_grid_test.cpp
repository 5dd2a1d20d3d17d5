// Sampling by grids, and losses of classes, on the kernels compiled for the host, against the
// reference: every mode and type, coordinates that are none, targets that are ignored.
#include <limits>

#include <isotrace/core/dtype.hpp>
#include <tests/backends/gpu_on_host.hpp>

namespace isotrace::backends::gpu {
namespace {

using core::Dtype;
using core::Op;
using core::Tensor;

constexpr Dtype types[] = {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16,      Dtype::i8,
                           Dtype::u16, Dtype::i32, Dtype::u64, Dtype::f8e5m2fnuz};

/// Within the image and around it, on its borders and halves, and no number now and then.
Tensor draw_grid(core::Shape shape, std::uint64_t seed) {
  Tensor grid(Dtype::f32, std::move(shape));
  core::PhiloxStream random(seed);
  for (float& value : grid.data<float>()) {
    const auto kind = random.next_below(16);
    value = 3.0F * random.next_f32() - 1.5F;
    if (kind < 4) value = 0.25F * static_cast<float>(kind) - 0.5F;
    if (kind == 4) value = 1;
    if (kind == 5) value = -1;
    if (kind == 6) value = 1e30F;
    if (kind == 7 && random.next_below(8) == 0) value = std::numeric_limits<float>::quiet_NaN();
    if (kind == 8 && random.next_below(8) == 0) value = -std::numeric_limits<float>::infinity();
  }
  return grid;
}

core::Node sampling(const char* mode, const char* padding, std::int64_t align) {
  return {Op::grid_sample,
          {0, 1},
          {2},
          {{"align_corners", align},
           {"mode", std::string(mode)},
           {"padding_mode", std::string(padding)}},
          "sampling"};
}

TEST(GpuGrid, samples_in_every_mode) {
  OnHost host(8, HostOrder::forwards);
  std::uint64_t seed = 0;
  for (const char* mode : {"nearest", "linear", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      for (const std::int64_t align : {0, 1}) {
        const core::Node node = sampling(mode, padding, align);
        const std::string what = std::string(mode) + " " + padding + std::to_string(align);
        for (const Dtype dtype : types) {
          expect_reference_bits(
              *host.backend, node,
              {draw_bits(dtype, {2, 3, 5, 4}, ++seed), draw_grid({2, 7, 3, 2}, seed)},
              what + " " + std::string(core::dtype_name(dtype)));
        }
        expect_reference_bits(*host.backend, node,
                              {draw({2, 2, 3, 4, 5}, ++seed), draw_grid({2, 2, 3, 4, 3}, seed)},
                              what + " of three axes");
        expect_reference_bits(*host.backend, node,
                              {draw({1, 2, 1}, ++seed), draw_grid({1, 9, 1}, seed)},
                              what + " of one axis");
        expect_reference_bits(*host.backend, node,
                              {draw({1, 2, 3, 3}, ++seed), draw_grid({1, 0, 4, 2}, seed)},
                              what + " of nothing");
      }
    }
  }
}

TEST(GpuGrid, makes_affine_grids) {
  OnHost host(8, HostOrder::forwards);
  for (const std::int64_t align : {0, 1}) {
    const core::Node node{Op::affine_grid, {0, 1}, {2}, {{"align_corners", align}}, "grid"};
    for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16}) {
      const std::string what = std::string(core::dtype_name(dtype));
      expect_reference_bits(
          *host.backend, node,
          {draw_bits(dtype, {3, 2, 3}, 1), Tensor::of<std::int64_t>({4}, {3, 2, 5, 1})}, what);
      expect_reference_bits(
          *host.backend, node,
          {draw_bits(dtype, {2, 3, 4}, 2), Tensor::of<std::int64_t>({5}, {2, 1, 4, 1, 6})}, what);
      expect_reference_bits(
          *host.backend, node,
          {draw_bits(dtype, {2, 2, 3}, 2), Tensor::of<std::int64_t>({4}, {2, 1, 0, 6})}, what);
    }
  }
}

core::Node loss(const char* reduction, bool ignores) {
  return {Op::negative_log_likelihood_loss,
          {0, 1, 2},
          {3},
          {{"has_ignore_index", std::int64_t{ignores}},
           {"ignore_index", std::int64_t{-3}},
           {"reduction", std::string(reduction)}},
          "loss"};
}

TEST(GpuGrid, takes_losses_of_classes) {
  OnHost host(8, HostOrder::forwards);
  Tensor targets = Tensor::of<std::int64_t>({2, 4}, {0, -3, 4, 2, -3, 1, 1, 0});
  const Tensor all_ignored = Tensor::of<std::int64_t>({2, 4}, {-3, -3, -3, -3, -3, -3, -3, -3});
  for (const char* reduction : {"none", "sum", "mean"}) {
    for (const Dtype dtype : {Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16}) {
      for (const bool weighted : {false, true}) {
        const auto weights =
            weighted ? std::optional(draw_bits(dtype, {5}, 3)) : std::optional<Tensor>{};
        for (const Tensor& target : {targets, all_ignored}) {
          expect_reference_bits(
              *host.backend, loss(reduction, true),
              {draw_bits(dtype, {2, 5, 4}, 7), target, weights},
              std::string(reduction) + " " + std::string(core::dtype_name(dtype)));
        }
      }
    }
  }
  const Tensor x = draw({2, 5, 4}, 1);
  const std::optional<core::TensorView> operands[] = {x, targets, std::nullopt};
  const auto refused = host.backend->run(loss("sum", false), operands);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, core::RefusalCode::operand_value_invalid);
}

}  // namespace
}  // namespace isotrace::backends::gpu
