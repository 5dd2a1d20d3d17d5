// Shapes of contractions (matmul, gemm, conv) and sliding windows (conv, pooling). Sizes are
// computed in 128 bits: attributes of hostile graphs reach 2^63.
#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/infer_rules.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::executor {
namespace {

using core::Node;
using core::RefusalCode;
using core::refuse;
using core::Result;
using core::Shape;
using Ints = std::vector<std::int64_t>;
// __extension__: -Wpedantic knows no 128-bit integers, gcc and clang on x86-64 do.
__extension__ using Wide = __int128;

Result<std::int64_t> narrow(Wide size) {
  if (size < 0)
    return refuse(RefusalCode::shape_mismatch, "", "the window is larger than its input");
  if (size > static_cast<Wide>(core::limits::tensor_bytes_max)) {
    return refuse(RefusalCode::limit_exceeded, "", "a dimension of the result is too large");
  }
  return static_cast<std::int64_t>(size);
}

/// Agreement of two sizes that must be equal.
Result<core::Done> match(std::int64_t a, std::int64_t b, const char* what) {
  if (a != b && a != unknown_size && b != unknown_size) {
    return refuse(RefusalCode::shape_mismatch, "",
                  std::string(what) + ": " + std::to_string(a) + " and " + std::to_string(b));
  }
  return core::Done{};
}

bool is_concrete(const Shape& shape) {
  return std::find(shape.begin(), shape.end(), unknown_size) == shape.end();
}

/// Where every size is known the reference's own geometry answers.
template <class Geometry>
ShapeResult output_of(const Result<Geometry>& geometry) {
  if (!geometry) return tl::make_unexpected(geometry.error());
  return geometry->output;
}

/// Window attributes along one axis.
struct Window {
  std::int64_t kernel = 1;
  std::int64_t stride = 1;
  std::int64_t dilation = 1;
  std::int64_t pad_begin = 0;
  std::int64_t pad_end = 0;

  [[nodiscard]] Wide extent() const { return Wide{kernel - 1} * dilation + 1; }
};

Result<core::Done> check_list(const Ints& values, std::size_t count, std::int64_t least,
                              const char* name) {
  if (!values.empty() && values.size() != count) {
    return refuse(
        RefusalCode::operation_attribute_invalid, name,
        std::to_string(values.size()) + " values, " + std::to_string(count) + " expected");
  }
  if (std::any_of(values.begin(), values.end(), [least](auto v) { return v < least; })) {
    return refuse(RefusalCode::operation_attribute_invalid, name, "value too small");
  }
  return core::Done{};
}

/// One window per spatial axis; empty attribute lists stand for their defaults.
Result<std::vector<Window>> make_windows(const Node& node, const Ints& kernel) {
  const std::size_t axes = kernel.size();
  const Ints& strides = node.integers("strides");
  const Ints& dilations = node.integers("dilations");
  const Ints& pads = node.integers("pads");
  ISOTRACE_TRY_DONE(check_list(strides, axes, 1, "strides"));
  ISOTRACE_TRY_DONE(check_list(dilations, axes, 1, "dilations"));
  ISOTRACE_TRY_DONE(check_list(pads, 2 * axes, 0, "pads"));
  std::vector<Window> windows(axes);
  for (std::size_t i = 0; i < axes; ++i) {
    windows[i].kernel = kernel[i];
    if (!strides.empty()) windows[i].stride = strides[i];
    if (!dilations.empty()) windows[i].dilation = dilations[i];
    if (!pads.empty()) {
      windows[i].pad_begin = pads[i];
      windows[i].pad_end = pads[axes + i];
    }
    if (kernel[i] == 0 || kernel[i] < unknown_size) {
      return refuse(RefusalCode::shape_mismatch, "",
                    "a kernel of size " + std::to_string(kernel[i]));
    }
  }
  return windows;
}

bool is_same_pad(const std::string& auto_pad) {
  return auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
}

/// Positions of a window along an axis of `size` elements.
Result<std::int64_t> positions(std::int64_t size, const Window& window, const std::string& auto_pad,
                               bool ceil_mode) {
  if (size == unknown_size) return unknown_size;
  if (is_same_pad(auto_pad)) return narrow((Wide{size} + window.stride - 1) / window.stride);
  if (window.kernel == unknown_size) return unknown_size;
  const bool padded = auto_pad != "VALID";
  const Wide begin = padded ? window.pad_begin : 0;
  const Wide end = padded ? window.pad_end : 0;
  const Wide room = Wide{size} + begin + end - window.extent();
  if (room < 0) return narrow(room);
  Wide count = room / window.stride + 1;
  if (ceil_mode && room % window.stride != 0) {
    // A last window that would start in the end padding does not exist.
    if (count * window.stride < Wide{size} + begin) ++count;
  }
  return narrow(count);
}

Ints spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

/// Shapes of data and weights of a convolution, both of rank at least 3 and equal rank.
Result<core::Done> check_conv_ranks(const Shape& x, const Shape& w) {
  if (x.size() < 3 || x.size() != w.size()) {
    return refuse(RefusalCode::shape_mismatch, "",
                  "data " + core::shape_text(x) + " with weights " + core::shape_text(w));
  }
  return core::Done{};
}

Result<core::Done> check_group(std::int64_t group) {
  if (group >= 1) return core::Done{};
  return refuse(RefusalCode::operation_attribute_invalid, "group", std::to_string(group));
}

std::int64_t times(std::int64_t size, std::int64_t factor) {
  std::int64_t product = 0;
  if (size == unknown_size || __builtin_mul_overflow(size, factor, &product)) return unknown_size;
  return product;
}

Result<std::int64_t> transposed_size(std::int64_t size, const Window& window,
                                     std::int64_t output_padding, const std::string& auto_pad) {
  if (size == unknown_size || window.kernel == unknown_size) return unknown_size;
  if (is_same_pad(auto_pad)) return narrow(Wide{size} * window.stride);
  const bool padded = auto_pad != "VALID";
  const Wide pads = padded ? Wide{window.pad_begin} + window.pad_end : 0;
  return narrow(Wide{window.stride} * (size - 1) + output_padding + window.extent() - pads);
}

}  // namespace

ShapeResult infer_matmul(const Node&, OperandInfos operands) {
  if (!operands[0]->shape || !operands[1]->shape) return std::nullopt;
  Shape a = *operands[0]->shape;
  Shape b = *operands[1]->shape;
  if (a.empty() || b.empty()) return refuse(RefusalCode::shape_mismatch, "", "a scalar operand");
  const bool vector_a = a.size() == 1;
  const bool vector_b = b.size() == 1;
  if (vector_a) a.insert(a.begin(), 1);
  if (vector_b) b.push_back(1);
  ISOTRACE_TRY_DONE(match(a.back(), b[b.size() - 2], "contracted dimensions differ"));
  ISOTRACE_TRY(MaybeShape result,
               broadcast(Shape(a.begin(), a.end() - 2), Shape(b.begin(), b.end() - 2)));
  if (!vector_a) result->push_back(a[a.size() - 2]);
  if (!vector_b) result->push_back(b.back());
  return result;
}

ShapeResult infer_gemm(const Node& node, OperandInfos operands) {
  if (!operands[0]->shape || !operands[1]->shape) return std::nullopt;
  Shape a = *operands[0]->shape;
  Shape b = *operands[1]->shape;
  if (a.size() != 2 || b.size() != 2) {
    return refuse(RefusalCode::shape_mismatch, "",
                  core::shape_text(a) + " and " + core::shape_text(b) + ", matrices expected");
  }
  if (node.integer("transA") != 0) std::swap(a[0], a[1]);
  if (node.integer("transB") != 0) std::swap(b[0], b[1]);
  ISOTRACE_TRY_DONE(match(a[1], b[0], "contracted dimensions differ"));
  const Shape result = {a[0], b[1]};
  if (is_present(operands, 2) && operands[2]->shape) {
    ISOTRACE_TRY(const MaybeShape whole, broadcast(result, operands[2]->shape));
    if (whole->size() != 2) return refuse(RefusalCode::shape_mismatch, "", "addend has rank > 2");
    ISOTRACE_TRY_DONE(match((*whole)[0], result[0], "addend is larger than the product"));
    ISOTRACE_TRY_DONE(match((*whole)[1], result[1], "addend is larger than the product"));
  }
  return result;
}

ShapeResult infer_conv(const Node& node, OperandInfos operands) {
  if (!operands[0]->shape || !operands[1]->shape) return std::nullopt;
  const Shape& x = *operands[0]->shape;
  const Shape& w = *operands[1]->shape;
  if (is_concrete(x) && is_concrete(w)) {
    return output_of(reference::conv_geometry(node, x, w));
  }
  ISOTRACE_TRY_DONE(check_conv_ranks(x, w));
  const std::int64_t group = node.integer("group");
  ISOTRACE_TRY_DONE(check_group(group));
  ISOTRACE_TRY_DONE(match(x[1], times(w[1], group), "channels differ"));
  if (w[0] != unknown_size && w[0] % group != 0) {
    return refuse(RefusalCode::shape_mismatch, "", "output channels do not divide into groups");
  }
  ISOTRACE_TRY(const std::vector<Window> windows, make_windows(node, spatial(w)));
  Shape result = {x[0], w[0]};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    ISOTRACE_TRY(const std::int64_t size,
                 positions(x[i + 2], windows[i], node.text("auto_pad"), false));
    result.push_back(size);
  }
  return result;
}

ShapeResult infer_conv_transpose(const Node& node, OperandInfos operands) {
  if (!operands[0]->shape || !operands[1]->shape) return std::nullopt;
  const Shape& x = *operands[0]->shape;
  const Shape& w = *operands[1]->shape;
  if (is_concrete(x) && is_concrete(w)) {
    return output_of(reference::conv_transpose_geometry(node, x, w));
  }
  ISOTRACE_TRY_DONE(check_conv_ranks(x, w));
  const std::int64_t group = node.integer("group");
  ISOTRACE_TRY_DONE(check_group(group));
  ISOTRACE_TRY_DONE(match(x[1], w[0], "channels differ"));
  ISOTRACE_TRY(const std::vector<Window> windows, make_windows(node, spatial(w)));
  const Ints& output_shape = node.integers("output_shape");
  const Ints& output_padding = node.integers("output_padding");
  ISOTRACE_TRY_DONE(check_list(output_shape, windows.size(), 0, "output_shape"));
  ISOTRACE_TRY_DONE(check_list(output_padding, windows.size(), 0, "output_padding"));
  Shape result = {x[0], times(w[1], group)};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const std::int64_t extra = output_padding.empty() ? 0 : output_padding[i];
    ISOTRACE_TRY(const std::int64_t size,
                 output_shape.empty()
                     ? transposed_size(x[i + 2], windows[i], extra, node.text("auto_pad"))
                     : narrow(output_shape[i]));
    result.push_back(size);
  }
  return result;
}

ShapeResult infer_pool(const Node& node, OperandInfos operands) {
  const Ints& kernel = node.integers("kernel_shape");
  ISOTRACE_TRY_DONE(check_list(kernel, kernel.size(), 1, "kernel_shape"));
  ISOTRACE_TRY(const std::vector<Window> windows, make_windows(node, kernel));
  if (!operands[0]->shape) return std::nullopt;
  const Shape& x = *operands[0]->shape;
  if (is_concrete(x)) return output_of(reference::pool_geometry(node, x));
  if (x.size() != kernel.size() + 2) {
    return refuse(RefusalCode::shape_mismatch, "",
                  core::shape_text(x) + " with a kernel of rank " + std::to_string(kernel.size()));
  }
  Shape result = {x[0], x[1]};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    ISOTRACE_TRY(const std::int64_t size, positions(x[i + 2], windows[i], node.text("auto_pad"),
                                                    node.integer("ceil_mode") != 0));
    result.push_back(size);
  }
  return result;
}

ShapeResult infer_global_pool(const Node&, OperandInfos operands) {
  MaybeShape result = operands[0]->shape;
  if (!result) return result;
  if (result->size() < 2) return refuse(RefusalCode::shape_mismatch, "", "rank below 2");
  std::fill(result->begin() + 2, result->end(), 1);
  return result;
}

}  // namespace isotrace::executor
