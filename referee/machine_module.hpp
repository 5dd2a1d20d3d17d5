// What a WebAssembly module says of a run whose identity is known, before anything is executed:
// where the run begins, and where leaves are due (internal to the referee).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <isotrace/wasm/record/open_recorded.hpp>

namespace isotrace::referee {

/// The frames of a state from the bytes that its digest covers.
inline constexpr std::size_t frame_bytes = 16;
std::vector<wasm::Frame> parse_frames(core::ByteView bytes);

class MachineModule {
 public:
  /// Refuses what wasm::request_of and wasm::open_recorded refuse.
  static core::Result<MachineModule> make(const trace::TraceIdentity& identity,
                                          core::ByteView module);

  /// The state after the first call has begun; nothing if it is one of the host.
  [[nodiscard]] const std::optional<trace::StateRecord>& beginning() const { return beginning_; }
  /// A function of the host by its number among imports, "MODULE.NAME"; empty if there is none.
  [[nodiscard]] std::string host_function(std::uint32_t number) const;
  /// Whether a start function is called before the function that is invoked.
  [[nodiscard]] bool has_two_calls() const { return opened_.run->calls() == 2; }
  /// The state after `finished`, the end of the first call, when the second one has begun; nothing
  /// if it is a call of the host.
  [[nodiscard]] std::optional<trace::StateRecord> begin_second_call(
      const trace::StateRecord& finished) const;
  /// Of a running state with these frames, where there are two calls; nothing if they do not tell.
  [[nodiscard]] std::optional<bool> is_in_last_call(const std::vector<wasm::Frame>& frames) const;
  /// Whether a running state may be the leaf behind the state `before`; nothing if that is not
  /// known.
  [[nodiscard]] std::optional<bool> is_leaf_due(const trace::StateRecord& before,
                                                const std::vector<wasm::Frame>& frames_before,
                                                const trace::StateRecord& state,
                                                const std::vector<wasm::Frame>& frames) const;

 private:
  MachineModule() = default;
  /// The function's code; nullptr for functions of the host and for numbers that none has.
  [[nodiscard]] const wasm::Function* find_code(wasm::Address function) const;

  std::unique_ptr<trace::Trace> trace_;  // without calls of the host: none is made
  wasm::RunRequest request_;
  wasm::RecordedRun opened_;
  std::optional<trace::StateRecord> beginning_;
};

}  // namespace isotrace::referee
