// The effects of steps as a file (docs/formats/effects.md), written while the reference executes
// them: of a run as it happens, or of any part of a recorded one.
#pragma once

#include <functional>

#include <isotrace/core/file.hpp>
#include <isotrace/wasm/record/engines.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

/// Steps one after the other, as logs hold them.
class EffectBytes {
 public:
  void add(const StepEffect& effect, Opcode opcode);
  /// A step with one write at most, `bytes`; none if they are empty.
  void add(std::uint32_t pc, Opcode opcode, std::span<const Slot> results, std::uint64_t address,
           std::span<const std::uint8_t> bytes);

  [[nodiscard]] core::ByteView bytes() const { return core::ByteView(buffer_).first(used_); }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  void clear();

 private:
  /// Room for as many bytes more; used_ counts those that come to be used.
  std::uint8_t* reserve(std::size_t size);

  core::Bytes buffer_;
  std::size_t used_ = 0;
  std::uint64_t steps_ = 0;
};

class EffectLog {
 public:
  /// Of a program's run, from step `first` on. Refuses what Files::begin refuses.
  static core::Result<EffectLog> begin(core::Files& files, const std::string& path,
                                       const core::Digest& program, std::uint64_t first = 0);

  /// Steps that follow those before. The first failure is told by finish().
  void append(const EffectBytes& steps);

  struct Summary {
    std::uint64_t steps = 0;
    std::uint64_t bytes = 0;
    core::Digest digest;
  };
  /// Publishes the file. Call once; nothing may follow.
  core::Result<Summary> finish();

 private:
  explicit EffectLog(std::unique_ptr<core::PendingFile> file) : file_(std::move(file)) {}
  void append(core::ByteView bytes);
  void write(core::ByteView piece);

  std::unique_ptr<core::PendingFile> file_;
  core::Bytes piece_;         ///< the beginning of the next one
  core::ByteWriter digests_;  ///< of the pieces written
  Summary summary_;
  core::Result<core::Done> written_ = core::Done{};
};

/// Which steps a logging engine keeps, and where.
struct EffectSink {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;  ///< the last one
  std::size_t bytes_max = std::size_t{1} << 20;
  EffectBytes steps;
  /// Called with `steps` when they are bytes_max bytes or more; clears them.
  std::function<void(EffectBytes& steps)> take;
};

/// The reference, watched: puts the effects of its steps into the sink. The table is of the module
/// that is executed; all must outlive the engine.
EngineFactory logging_engine(EffectSink& sink, const CodeTable& code);

}  // namespace isotrace::wasm
