// NonMaxSuppression (docs/spec/vision.md).
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/suppression.hpp>

namespace isotrace::reference {
namespace {

struct Box {
  float left, top, right, bottom;
};

/// Two opposite corners y1, x1, y2, x2 in any order, or with `center` x, y, width, height.
Box make_box(std::span<const float> v, bool center) {
  if (!center) {
    return {minimum(v[1], v[3]), minimum(v[0], v[2]), maximum(v[1], v[3]), maximum(v[0], v[2])};
  }
  const float half_width = v[2] / 2;
  const float half_height = v[3] / 2;
  return {v[0] - half_width, v[1] - half_height, v[0] + half_width, v[1] + half_height};
}

float area(const Box& box) { return (box.right - box.left) * (box.bottom - box.top); }

/// Whether intersection over union is above the threshold; boxes without an area overlap nothing.
bool overlap(const Box& a, const Box& b, float threshold) {
  const float width = minimum(a.right, b.right) - maximum(a.left, b.left);
  const float height = minimum(a.bottom, b.bottom) - maximum(a.top, b.top);
  if (!(width > 0 && height > 0)) return false;
  const float shared = width * height;
  const float united = area(a) + area(b) - shared;
  return united > 0 && shared / united > threshold;
}

struct Thresholds {
  std::size_t boxes;  ///< at most so many per class
  float overlap;
  const float* score;  ///< nullptr: every score will do
};

/// Boxes of one class in order of falling score, equal ones in order of their index; each that
/// overlaps none taken before is taken.
std::vector<std::int64_t> select_boxes(std::span<const Box> boxes, std::span<const float> scores,
                                       const Thresholds& thresholds) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    if (thresholds.score == nullptr || scores[i] > *thresholds.score) order.push_back(i);
  }
  std::ranges::stable_sort(
      order, [scores](std::size_t a, std::size_t b) { return is_greater(scores[a], scores[b]); });
  std::vector<std::int64_t> selected;
  for (const std::size_t candidate : order) {
    if (selected.size() == thresholds.boxes) break;
    const bool suppressed = std::ranges::any_of(selected, [&](std::int64_t taken) {
      return overlap(boxes[static_cast<std::size_t>(taken)], boxes[candidate], thresholds.overlap);
    });
    if (!suppressed) selected.push_back(static_cast<std::int64_t>(candidate));
  }
  return selected;
}

/// The one element of an operand that may be left out.
Result<const float*> read_threshold(const Call& call, std::size_t index) {
  const TensorView* operand = call.find_operand(index);
  if (operand == nullptr) return nullptr;
  if (operand->dtype() != Dtype::f32) return refuse_dtype(operand->dtype());
  if (operand->elements() != 1) return refuse_shape("a threshold is one number");
  return operand->data<float>().data();
}

Result<std::size_t> read_boxes_max(const Call& call) {
  ISOTRACE_TRY(const auto given, read_optional_integers(call, 2));
  if (!given) return 0;
  if (given->size() != 1) return refuse_shape("max_output_boxes_per_class is one number");
  return static_cast<std::size_t>(std::max<std::int64_t>(given->front(), 0));
}

}  // namespace

// [vision.non_max_suppression]
Outcome evaluate_non_max_suppression(const Call& call) {
  const TensorView& boxes = call.operand(0);
  const TensorView& scores = call.operand(1);
  if (boxes.dtype() != Dtype::f32) return refuse_dtype(boxes.dtype());
  ISOTRACE_TRY_DONE(check_same_dtype(boxes, scores));
  ISOTRACE_TRY(const std::size_t boxes_max, read_boxes_max(call));
  ISOTRACE_TRY(const float* overlap_threshold, read_threshold(call, 3));
  ISOTRACE_TRY(const float* score_threshold, read_threshold(call, 4));
  ISOTRACE_TRY_DONE(check_suppression_shapes(boxes.shape(), scores.shape()));
  const bool center = call.node.integer("center_point_box") != 0;
  const Thresholds thresholds = {
      boxes_max, overlap_threshold == nullptr ? 0.0F : *overlap_threshold, score_threshold};
  const auto count = static_cast<std::size_t>(boxes.dim(1));
  std::vector<std::int64_t> rows;
  for (std::int64_t n = 0; scores.elements() != 0 && n < scores.dim(0); ++n) {
    std::vector<Box> of_image;
    const auto corners = boxes.data<float>().subspan(static_cast<std::size_t>(n) * count * 4);
    for (std::size_t i = 0; i < count; ++i) {
      of_image.push_back(make_box(corners.subspan(4 * i, 4), center));
    }
    for (std::int64_t c = 0; c < scores.dim(1); ++c) {
      const auto first = static_cast<std::size_t>(n * scores.dim(1) + c) * count;
      const auto of_class = scores.data<float>().subspan(first, count);
      for (const std::int64_t box : select_boxes(of_image, of_class, thresholds)) {
        rows.insert(rows.end(), {n, c, box});
      }
    }
  }
  std::vector<Tensor> results;
  results.push_back(
      Tensor::of<std::int64_t>({std::ssize(rows) / 3, 3}, std::span<const std::int64_t>(rows)));
  return results;
}

}  // namespace isotrace::reference
