// Two engines that take turns on one execution: each goes on from the state of the other. What one
// of them keeps beside the state cannot get lost without a difference.
#pragma once

#include <algorithm>
#include <memory>

#include <isotrace/wasm/engine.hpp>

namespace isotrace::wasm::tests {

class Relay : public Engine {
 public:
  /// Both over the same store. They change places after `stride` steps or more, which doubles every
  /// time, so that long runs stay cheap.
  Relay(std::unique_ptr<Engine> first, std::unique_ptr<Engine> second, std::uint64_t stride)
      : now_(std::move(first)), next_(std::move(second)), stride_(stride) {}

  core::Result<core::Done> begin(Address function, std::span<const Slot> arguments) override {
    return now_->begin(function, arguments);
  }

  bool run_to_suspend_point(std::uint64_t steps_min) override {
    for (;;) {
      const std::uint64_t turn = now_->steps() + stride_;
      const bool ended = now_->run_to_suspend_point(std::min(steps_min, turn));
      if (ended || now_->steps() >= steps_min) return ended;
      next_->restore(now_->state());
      std::swap(now_, next_);
      stride_ *= 2;
    }
  }

  [[nodiscard]] const Execution& state() override { return now_->state(); }
  [[nodiscard]] std::uint64_t steps() const override { return now_->steps(); }
  void restore(const Execution& state) override { now_->restore(state); }

 private:
  std::unique_ptr<Engine> now_;
  std::unique_ptr<Engine> next_;
  std::uint64_t stride_;
};

}  // namespace isotrace::wasm::tests
