#include <isotrace/wasm/record/effect_log.hpp>

#include <isotrace/core/blake3.hpp>

namespace isotrace::wasm {
namespace {

using core::Done;
using core::Result;

constexpr std::size_t piece_bytes = std::size_t{1} << 20;

void append(core::Bytes& out, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

class LoggingEngine final : public Engine {
 public:
  LoggingEngine(Store& store, EffectLog& log, const Module& module)
      : store_(store),
        module_(module),
        log_(log),
        code_(module),
        stepper_(store),
        watch_(store, stepper_, code_) {}

  Result<Done> begin(Address function, std::span<const Slot> arguments) override {
    return stepper_.begin(function, arguments);
  }
  bool run_to_suspend_point(std::uint64_t steps_min) override {
    while (stepper_.state().status == Status::running) {
      if (stepper_.steps() >= steps_min && at_suspend_point()) return false;
      const auto effect = watch_.execute_opcode();
      if (effect) log_.add(*effect, code_.at(effect->pc).instruction.opcode);
    }
    return true;
  }
  [[nodiscard]] const Execution& state() override { return stepper_.state(); }
  [[nodiscard]] std::uint64_t steps() const override { return stepper_.steps(); }
  void restore(const Execution& state) override { stepper_.restore(state); }

 private:
  [[nodiscard]] bool at_suspend_point() {
    const Frame& frame = stepper_.state().frames.back();
    const Function& function = module_.functions[store_.functions[frame.function].index];
    return code_.at(frame.pc).instruction.opcode == Opcode::loop || frame.pc == function.body.begin;
  }

  Store& store_;
  const Module& module_;
  EffectLog& log_;
  CodeTable code_;
  Stepper stepper_;
  StepWatch watch_;
};

}  // namespace

Result<EffectLog> EffectLog::begin(core::Files& files, const std::string& path,
                                   const core::Digest& program) {
  ISOTRACE_TRY(auto file, files.begin(path));
  EffectLog log(std::move(file));
  core::ByteWriter head;
  head.text("isotrace.wasm.effects.v1").raw(program.view());
  log.buffer_ = head.take();
  return log;
}

void EffectLog::add(const StepEffect& effect, Opcode opcode) {
  append(buffer_, effect.pc, 4);
  append(buffer_, static_cast<std::uint16_t>(opcode), 2);
  append(buffer_, effect.results.size(), 2);
  append(buffer_, effect.writes.size(), 4);
  for (const Slot result : effect.results) append(buffer_, result, 8);
  for (const trace::HostWrite& write : effect.writes) {
    append(buffer_, write.address, 8);
    append(buffer_, write.bytes.size(), 8);
    buffer_.insert(buffer_.end(), write.bytes.begin(), write.bytes.end());
  }
  ++summary_.steps;
  while (buffer_.size() >= piece_bytes) write(piece_bytes);
}

/// The first `size` bytes of the buffer are a piece.
void EffectLog::write(std::size_t size) {
  const core::ByteView piece = core::ByteView(buffer_).first(size);
  digests_.raw(core::blake3(piece).view());
  summary_.bytes += size;
  if (written_) written_ = file_->append(piece);
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
}

Result<EffectLog::Summary> EffectLog::finish() {
  if (!buffer_.empty()) write(buffer_.size());
  ISOTRACE_TRY_DONE(written_);
  ISOTRACE_TRY_DONE(file_->publish());
  summary_.digest = core::blake3(digests_.bytes());
  return summary_;
}

EngineFactory logging_engine(EffectLog& log, const Module& module) {
  return
      [&log, &module](Store& store) { return std::make_unique<LoggingEngine>(store, log, module); };
}

}  // namespace isotrace::wasm
