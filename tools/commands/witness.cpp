// `isotrace witness`: runs a WebAssembly module to a step and writes the witness of it, which
// `isotrace-verify step` judges without the module.
#include <charconv>

#include <isotrace/core/check.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/wasm/instantiate.hpp>
#include <isotrace/wasm/make_witness.hpp>
#include <isotrace/wasm/state.hpp>
#include <isotrace/wasm/stepper.hpp>
#include <isotrace/wasm/validate.hpp>
#include <isotrace/wasm/witness/check_step.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;
using core::Result;

/// An integer of the type, signed or unsigned; only whole ones of decimal digits.
template <class U>
Result<wasm::Slot> parse_integer(const std::string& text) {
  using S = std::make_signed_t<U>;
  const char* end = text.data() + text.size();
  U value = 0;
  if (const auto read = std::from_chars(text.data(), end, value);
      read.ec == std::errc() && read.ptr == end) {
    return wasm::Slot{value};
  }
  S negative = 0;
  if (const auto read = std::from_chars(text.data(), end, negative);
      read.ec == std::errc() && read.ptr == end) {
    return wasm::Slot{static_cast<U>(negative)};
  }
  return core::refuse(RefusalCode::text_not_number, "ARGUMENT", "'" + text + "'");
}

Result<std::vector<wasm::Slot>> parse_call(const wasm::FunctionType& type,
                                           std::span<const std::string> texts) {
  std::vector<wasm::Slot> slots;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const bool is_i32 = i < type.parameters.size() && type.parameters[i] == wasm::ValueType::i32;
    const bool is_i64 = i < type.parameters.size() && type.parameters[i] == wasm::ValueType::i64;
    if (!is_i32 && !is_i64) {
      return core::refuse(RefusalCode::wasm_arguments_mismatch, wasm::type_text(type),
                          "integers can be given, one for each parameter");
    }
    ISOTRACE_TRY(slots.emplace_back(), is_i32 ? parse_integer<std::uint32_t>(texts[i])
                                              : parse_integer<std::uint64_t>(texts[i]));
  }
  return slots;
}

/// A module that imports nothing, in a store of its own, and how far it has come.
struct Run {
  wasm::Store store;
  wasm::Stepper stepper{store};

  Result<core::Done> begin(core::Bytes bytes, wasm::Edition edition) {
    ISOTRACE_TRY(wasm::Module loaded, wasm::load_module(std::move(bytes), edition));
    const auto module = std::make_shared<const wasm::Module>(std::move(loaded));
    ISOTRACE_TRY(const auto imports, wasm::resolve_imports(store, *module, {}));
    ISOTRACE_TRY(const wasm::Instantiation made, wasm::instantiate(store, module, imports));
    if (made.trap != wasm::Trap::none) return refuse_end("instantiation", made.trap);
    if (made.start) {
      ISOTRACE_TRY_DONE(stepper.begin(*made.start, {}));
    }
    return core::Done{};
  }

  Result<core::Done> call(const std::string& name, std::span<const std::string> texts) {
    const wasm::Namespace exports = wasm::exports_of(store, 0);
    const auto found = exports.find(name);
    if (found == exports.end() || found->second.kind != wasm::ExternKind::function) {
      return core::refuse(RefusalCode::wasm_export_unknown, "function " + name);
    }
    const wasm::Address function = found->second.address;
    ISOTRACE_TRY(const auto slots, parse_call(store.type_of(function), texts));
    return stepper.begin(function, slots);
  }

  /// Before the first opcode that counts after that many steps. False: it ended before.
  bool go_to(std::uint64_t steps) {
    if (stepper.run(steps)) return false;
    while (stepper.state().status == wasm::Status::running && !wasm::is_step(next_opcode())) {
      stepper.step();
    }
    return stepper.state().status == wasm::Status::running;
  }

  static tl::unexpected<core::Refusal> refuse_end(const std::string& where, wasm::Trap trap) {
    const bool trapped = trap != wasm::Trap::none;
    return core::refuse(RefusalCode::wasm_step_unknown, where,
                        trapped ? "trap: " + std::string(wasm::trap_text(trap)) : "finished");
  }

 private:
  /// Those that do not count are single bytes.
  wasm::Opcode next_opcode() {
    const std::uint32_t pc = stepper.state().frames.back().pc;
    return static_cast<wasm::Opcode>(store.instances[0].module->bytes[pc]);
  }
};

/// Executes the start function, then the one named, up to the step.
Result<core::Done> run_to_step(Run& run, const Arguments& arguments, std::uint64_t step) {
  if (run.stepper.state().status == wasm::Status::running && run.go_to(step)) return core::Done{};
  if (run.stepper.state().status != wasm::Status::trapped) {
    const std::span<const std::string> texts = arguments.operands();
    ISOTRACE_TRY_DONE(run.call(arguments.value("--invoke"), texts.subspan(1)));
    if (run.go_to(step)) return core::Done{};
  }
  const wasm::Execution& state = run.stepper.state();
  return Run::refuse_end("step " + std::to_string(state.steps), state.trap);
}

Result<std::uint64_t> load_step(const Arguments& arguments) {
  const std::string text = arguments.value("--step");
  const auto step = parse_count(text);
  if (!step) return core::refuse(RefusalCode::text_not_number, "--step", "'" + text + "'");
  return *step;
}

/// The engine has the last word: the root that the witness claims is that of its next state.
void expect_engine_agrees(Run& run, const wasm::Witness& witness) {
  run.stepper.step();
  const trace::StateRecord after =
      wasm::state_record(run.store, run.stepper.state(), witness.before.program);
  ISOTRACE_CHECK(trace::state_root(after) == witness.after, witness.before.steps);
}

int write_answer(const Context& context, const wasm::StepReport& judged, wasm::Frame frame,
                 std::size_t bytes) {
  if (context.json) {
    context.print({{"steps", judged.steps},
                   {"opcode", judged.opcode->text},
                   {"function", frame.function},
                   {"pc", frame.pc},
                   {"programDigest", judged.program.hex()},
                   {"before", judged.before.hex()},
                   {"after", judged.after.hex()},
                   {"bytes", bytes}});
    return exit_yes;
  }
  context.out << "step " << judged.steps << ": " << judged.opcode->text << " at byte " << frame.pc
              << " in function " << frame.function << ", " << bytes << " bytes\nprogram "
              << judged.program.hex() << "\nbefore  " << judged.before.hex() << "\nafter   "
              << judged.after.hex() << "\n";
  return exit_yes;
}

}  // namespace

int witness_command(const Context& context, const Arguments& arguments) {
  ISOTRACE_OR_REPORT(context, const std::uint64_t step, load_step(arguments));
  ISOTRACE_OR_REPORT(context, core::Bytes module,
                     context.read(arguments.operand(0), core::limits::wasm_module_bytes_max));
  const bool mvp = arguments.value("--edition") == "1.0";
  Run run;
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done begun,
                     run.begin(std::move(module), mvp ? wasm::Edition::mvp : wasm::Edition::v2));
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done reached,
                     run_to_step(run, arguments, step));
  ISOTRACE_OR_REPORT(context, const wasm::WitnessMaker maker, wasm::WitnessMaker::make(run.store));
  const wasm::Frame frame = run.stepper.state().frames.back();
  const wasm::Witness witness = maker.make_witness(run.stepper.state(), nullptr);
  expect_engine_agrees(run, witness);
  ISOTRACE_OR_REPORT(context, const wasm::StepReport judged, wasm::check_step(witness));
  const core::Bytes bytes = wasm::write_witness(witness);
  ISOTRACE_OR_REPORT(context, [[maybe_unused]] const core::Done written,
                     context.write(arguments.value("--out"), bytes));
  return write_answer(context, judged, frame, bytes.size());
}

}  // namespace isotrace::tools
