// The loop that Conv and ConvTranspose share: every output element is a contraction over (input
// channel in group, kernel position row-major), always with all taps. A tap without an input
// element is the operand +0, so it still meets its weight (0 * inf is NaN) and every output has the
// same K.
#pragma once

#include <isotrace/reference/odometer.hpp>
#include <isotrace/reference/segmented_sum.hpp>
#include <isotrace/reference/window.hpp>

namespace isotrace::reference {

/// Where weights lie: w[outputs of the group][inputs of the group] or the other way round.
struct WeightStrides {
  std::size_t output;
  std::size_t input;
};

struct WindowOperands {
  TensorView x;
  TensorView w;
  const TensorView* bias;  ///< one element per output channel, or nullptr
  std::int64_t k_segment;
};

/// Output elements computed side by side; only a matter of speed.
inline constexpr std::size_t window_tile = 256;

/// Locate is a function (axis, output position, tap) -> input position, negative or beyond the
/// input where there is none.
template <class T, class Locate>
class WindowContraction {
 public:
  WindowContraction(const ConvGeometry& geometry, const WindowOperands& operands,
                    WeightStrides strides, Locate locate)
      : geometry_(geometry),
        strides_(strides),
        locate_(locate),
        x_(operands.x.data<T>()),
        w_(operands.w.data<T>()),
        bias_(operands.bias == nullptr ? std::span<const T>{} : operands.bias->data<T>()),
        k_segment_(operands.k_segment),
        input_strides_(row_major_strides(operands.x.shape().subspan(2))),
        kernel_strides_(row_major_strides(operands.w.shape().subspan(2))),
        inputs_(static_cast<std::size_t>(geometry.group_inputs)),
        outputs_(static_cast<std::size_t>(geometry.group_outputs)),
        input_size_(product(operands.x.shape(), 2, operands.x.rank())),
        kernel_size_(product(operands.w.shape(), 2, operands.w.rank())),
        output_size_(product(geometry.output, 2, geometry.output.size())) {}

  Result<Tensor> run(Dtype dtype) {
    ISOTRACE_TRY(Tensor out, Tensor::make(dtype, geometry_.output));
    if (out.elements() == 0) return out;
    for (std::int64_t batch = 0; batch < geometry_.batch; ++batch) {
      for (std::int64_t group = 0; group < geometry_.groups; ++group) {
        const auto block = static_cast<std::size_t>(batch * geometry_.groups + group);
        for (std::size_t first = 0; first < output_size_; first += window_tile) {
          contract_tile(block, static_cast<std::size_t>(group), first,
                        std::min(window_tile, output_size_ - first), out.data<T>());
        }
      }
    }
    return out;
  }

 private:
  using Number = Wide<T>;

  /// Output positions [first, first + count) of all output channels of a group. `block` numbers
  /// (batch, group); its input channels and its output channels are consecutive in memory.
  void contract_tile(std::size_t block, std::size_t group, std::size_t first, std::size_t count,
                     std::span<T> out) {
    SegmentedSums<Number> sums(outputs_ * count, k_segment_);
    std::vector<std::int64_t> source(count);
    std::vector<Number> values(count);
    for (std::size_t input = 0; input < inputs_; ++input) {
      const Number* plane = x_.values().data() + (block * inputs_ + input) * input_size_;
      for (std::size_t tap = 0; tap < kernel_size_; ++tap) {
        find_sources(tap, first, source);
        for (std::size_t i = 0; i < count; ++i) {
          values[i] = source[i] < 0 ? Number{0} : plane[source[i]];
        }
        for (std::size_t output = 0; output < outputs_; ++output) {
          const std::size_t weight = group * outputs_ * inputs_ * kernel_size_ +
                                     output * strides_.output + input * strides_.input + tap;
          sums.add_products(output * count, w_.values()[weight], values);
        }
        sums.next_k();
      }
    }
    store_tile(sums.finish(), block, group, first, count, out);
  }

  /// The bias is one addition after the contraction.
  void store_tile(std::span<const Number> sums, std::size_t block, std::size_t group,
                  std::size_t first, std::size_t count, std::span<T> out) {
    for (std::size_t output = 0; output < outputs_; ++output) {
      T* target = out.data() + (block * outputs_ + output) * output_size_ + first;
      for (std::size_t i = 0; i < count; ++i) {
        Number y = sums[output * count + i];
        if (!bias_.values().empty()) y += bias_.values()[group * outputs_ + output];
        target[i] = narrow<T>(y);
      }
    }
  }

  /// For a tap, the offset in its channel of the input element of each output position from `first`
  /// on, or -1.
  void find_sources(std::size_t tap, std::size_t first, std::vector<std::int64_t>& source) const {
    std::fill(source.begin(), source.end(), 0);
    std::size_t inner = 1;  // output positions per step of this axis
    for (std::size_t a = geometry_.axes.size(); a-- > 0;) {
      const WindowAxis& axis = geometry_.axes[a];
      const auto stride = static_cast<std::size_t>(kernel_strides_[a]);
      const auto kernel = static_cast<std::int64_t>(tap / stride) % axis.kernel;
      const auto outputs = static_cast<std::size_t>(axis.output);
      for (std::size_t i = 0; i < source.size(); ++i) {
        const auto position = static_cast<std::int64_t>((first + i) / inner % outputs);
        const std::int64_t input = locate_(axis, position, kernel);
        const bool inside = input >= 0 && input < axis.input && source[i] >= 0;
        source[i] = inside ? source[i] + input * input_strides_[a] : -1;
      }
      inner *= outputs;
    }
  }

  const ConvGeometry& geometry_;
  WeightStrides strides_;
  Locate locate_;
  Widened<T> x_;
  Widened<T> w_;
  Widened<T> bias_;
  std::int64_t k_segment_;
  Strides input_strides_;
  Strides kernel_strides_;
  std::size_t inputs_;
  std::size_t outputs_;
  std::size_t input_size_;
  std::size_t kernel_size_;
  std::size_t output_size_;
};

/// Tap k of output o of a convolution reads input o * stride - pad_begin + k * dilation.
inline std::int64_t locate_conv_input(const WindowAxis& axis, std::int64_t output,
                                      std::int64_t tap) {
  return output * axis.stride - axis.pad_begin + tap * axis.dilation;
}

/// Where the weights of a convolution with kernels of `taps` positions lie.
inline WeightStrides conv_weight_strides(const ConvGeometry& geometry, std::size_t taps) {
  return {static_cast<std::size_t>(geometry.group_inputs) * taps, taps};
}

/// Element types and the bias shape; the geometry has been checked already.
inline Result<WindowOperands> check_window_operands(const Call& call,
                                                    const ConvGeometry& geometry) {
  const WindowOperands operands = {call.operand(0), call.operand(1), call.find_operand(2),
                                   call.node.integer("k_segment")};
  ISOTRACE_TRY_DONE(check_same_dtype(operands.x, operands.w));
  if (operands.bias != nullptr) {
    ISOTRACE_TRY_DONE(check_same_dtype(operands.x, *operands.bias));
    if (operands.bias->rank() != 1 || operands.bias->dim(0) != geometry.output[1]) {
      return refuse_shape("bias " + core::shape_text(operands.bias->shape()));
    }
  }
  return operands;
}

}  // namespace isotrace::reference
