// Taps of the reference as kernels read them (kernels/interpolate.hpp).
#pragma once

#include <isotrace/backends/gpu/kernels/interpolate.hpp>
#include <isotrace/backends/gpu/work.hpp>
#include <isotrace/reference/taps.hpp>

namespace isotrace::backends::gpu {

/// Rows of taps on the host, without those that lie outside or weigh nothing.
template <class Number>
class TapLists {
 public:
  TapLists() : first_{0} {}
  [[nodiscard]] std::uint64_t rows() const { return first_.size() - 1; }
  /// A row; an element along its axis is `stride` elements of the tensor.
  void add(const reference::AxisTaps& taps, std::int64_t stride) {
    for (const reference::Tap& tap : taps) {
      if (tap.position < 0 || tap.weight == 0) continue;
      offsets_.push_back(tap.position * stride);
      weights_.push_back(static_cast<Number>(tap.weight));
    }
    first_.push_back(std::ssize(offsets_));
  }

  /// The rows on the device.
  struct Sent {
    Array first;
    Array offsets;
    Array weights;

    [[nodiscard]] TapRows<Number> rows_of(const Array& x, std::size_t rank) const {
      return {x.data<Number>(), first.data<std::int64_t>(), offsets.data<std::int64_t>(),
              weights.data<Number>(), static_cast<std::uint32_t>(rank)};
    }
  };
  core::Result<Sent> send(Work& work) const {
    ISOTRACE_TRY(Array first, work.send(first_));
    ISOTRACE_TRY(Array offsets, work.send(offsets_));
    ISOTRACE_TRY(Array weights, work.send(weights_));
    return Sent{std::move(first), std::move(offsets), std::move(weights)};
  }

 private:
  std::vector<std::int64_t> first_;
  std::vector<std::int64_t> offsets_;
  std::vector<Number> weights_;
};

}  // namespace isotrace::backends::gpu
