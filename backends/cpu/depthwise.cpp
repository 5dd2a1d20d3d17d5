#include <isotrace/backends/cpu/conv.hpp>

#include <isotrace/backends/cpu/strided_loop.hpp>

namespace isotrace::backends::cpu {
namespace {

class Depthwise {
 public:
  Depthwise(const ConvCall& call, const Engine& engine)
      : weights_(call.weights),
        bias_(call.bias),
        layout_(*call.layout),
        vectors_(engine.vectors),
        rows_(call.geometry.axes[0].output),
        columns_(call.geometry.axes[1].output),
        whole_(call.geometry.axes[0].stride == 1 && call.geometry.axes[1].stride == 1) {}

  /// Elements of the scratch that run_output takes.
  [[nodiscard]] std::size_t scratch() const {
    return static_cast<std::size_t>(whole_ ? whole_count() : columns_);
  }

  /// One output channel from its padded input channel.
  void run_output(const float* padded, Index output, float* scratch, float* out) const {
    if (whole_) {
      // Windows that begin at the end of one line and end in the next are computed too, and left.
      run_windows(padded, output, 0, scratch, whole_count());
      for (Index row = 0; row < rows_; ++row) {
        finish(scratch + row * layout_.line(), output, out + row * columns_);
      }
      return;
    }
    for (Index row = 0; row < rows_; ++row) {
      run_windows(padded, output, row, scratch, columns_);
      finish(scratch, output, out + row * columns_);
    }
  }

 private:
  [[nodiscard]] Index whole_count() const { return (rows_ - 1) * layout_.line() + columns_; }

  void run_windows(const float* padded, Index output, Index row, float* out, Index count) const {
    vectors_.window_products({.plane = padded + layout_.window(row * columns_),
                              .taps = layout_.taps().data(),
                              .tap_count = std::ssize(layout_.taps()),
                              .stride = layout_.axes()[1].stride,
                              .weights = weights_ + output * std::ssize(layout_.taps()),
                              .out = out,
                              .count = count});
  }

  /// The bias, if there is one, and canonical NaN; x * 1 is x.
  void finish(const float* sums, Index output, float* out) const {
    const float one = 1.0F;
    if (bias_ != nullptr) {
      vectors_.add({sums, bias_ + output, out, columns_, false, true});
    } else {
      vectors_.mul({sums, &one, out, columns_, false, true});
    }
  }

  const float* weights_;
  const float* bias_;
  const PaddedChannels& layout_;
  const VectorKernels& vectors_;
  Index rows_;
  Index columns_;
  bool whole_;
};

}  // namespace

bool is_depthwise(const ConvCall& call) {
  return call.layout != nullptr && call.geometry.group_inputs == 1 &&
         call.geometry.axes.size() == 2 && call.taps <= call.segment;
}

void run_depthwise(const ConvCall& call, const Engine& engine) {
  const Depthwise depthwise(call, engine);
  const PaddedChannels& layout = *call.layout;
  const Index groups = call.geometry.groups;
  const Index outputs = call.geometry.group_outputs;
  run_pieces(engine.pool, call.geometry.batch * groups,
             std::max<Index>(1, piece_elements / layout.size()), [&](Index at, Index count) {
               std::vector<float> padded(static_cast<std::size_t>(layout.size_of(1)));
               std::vector<float> scratch(depthwise.scratch());
               for (Index channel = at; channel < at + count; ++channel) {
                 layout.fill(call.inputs_of(0, channel), 1, 0.0F, padded.data());
                 for (Index i = 0; i < outputs; ++i) {
                   depthwise.run_output(padded.data(), channel % groups * outputs + i,
                                        scratch.data(),
                                        call.outputs_of(0, channel) + i * call.columns);
                 }
               }
             });
}

}  // namespace isotrace::backends::cpu
