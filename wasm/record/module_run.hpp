// One run of a module from its first call to its end, checkpoint by checkpoint: what recording,
// replay and everything that looks into a trace have in common.
#pragma once

#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/background_hasher.hpp>
#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/record/engines.hpp>
#include <isotrace/wasm/state.hpp>

namespace isotrace::wasm {

/// The semantics that traces of runs name.
inline constexpr std::string_view semantics_id = "isowasm-1";

/// Steps between checkpoints unless the run says otherwise.
inline constexpr std::uint64_t checkpoint_interval = std::uint64_t{1} << 22;

/// What a run is, before anything is executed.
struct RunRequest {
  std::shared_ptr<const Module> module;  ///< validated
  core::Digest program;                  ///< program_digest(*module, limits)
  std::string invoke;                    ///< exported function, called after the start function
  std::vector<Slot> arguments;
  ProfileLimits limits = {};
  std::uint64_t interval = checkpoint_interval;
  std::vector<trace::Setting> settings = {};
};

trace::TraceIdentity identity_of(const RunRequest& request);

/// The run that a trace is of. `module`: the bytes where the trace does not embed them, else empty.
/// Refuses trace_semantics_unknown, trace_without_program, trace_digest_mismatch (another module),
/// limit_exceeded, and what load_module refuses.
core::Result<RunRequest> request_of(const trace::Trace& trace, core::ByteView module = {});

/// Makes what a module imports, for instantiate(). Addresses of host functions are those of the
/// imports, so that a recording and its replay have the same store.
using Link =
    std::function<core::Result<std::vector<ExternValue>>(Store& store, const Module& module)>;

/// For modules that import nothing; refuses wasm_unlinkable for others.
core::Result<std::vector<ExternValue>> link_nothing(Store& store, const Module& module);

class ModuleRun {
 public:
  /// Instantiates the module; what traps there ends the run before its first call. Refuses
  /// wasm_unlinkable, limit_exceeded, wasm_export_unknown (of the function to invoke),
  /// wasm_arguments_mismatch.
  static core::Result<std::unique_ptr<ModuleRun>> make(const RunRequest& request, const Link& link,
                                                       const EngineFactory& engine);

  enum class Stop : std::uint8_t {
    checkpoint,
    ended,
    halted,  ///< `steps_max` steps are taken, and no checkpoint is here
  };
  /// Goes on to the next checkpoint (trace::CheckpointRecord), to the end, or to the first suspend
  /// point with `steps_max` steps or more.
  Stop run_to_checkpoint(std::uint64_t steps_max = UINT64_MAX);

  /// Which call is executed; 0 before the first one has begun.
  [[nodiscard]] std::uint8_t call() const { return call_; }
  [[nodiscard]] Store& store() { return store_; }
  [[nodiscard]] Engine& engine() { return *engine_; }
  /// The function of a call, and how many calls there are.
  [[nodiscard]] Address function(std::uint8_t call) const { return calls_[call].function; }
  [[nodiscard]] std::size_t calls() const { return calls_.size(); }
  [[nodiscard]] Address invoked() const { return calls_.back().function; }
  [[nodiscard]] const Module& module() const { return *store_.instances[instance_].module; }

  /// The record of the state it is in; only at suspend points and after the end. Costs what was
  /// written since the call before.
  trace::StateRecord record() { return hasher_.record(store_, engine_->state()); }
  /// From here on instead of record(): the same in two halves, between which the run may go on
  /// while a thread hashes. One record at a time.
  void hash_in_background() {
    background_.emplace(program_, store_, std::move(hasher_), std::move(instantiated_));
  }
  void begin_record() { background_->begin(engine_->state()); }
  trace::StateRecord take_record() { return background_->take(); }
  /// By memory: the chunks written between the latest two records, or before the first one since
  /// instantiation.
  [[nodiscard]] const std::vector<std::vector<std::uint32_t>>& changed() const {
    return background_ ? background_->changed() : hasher_.changed();
  }

  /// Begins the call behind the one that has finished, where run_to_checkpoint() does not.
  void begin_next() { begin(static_cast<std::uint8_t>(call_ + 1)); }
  [[nodiscard]] bool in_last_call() const { return call_ + 1U == calls_.size(); }
  /// Goes on with another engine, from a suspend point or the end.
  void change_engine(const EngineFactory& engine);

  /// Puts a state at a suspend point of a call in the place of this one's; the store must be as it
  /// was then.
  void restore(const Execution& state, std::uint8_t call);

 private:
  struct Call {
    Address function = 0;
    std::vector<Slot> arguments;
  };
  explicit ModuleRun(const core::Digest& program) : program_(program), hasher_(program) {}
  core::Result<core::Done> prepare(const RunRequest& request, const Link& link);
  void begin(std::uint8_t call);

  core::Digest program_;
  Store store_;
  std::unique_ptr<Engine> engine_;
  StateHasher hasher_;
  ChunkLists instantiated_;  ///< written before marks began to say what the run writes
  std::optional<BackgroundHasher> background_;
  Address instance_ = 0;
  Trap instantiation_trap_ = Trap::none;
  std::uint64_t interval_ = 0;
  std::vector<Call> calls_;
  std::uint8_t call_ = 0;
  bool begun_ = false;
};

}  // namespace isotrace::wasm
