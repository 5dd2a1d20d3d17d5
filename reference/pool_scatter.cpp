// What undoes pooling and windows: MaxUnpool and Col2Im (docs/spec/pool.md).
#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/operand_list.hpp>
#include <isotrace/reference/operations.hpp>
#include <isotrace/reference/scalar.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::reference {
namespace {

/// Element offsets in `output` of the positions that `numbered` numbers row-major.
class Renumbering {
 public:
  Renumbering(const Shape& numbered, const Shape& output)
      : strides_(row_major_strides(numbered)), targets_(row_major_strides(output)) {}

  [[nodiscard]] std::size_t operator()(std::int64_t number) const {
    std::int64_t offset = 0;
    for (std::size_t axis = 0; axis < strides_.size(); ++axis) {
      offset += number / strides_[axis] * targets_[axis];
      number %= strides_[axis];
    }
    return static_cast<std::size_t>(offset);
  }

 private:
  Strides strides_;
  Strides targets_;
};

template <class T, class Index>
Result<Tensor> max_unpool(const Call& call, const UnpoolShape& shape) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const std::size_t count, core::element_count(shape.numbered));
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), shape.output));
  const Renumbering place(shape.numbered, shape.output);
  const auto indices = call.operand(1).data<Index>();
  for (std::size_t i = 0; i < indices.size(); ++i) {
    const auto index = static_cast<std::int64_t>(indices[i]);
    if (index < 0 || static_cast<std::size_t>(index) >= count) {
      return refuse_value("index " + std::to_string(index) + " of " + std::to_string(count));
    }
    out.data<T>()[place(index)] = x.data<T>()[i];
  }
  return out;
}

/// Every element of the image gathers the columns that hold it, taps of the block row-major.
template <class T>
Result<Tensor> col2im(const TensorView& x, const PoolGeometry& geometry) {
  ISOTRACE_TRY(Tensor out, Tensor::make(x.dtype(), geometry.output));
  const auto image = std::span<const std::int64_t>(geometry.output).subspan(2);
  Shape block;
  Shape windows;
  for (const WindowAxis& axis : geometry.axes) {
    block.push_back(axis.kernel);
    windows.push_back(axis.output);
  }
  const Strides window_strides = row_major_strides(windows);
  const std::size_t taps = product(block, 0, block.size());
  const std::size_t columns = product(windows, 0, windows.size());
  const std::size_t plane = product(image, 0, image.size());
  const auto source = x.data<T>();
  Odometer at(image);
  for (std::size_t i = 0; i < out.elements(); ++i, at.next()) {
    const std::size_t channel = i / plane;
    Wide<T> sum = 0;
    Odometer tap(block);
    for (std::size_t k = 0; k < taps; ++k, tap.next()) {
      std::int64_t column = 0;
      bool held = true;
      for (std::size_t a = 0; held && a < block.size(); ++a) {
        const WindowAxis& axis = geometry.axes[a];
        const std::int64_t from =
            at.position()[a] + axis.pad_begin - tap.position()[a] * axis.dilation;
        held = from >= 0 && from % axis.stride == 0 && from / axis.stride < axis.output;
        if (held) column += from / axis.stride * window_strides[a];
      }
      if (!held) continue;
      const std::size_t row = channel * taps + k;
      sum = add(sum, widen(source[row * columns + static_cast<std::size_t>(column)]));
    }
    out.data<T>()[i] = narrow<T>(sum);
  }
  return out;
}

}  // namespace

// [pool.max_unpool]
Outcome evaluate_max_unpool(const Call& call) {
  const TensorView& x = call.operand(0);
  const TensorView& indices = call.operand(1);
  const bool wide = indices.dtype() == Dtype::i64;
  if (!wide && indices.dtype() != Dtype::i32) return refuse_dtype(indices.dtype());
  ISOTRACE_TRY(const auto requested, read_optional_integers(call, 2));
  ISOTRACE_TRY(const UnpoolShape shape,
               unpool_shape(call.node, x.shape(), requested ? &*requested : nullptr));
  if (!std::ranges::equal(x.shape(), indices.shape())) {
    return refuse_shape("indices " + core::shape_text(indices.shape()) + " for " +
                        core::shape_text(x.shape()));
  }
  return one(visit_numbers(x.dtype(), [&](auto type) {
    using T = typename decltype(type)::type;
    return wide ? max_unpool<T, std::int64_t>(call, shape)
                : max_unpool<T, std::int32_t>(call, shape);
  }));
}

// [pool.col2im]
Outcome evaluate_col2im(const Call& call) {
  const TensorView& x = call.operand(0);
  ISOTRACE_TRY(const auto image, read_integers(call.operand(1)));
  ISOTRACE_TRY(const auto block, read_integers(call.operand(2)));
  return one(visit_numbers(x.dtype(), [&](auto type) -> Result<Tensor> {
    ISOTRACE_TRY(const PoolGeometry geometry, col2im_geometry(call.node, x.shape(), image, block));
    return col2im<typename decltype(type)::type>(x, geometry);
  }));
}

}  // namespace isotrace::reference
