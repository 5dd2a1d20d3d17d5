// Lowering of image operations: resizing, sampling by a grid, regions and boxes.
#include <isotrace/core/limits.hpp>
#include <isotrace/executor/onnx_lowering.hpp>

namespace isotrace::executor {
namespace {

using core::Attribute;
using core::Op;
using core::RefusalCode;
using core::Tensor;

/// The attributes of Resize in the form of operator set 19.
struct ResizeForm {
  std::int64_t antialias = 0;
  Integers axes;
  std::string coordinates = "half_pixel";
  float cubic_coefficient = -0.75F;
  std::int64_t exclude_outside = 0;
  float extrapolation = 0;
  std::string policy = "stretch";
  std::string mode = "nearest";
  std::string nearest = "round_prefer_floor";

  [[nodiscard]] std::vector<Attribute> attributes() const {
    return {{"antialias", std::int64_t{antialias != 0}},
            {"axes", axes},
            {"coordinate_transformation_mode", coordinates},
            {"cubic_coeff_a", cubic_coefficient},
            {"exclude_outside", std::int64_t{exclude_outside != 0}},
            {"extrapolation_value", extrapolation},
            {"keep_aspect_ratio_policy", policy},
            {"mode", mode},
            {"nearest_mode", nearest}};
  }
};

/// Before operator set 11 positions were o / scale, and the nearest element the one below.
ResizeForm old_form(Lowering& node) {
  ResizeForm form;
  form.coordinates = "asymmetric";
  form.nearest = "floor";
  form.mode = node.text("mode", "nearest");
  node.expect(form.mode == "nearest" || form.mode == "linear", "mode", form.mode);
  return form;
}

/// Lists without entries stood for operands left out.
DraftValue unless_empty(Lowering& node, std::size_t index) {
  if (!node.input(index) || node.info(index).shape == core::Shape{0}) return std::nullopt;
  return node.input(index);
}

Lowered resize(Lowering& node) {
  if (node.opset() < 11) {
    ISOTRACE_TRY_DONE(node.require_inputs(2, 2));
    const ResizeForm form = old_form(node);
    return node.emit(Op::resize, {node.input(0), std::nullopt, node.input(1)}, form.attributes());
  }
  ISOTRACE_TRY_DONE(node.require_inputs(1, 4));
  ResizeForm form;
  form.coordinates = node.text("coordinate_transformation_mode", form.coordinates);
  form.cubic_coefficient = node.real("cubic_coeff_a", form.cubic_coefficient);
  form.exclude_outside = node.integer("exclude_outside", 0);
  form.extrapolation = node.real("extrapolation_value", 0);
  form.mode = node.text("mode", form.mode);
  form.nearest = node.text("nearest_mode", form.nearest);
  if (node.opset() >= 18) {
    form.antialias = node.integer("antialias", 0);
    form.axes = node.integers("axes");
    form.policy = node.text("keep_aspect_ratio_policy", form.policy);
  }
  node.expect(form.coordinates != "tf_half_pixel_for_nn" || node.opset() < 13,
              "coordinate_transformation_mode", form.coordinates);
  node.expect(form.coordinates != "half_pixel_symmetric" || node.opset() >= 19,
              "coordinate_transformation_mode", form.coordinates);
  std::vector<DraftValue> inputs = {node.input(0), std::nullopt, unless_empty(node, 2),
                                    unless_empty(node, 3)};
  if (form.coordinates == "tf_crop_and_resize") inputs[1] = unless_empty(node, 1);
  while (inputs.size() > 1 && !inputs.back()) inputs.pop_back();
  return node.emit(Op::resize, std::move(inputs), form.attributes());
}

/// Scales were an attribute before operator set 9; Resize took the place of Upsample in set 10.
Lowered upsample(Lowering& node) {
  const bool old = node.opset() < 9;
  ISOTRACE_TRY_DONE(node.require_inputs(old ? 1 : 2, old ? 1 : 2));
  const ResizeForm form = old_form(node);
  DraftValue scales = node.input(1);
  if (old) {
    const std::vector<float> list = node.reals("scales");
    if (list.size() > core::limits::attribute_elements_max) {
      node.fail(RefusalCode::limit_exceeded, "attribute scales", "list too long");
    } else {
      scales = node.constant(Tensor::of<float>({std::ssize(list)}, std::span<const float>(list)));
    }
  }
  return node.emit(Op::resize, {node.input(0), std::nullopt, scales}, form.attributes());
}

/// Before operator set 20 the modes were named for two axes.
Lowered grid_sample(Lowering& node) {
  const bool old = node.opset() < 20;
  std::string mode = node.text("mode", old ? "bilinear" : "linear");
  node.expect(mode == "nearest" || mode == (old ? "bilinear" : "linear") ||
                  mode == (old ? "bicubic" : "cubic"),
              "mode", mode);
  if (old && mode != "nearest") mode.erase(0, 2);
  const std::int64_t align = node.integer("align_corners", 0);
  return node.emit(Op::grid_sample, {{"align_corners", std::int64_t{align != 0}},
                                     {"mode", std::move(mode)},
                                     {"padding_mode", node.text("padding_mode", "zeros")}});
}

Lowered affine_grid(Lowering& node) {
  const std::int64_t align = node.integer("align_corners", 0);
  return node.emit(Op::affine_grid, {{"align_corners", std::int64_t{align != 0}}});
}

Lowered non_max_suppression(Lowering& node) {
  const std::int64_t center = node.integer("center_point_box", 0);
  return node.emit(Op::non_max_suppression, {{"center_point_box", std::int64_t{center != 0}}});
}

Lowered max_roi_pool(Lowering& node) {
  return node.emit(Op::max_roi_pool, {{"pooled_shape", node.integers("pooled_shape")},
                                      {"spatial_scale", node.real("spatial_scale", 1.0F)}});
}

/// Before operator set 16 regions were not moved by half an element.
Lowered roi_align(Lowering& node) {
  std::string coordinates = "output_half_pixel";
  if (node.opset() >= 16) coordinates = node.text("coordinate_transformation_mode", "half_pixel");
  return node.emit(Op::roi_align, {{"coordinate_transformation_mode", std::move(coordinates)},
                                   {"mode", node.text("mode", "avg")},
                                   {"output_height", node.integer("output_height", 1)},
                                   {"output_width", node.integer("output_width", 1)},
                                   {"sampling_ratio", node.integer("sampling_ratio", 0)},
                                   {"spatial_scale", node.real("spatial_scale", 1.0F)}});
}

constexpr LoweringRow rows[] = {
    {"Resize", 10, resize},
    {"Upsample", 7, upsample, 9},
    {"GridSample", 16, grid_sample},
    {"AffineGrid", 20, affine_grid},
    {"NonMaxSuppression", 10, non_max_suppression},
    {"MaxRoiPool", 1, max_roi_pool},
    {"RoiAlign", 10, roi_align},
};

}  // namespace

std::span<const LoweringRow> vision_lowerings() { return rows; }

}  // namespace isotrace::executor
