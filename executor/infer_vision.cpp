// Shapes of image operations and of what undoes windows: where every size is known the reference's
// own geometry answers, otherwise the rank at most.
#include <algorithm>

#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/grid.hpp>
#include <isotrace/reference/resize.hpp>
#include <isotrace/reference/roi.hpp>
#include <isotrace/reference/suppression.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::executor {
namespace {

using core::Node;
using core::Op;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Infos = std::vector<ValueInfo>;
using Ints = std::vector<std::int64_t>;

bool is_concrete(const MaybeShape& shape) {
  return shape && std::ranges::none_of(*shape, [](auto size) { return size < 0; });
}

/// One result of the type of operand 0.
Infos of_shape(OperandInfos operands, MaybeShape shape) {
  return {{operands[0]->dtype, std::move(shape), std::nullopt}};
}

/// Unknown sizes with the rank of operand 0.
Infos of_rank(OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  return of_shape(operands, x ? MaybeShape(Shape(x->size(), unknown_size)) : std::nullopt);
}

/// The list that an operand holds; nothing if it is left out or has no entries.
Result<std::optional<std::vector<float>>> find_reals(OperandInfos operands, std::size_t index) {
  if (!is_present(operands, index)) return std::nullopt;
  const ValueInfo& info = *operands[index];
  if (info.dtype != core::Dtype::f32) {
    return refuse(RefusalCode::operation_dtype_unsupported, "operand " + std::to_string(index),
                  std::string(core::dtype_name(info.dtype)));
  }
  if (!info.content || info.content->elements() == 0) return std::nullopt;
  const auto data = info.content->data<float>();
  return std::vector<float>(data.begin(), data.end());
}

/// Whether operand `index` may hold a list that is not known yet.
bool is_open(OperandInfos operands, std::size_t index) {
  return is_present(operands, index) && !operands[index]->content &&
         operands[index]->shape != Shape{0};
}

Result<Infos> infer_resize(const Node& node, OperandInfos operands) {
  reference::ResizeRequest request;
  ISOTRACE_TRY(request.scales, find_reals(operands, 2));
  ISOTRACE_TRY(request.sizes, find_integers(operands, 3));
  if (request.scales && request.sizes && request.sizes->empty()) request.sizes.reset();
  const bool open = is_open(operands, 2) || is_open(operands, 3);
  if (open || !is_concrete(operands[0]->shape)) return of_rank(operands);
  ISOTRACE_TRY(auto geometry, reference::resize_geometry(node, *operands[0]->shape, request));
  return of_shape(operands, std::move(geometry.output));
}

Result<Infos> infer_grid_sample(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& grid = operands[1]->shape;
  if (is_concrete(x) && is_concrete(grid)) {
    ISOTRACE_TRY(Shape shape, reference::grid_sample_shape(node, *x, *grid));
    return of_shape(operands, std::move(shape));
  }
  if (!x || !grid || x->size() != grid->size() || x->size() < 3) return of_rank(operands);
  Shape shape = {(*x)[0], (*x)[1]};
  shape.insert(shape.end(), grid->begin() + 1, grid->end() - 1);
  return of_shape(operands, std::move(shape));
}

Result<Infos> infer_affine_grid(const Node&, OperandInfos operands) {
  ISOTRACE_TRY(const auto size, find_integers(operands, 1));
  if (!size || !is_concrete(operands[0]->shape)) return of_shape(operands, std::nullopt);
  ISOTRACE_TRY(Shape shape, reference::affine_grid_shape(*operands[0]->shape, *size));
  return of_shape(operands, std::move(shape));
}

/// Rows of (image, class, box): at most all boxes of every class, or as many as are asked for.
Result<Infos> infer_suppression(const Node&, OperandInfos operands) {
  ValueInfo result = {core::Dtype::i64, Shape{unknown_size, 3}, std::nullopt};
  const MaybeShape& boxes = operands[0]->shape;
  const MaybeShape& scores = operands[1]->shape;
  if (boxes && scores) ISOTRACE_TRY_DONE(reference::check_suppression_shapes(*boxes, *scores));
  ISOTRACE_TRY(const auto most, find_integers(operands, 2));
  if (is_concrete(scores)) {
    ISOTRACE_TRY_DONE(core::element_count(*scores));
    std::int64_t per_class = (*scores)[2];
    if (!is_present(operands, 2)) per_class = 0;
    if (most && most->size() == 1) per_class = std::clamp<std::int64_t>((*most)[0], 0, per_class);
    result.elements_max = 3 * static_cast<std::uint64_t>((*scores)[0]) *
                          static_cast<std::uint64_t>((*scores)[1]) *
                          static_cast<std::uint64_t>(per_class);
  }
  return Infos{result};
}

template <Result<Shape> (*shape_of)(const Node&, reference::Dims, reference::Dims)>
Result<Infos> infer_roi_pool(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& rois = operands[1]->shape;
  if (!is_concrete(x) || !is_concrete(rois)) return of_rank(operands);
  ISOTRACE_TRY(Shape shape, shape_of(node, *x, *rois));
  return of_shape(operands, std::move(shape));
}

Result<Infos> infer_max_unpool(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto requested, find_integers(operands, 2));
  const bool open = is_present(operands, 2) && !requested;
  if (open || !is_concrete(operands[0]->shape)) return of_rank(operands);
  ISOTRACE_TRY(auto shape, reference::unpool_shape(node, *operands[0]->shape,
                                                   requested ? &*requested : nullptr));
  return of_shape(operands, std::move(shape.output));
}

Result<Infos> infer_col2im(const Node& node, OperandInfos operands) {
  ISOTRACE_TRY(const auto image, find_integers(operands, 1));
  ISOTRACE_TRY(const auto block, find_integers(operands, 2));
  if (!image || !block || !is_concrete(operands[0]->shape)) {
    return of_shape(operands, std::nullopt);
  }
  ISOTRACE_TRY(auto geometry,
               reference::col2im_geometry(node, *operands[0]->shape, *image, *block));
  return of_shape(operands, std::move(geometry.output));
}

Result<Infos> infer_deform_conv(const Node& node, OperandInfos operands) {
  const MaybeShape& x = operands[0]->shape;
  const MaybeShape& w = operands[1]->shape;
  if (!is_concrete(x) || !is_concrete(w)) return of_rank(operands);
  ISOTRACE_TRY(auto geometry, reference::deform_conv_geometry(node, *x, *w));
  return of_shape(operands, std::move(geometry.output));
}

constexpr InferRow rows[] = {
    {Op::deform_conv, &infer_deform_conv},
    {Op::max_unpool, &infer_max_unpool},
    {Op::max_roi_pool, &infer_roi_pool<&reference::max_roi_pool_shape>},
    {Op::roi_align, &infer_roi_pool<&reference::roi_align_shape>},
    {Op::col2im, &infer_col2im},
    {Op::resize, &infer_resize},
    {Op::grid_sample, &infer_grid_sample},
    {Op::affine_grid, &infer_affine_grid},
    {Op::non_max_suppression, &infer_suppression},
};

}  // namespace

std::span<const InferRow> infer_vision_rows() { return rows; }

}  // namespace isotrace::executor
