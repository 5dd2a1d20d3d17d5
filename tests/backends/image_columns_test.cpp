// The gathered columns against the formula of the definition, position by position.
#include <isotrace/backends/cpu/image_columns.hpp>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include <isotrace/backends/cpu/isa.hpp>
#include <tests/backends/values.hpp>

namespace isotrace::backends::cpu {
namespace {

using reference::WindowAxis;

Index product_of(const std::vector<WindowAxis>& axes, std::int64_t WindowAxis::*size) {
  Index product = 1;
  for (const WindowAxis& axis : axes) product *= axis.*size;
  return product;
}

/// Element (k, j) of the columns by the definition: coordinates by division, padding is +0.
float element(const std::vector<float>& image, const std::vector<WindowAxis>& axes, Index k,
              Index j) {
  const Index taps = product_of(axes, &WindowAxis::kernel);
  Index tap = k % taps;
  Index offset = 0;
  Index scale = 1;
  for (std::size_t axis = axes.size(); axis-- > 0;) {
    const WindowAxis& w = axes[axis];
    const Index at = j % w.output * w.stride - w.pad_begin + tap % w.kernel * w.dilation;
    if (at < 0 || at >= w.input) return 0.0F;
    offset += at * scale;
    scale *= w.input;
    j /= w.output;
    tap /= w.kernel;
  }
  return image[static_cast<std::size_t>(k / taps * scale + offset)];
}

WindowAxis make_axis(std::int64_t input, std::int64_t kernel, std::int64_t stride,
                     std::int64_t dilation, std::int64_t begin, std::int64_t end) {
  WindowAxis axis{input, kernel, stride, dilation, begin, end, 0};
  axis.output = (input + begin + end - axis.extent()) / stride + 1;
  return axis;
}

RC_GTEST_PROP(ImageColumns, gathered_panels_are_those_of_the_formula, ()) {
  std::vector<WindowAxis> axes;
  const int rank = *rc::gen::inRange(1, 4);
  for (int i = 0; i < rank; ++i) {
    const auto kernel = *rc::gen::inRange<std::int64_t>(1, 5);
    const auto dilation = *rc::gen::inRange<std::int64_t>(1, 4);
    axes.push_back(make_axis((kernel - 1) * dilation + 1 + *rc::gen::inRange<std::int64_t>(0, 9),
                             kernel, *rc::gen::inRange<std::int64_t>(1, 4), dilation,
                             *rc::gen::inRange<std::int64_t>(0, 6),
                             *rc::gen::inRange<std::int64_t>(0, 6)));
  }
  const Index channels = 3;
  const Index depth = channels * product_of(axes, &WindowAxis::kernel);
  const Index count = product_of(axes, &WindowAxis::output);
  const auto image = tests::random_values(
      static_cast<std::size_t>(channels * product_of(axes, &WindowAxis::input)), 5,
      tests::Values::special);
  const Index width = 16;
  const Index from_k = *rc::gen::inRange<Index>(0, depth);
  const Index from_j = *rc::gen::inRange<Index>(0, count);
  const Index columns = std::min<Index>(count - from_j, 50);
  std::vector<float> packed(static_cast<std::size_t>((depth - from_k) * (columns + width)));
  const auto layout = PaddedChannels::make(axes);
  RC_PRE(layout.has_value());
  std::vector<float> padded(static_cast<std::size_t>(layout->size_of(channels)));
  layout->fill(image.data(), channels, 0.0F, vector_kernels_avx2(), padded.data());
  ImageColumns(padded.data(), *layout, vector_kernels_avx2())
      .pack(kernels_avx2(), from_k, depth - from_k, from_j, columns, width, packed.data());
  for (Index k = from_k; k < depth; ++k) {
    for (Index j = 0; j < columns; ++j) {
      const auto at = static_cast<std::size_t>(j / width * width * (depth - from_k) +
                                               (k - from_k) * width + j % width);
      RC_ASSERT(std::bit_cast<std::uint32_t>(packed[at]) ==
                std::bit_cast<std::uint32_t>(element(image, axes, k, from_j + j)));
    }
  }
}

}  // namespace
}  // namespace isotrace::backends::cpu
