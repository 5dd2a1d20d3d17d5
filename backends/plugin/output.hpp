// What a plugin prints, on its way to standard error. It prints into a pipe that never makes it
// wait: what does not fit is lost. Of the rest so much is passed on, as lines of printable ASCII,
// and then no more.
#pragma once

#include <isotrace/backends/plugin/channel.hpp>

namespace isotrace::backends::plugin {

/// Bytes that one process may print.
inline constexpr std::size_t output_bytes_max = std::size_t{1} << 18;

class Output {
 public:
  /// The pipe's end to read from, which does not wait.
  explicit Output(Descriptor pipe) : pipe_(std::move(pipe)) {}
  /// Passes on what has been printed since the last time, as far as the limit allows.
  void forward();

 private:
  Descriptor pipe_;
  std::size_t left_ = output_bytes_max;
};

}  // namespace isotrace::backends::plugin
