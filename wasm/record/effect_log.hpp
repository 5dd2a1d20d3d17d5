// The effects of every step of a run, written as they happen (docs/formats/effects.md).
#pragma once

#include <isotrace/core/file.hpp>
#include <isotrace/wasm/record/engines.hpp>
#include <isotrace/wasm/record/step_effect.hpp>

namespace isotrace::wasm {

class EffectLog {
 public:
  /// Refuses what Files::begin refuses. The digest is the program's.
  static core::Result<EffectLog> begin(core::Files& files, const std::string& path,
                                       const core::Digest& program);

  /// The first failure is told by finish().
  void add(const StepEffect& effect, Opcode opcode);
  /// A step with one write at most, `bytes`; none if they are empty.
  void add(std::uint32_t pc, Opcode opcode, std::span<const Slot> results, std::uint64_t address,
           std::span<const std::uint8_t> bytes);

  struct Summary {
    std::uint64_t steps = 0;
    std::uint64_t bytes = 0;
    core::Digest digest;
  };
  /// Publishes the file. Call once; nothing may follow.
  core::Result<Summary> finish();

 private:
  explicit EffectLog(std::unique_ptr<core::PendingFile> file) : file_(std::move(file)) {}
  /// Room for as many bytes more; used_ counts those that come to be used.
  std::uint8_t* reserve(std::size_t size);
  void write_pieces();
  void write(core::ByteView piece);

  std::unique_ptr<core::PendingFile> file_;
  core::Bytes buffer_;
  std::size_t used_ = 0;      ///< of the buffer
  core::ByteWriter digests_;  ///< of the pieces written
  Summary summary_;
  core::Result<core::Done> written_ = core::Done{};
};

/// The reference, watched: each step is added to the log, which must outlive the engine. It begins
/// at the first step; states are not restored.
EngineFactory logging_engine(EffectLog& log, const Module& module);

}  // namespace isotrace::wasm
