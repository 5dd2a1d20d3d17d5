// The process that a plugin lives in: isotrace-plugin-host, started with nothing of ours but a
// socket and two files of shared memory. It ends with this object.
#pragma once

#include <string>

#include <isotrace/backends/plugin/channel.hpp>
#include <isotrace/backends/plugin/output.hpp>
#include <isotrace/backends/plugin/plugin_backend.hpp>

namespace isotrace::backends::plugin {

class Process {
 public:
  /// Refuses sandbox_failed.
  static core::Result<Process> start(const std::string& plugin_path, const PluginOptions& options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  /// Lets the plugin close its device, for a short while.
  ~Process();

  [[nodiscard]] Channel& channel() { return channel_; }
  [[nodiscard]] Output& output() { return output_; }
  [[nodiscard]] int operands() const { return operands_.get(); }
  [[nodiscard]] int results() const { return results_.get(); }
  /// For a process that said no more: how it ended, "killed by signal 11 (Segmentation fault)".
  /// Where it has not ended, it is ended.
  std::string end();
  /// Ends it at once.
  void kill();

 private:
  Process(int pid, Descriptor handle, Channel channel, Output output, Descriptor operands,
          Descriptor results);
  /// The status of waitpid, once it has ended by itself within the span or been killed.
  int wait(std::chrono::milliseconds span);

  int pid_;  // -1: it has ended
  Descriptor handle_;
  Channel channel_;
  Output output_;
  Descriptor operands_;
  Descriptor results_;
};

}  // namespace isotrace::backends::plugin
