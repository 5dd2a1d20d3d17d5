#include <isotrace/wasm/record/effect_log.hpp>

#include <bit>
#include <cstring>

#include <isotrace/core/blake3.hpp>
#include <isotrace/core/float_environment.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

constexpr std::string_view log_mark = "isotrace.wasm.effects.v2";
constexpr std::size_t piece_bytes = std::size_t{1} << 20;

constexpr std::size_t head_bytes = 12;

template <class T>
void put(std::uint8_t*& out, T value) {
  static_assert(std::endian::native == std::endian::little);
  std::memcpy(out, &value, sizeof value);
  out += sizeof value;
}

void put_head(std::uint8_t*& out, std::uint32_t pc, Opcode opcode, std::size_t results,
              std::size_t writes) {
  put(out, pc);
  put(out, static_cast<std::uint16_t>(opcode));
  put(out, static_cast<std::uint16_t>(results));
  put(out, static_cast<std::uint32_t>(writes));
}

void put_bytes(std::uint8_t*& out, const void* from, std::size_t size) {
  if (size != 0) std::memcpy(out, from, size);
  out += size;
}

/// Whether all that the opcode does is seen in its operands and results, but for a store.
bool is_plain(Opcode opcode) {
  return opcode != Opcode::call && opcode != Opcode::call_indirect &&
         opcode != Opcode::memory_fill && opcode != Opcode::memory_copy &&
         opcode != Opcode::memory_init;
}

class LoggingEngine final : public Engine {
 public:
  LoggingEngine(Store& store, EffectSink& sink, const CodeTable& code)
      : store_(store), sink_(sink), code_(code), stepper_(store), watch_(store, stepper_, code_) {}

  Result<Done> begin(Address function, std::span<const Slot> arguments) override {
    return stepper_.begin(function, arguments);
  }
  bool run_to_suspend_point(std::uint64_t steps_min) override {
    const core::FloatEnvironment environment;
    while (stepper_.state().status == Status::running) {
      if (stepper_.steps() >= steps_min && at_suspend_point()) return false;
      const CodeTable::Entry& entry = code_.at(stepper_.state().frames.back().pc);
      const Opcode opcode = entry.instruction.opcode;
      if (!is_step(opcode) || stepper_.steps() < sink_.from || stepper_.steps() > sink_.to) {
        stepper_.step_in_environment();
      } else if (is_plain(opcode)) {
        execute_plain(entry);
      } else if (const auto effect = watch_.execute_opcode()) {
        sink_.steps.add(*effect, opcode);
      }
      if (sink_.steps.bytes().size() >= sink_.bytes_max) sink_.take(sink_.steps);
    }
    return true;
  }
  [[nodiscard]] const Execution& state() override { return stepper_.state(); }
  [[nodiscard]] std::uint64_t steps() const override { return stepper_.steps(); }
  void restore(const Execution& state) override { stepper_.restore(state); }

 private:
  /// The same as the watch, but without a list of its own for each step.
  void execute_plain(const CodeTable::Entry& entry) {
    const Execution& state = stepper_.state();
    const Instruction& now = entry.instruction;
    const bool stores =
        now.info->immediates == Immediates::memory_access && entry.effect.pushes == 0;
    std::uint64_t address = 0;
    if (stores) {
      const Slot base = state.slots[state.slots.size() - entry.effect.pops];
      address = std::uint64_t{static_cast<std::uint32_t>(base)} + now.second;
    }
    const Address function = state.frames.back().function;
    stepper_.step_in_environment();
    if (state.status == Status::trapped) return sink_.steps.add(now.offset, now.opcode, {}, 0, {});
    std::span<const std::uint8_t> written;
    if (stores) {
      const ModuleInstance& instance = store_.instances[store_.functions[function].instance];
      written = std::as_const(store_.memories[instance.memories[0]].data)
                    .bytes()
                    .subspan(address, std::size_t{1} << now.info->alignment);
    }
    sink_.steps.add(now.offset, now.opcode, std::span(state.slots).last(entry.effect.pushes),
                    address, written);
  }

  [[nodiscard]] bool at_suspend_point() {
    const Frame& frame = stepper_.state().frames.back();
    const FunctionInstance& instance = store_.functions[frame.function];
    const Module& module = *store_.instances[instance.instance].module;
    return code_.at(frame.pc).instruction.opcode == Opcode::loop ||
           frame.pc == module.functions[instance.index].body.begin;
  }

  Store& store_;
  EffectSink& sink_;
  const CodeTable& code_;
  Stepper stepper_;
  StepWatch watch_;
};

}  // namespace

std::uint8_t* EffectBytes::reserve(std::size_t size) {
  if (buffer_.size() - used_ < size) buffer_.resize(used_ + size + piece_bytes);
  return &buffer_[used_];
}

void EffectBytes::add(const StepEffect& effect, Opcode opcode) {
  std::size_t size = head_bytes + 8 * effect.results.size();
  for (const trace::HostWrite& write : effect.writes) size += 16 + write.bytes.size();
  std::uint8_t* out = reserve(size);
  put_head(out, effect.pc, opcode, effect.results.size(), effect.writes.size());
  put_bytes(out, effect.results.data(), 8 * effect.results.size());
  for (const trace::HostWrite& write : effect.writes) {
    put(out, write.address);
    put(out, std::uint64_t{write.bytes.size()});
    put_bytes(out, write.bytes.data(), write.bytes.size());
  }
  used_ += size;
  ++steps_;
}

void EffectBytes::add(std::uint32_t pc, Opcode opcode, std::span<const Slot> results,
                      std::uint64_t address, std::span<const std::uint8_t> bytes) {
  const std::size_t size =
      head_bytes + results.size_bytes() + (bytes.empty() ? 0 : 16 + bytes.size());
  std::uint8_t* out = reserve(size);
  put_head(out, pc, opcode, results.size(), bytes.empty() ? 0 : 1);
  put_bytes(out, results.data(), results.size_bytes());
  if (!bytes.empty()) {
    put(out, address);
    put(out, std::uint64_t{bytes.size()});
    put_bytes(out, bytes.data(), bytes.size());
  }
  used_ += size;
  ++steps_;
}

void EffectBytes::clear() {
  used_ = 0;
  steps_ = 0;
}

Result<EffectLog> EffectLog::begin(core::Files& files, const std::string& path,
                                   const core::Digest& program, std::uint64_t first) {
  ISOTRACE_TRY(auto file, files.begin(path));
  EffectLog log(std::move(file));
  core::ByteWriter head;
  head.text(log_mark).raw(program.view()).u64(first);
  log.append(head.bytes());
  return log;
}

void EffectLog::append(const EffectBytes& steps) {
  append(steps.bytes());
  summary_.steps += steps.steps();
}

void EffectLog::append(core::ByteView bytes) {
  while (!bytes.empty()) {
    const std::size_t taken = std::min(piece_bytes - piece_.size(), bytes.size());
    if (taken == piece_bytes) {
      write(bytes.first(taken));
    } else {
      piece_.insert(piece_.end(), bytes.begin(),
                    bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    bytes = bytes.subspan(taken);
    if (piece_.size() < piece_bytes) continue;
    write(piece_);
    piece_.clear();
  }
}

void EffectLog::write(core::ByteView piece) {
  digests_.raw(core::blake3(piece).view());
  summary_.bytes += piece.size();
  if (written_) written_ = file_->append(piece);
}

Result<EffectLog::Summary> EffectLog::finish() {
  if (!piece_.empty()) write(piece_);
  ISOTRACE_TRY_DONE(written_);
  ISOTRACE_TRY_DONE(file_->publish());
  summary_.digest = core::blake3(digests_.bytes());
  return summary_;
}

EngineFactory logging_engine(EffectSink& sink, const CodeTable& code) {
  return
      [&sink, &code](Store& store) { return std::make_unique<LoggingEngine>(store, sink, code); };
}

}  // namespace isotrace::wasm
