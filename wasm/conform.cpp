#include <isotrace/wasm/conform.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/script.hpp>
#include <isotrace/wasm/spectest.hpp>
#include <isotrace/wasm/validate.hpp>

namespace isotrace::wasm {
namespace {

using core::RefusalCode;
using core::Result;

/// No action of the suite takes a hundredth of it.
constexpr std::uint64_t action_steps_max = std::uint64_t{1} << 30;

/// Nothing: as expected. A text: what was found instead.
using Complaint = std::optional<std::string>;

/// Results, or the trap that came instead.
struct Ended {
  Trap trap = Trap::none;
  std::vector<Slot> results;
  std::vector<ValueType> types;
};

class ScriptRunner {
 public:
  ScriptRunner(core::Files& files, std::string folder, Edition edition,
               const EngineFactory& make_engine)
      : files_(files),
        folder_(std::move(folder)),
        edition_(edition),
        engine_(make_engine(store_)) {}

  Result<ScriptOutcome> run(const std::vector<ScriptCommand>& commands) {
    ISOTRACE_TRY(imports_[std::string(spectest_name)], make_spectest(store_));
    ScriptOutcome outcome;
    for (const ScriptCommand& command : commands) {
      if (command.is_text) {
        ++outcome.skipped;
        continue;
      }
      const Complaint complaint = judge(command);
      if (unsupported_) {
        return core::refuse_within("line " + std::to_string(command.line), *unsupported_);
      }
      if (complaint) {
        outcome.failures.push_back({command.line, *complaint});
      } else if (is_check(command.kind)) {
        ++outcome.passed;
      }
    }
    outcome.steps = engine_->steps();
    return outcome;
  }

 private:
  static bool is_check(CommandKind kind) {
    return kind != CommandKind::module && kind != CommandKind::register_ &&
           kind != CommandKind::action;
  }

  Complaint judge(const ScriptCommand& command) {
    switch (command.kind) {
      case CommandKind::module: return judge_module(command);
      case CommandKind::register_: return judge_register(command);
      case CommandKind::action: return judge_action(command);
      case CommandKind::assert_return: return judge_return(command);
      case CommandKind::assert_trap:
      case CommandKind::assert_exhaustion: return judge_trap(command);
      case CommandKind::assert_invalid: return judge_refused(command, RefusalCode::wasm_invalid);
      case CommandKind::assert_malformed:
        return judge_refused(command, RefusalCode::wasm_malformed);
      case CommandKind::assert_unlinkable: return judge_unlinkable(command);
      case CommandKind::assert_uninstantiable: return judge_uninstantiable(command);
    }
    return "unknown command";
  }

  // ---- modules

  Result<Module> load(const std::string& file) {
    ISOTRACE_TRY(core::Bytes bytes,
                 files_.read(folder_ + file, core::limits::wasm_module_bytes_max));
    return load_module(std::move(bytes), edition_);
  }

  struct Made {
    Address instance = 0;
    Trap trap = Trap::none;
  };

  /// Loads, links, instantiates, and runs the start function.
  Result<Made> make(const std::string& file) {
    ISOTRACE_TRY(Module loaded, load(file));
    const auto module = std::make_shared<const Module>(std::move(loaded));
    ISOTRACE_TRY(const auto imports, resolve_imports(store_, *module, imports_));
    ISOTRACE_TRY(const Instantiation made, instantiate(store_, module, imports));
    if (made.trap != Trap::none || !made.start) return Made{made.instance, made.trap};
    ISOTRACE_TRY(const Ended ended, call(*made.start, {}));
    return Made{made.instance, ended.trap};
  }

  Complaint judge_module(const ScriptCommand& command) {
    latest_.reset();
    const auto made = make(command.file);
    if (!made && made.error().code == RefusalCode::wasm_unsupported) unsupported_ = made.error();
    if (!made) return command.file + ": " + core::describe(made.error());
    if (made->trap != Trap::none) return "trap: " + std::string(trap_text(made->trap));
    latest_ = made->instance;
    if (!command.name.empty()) named_[command.name] = made->instance;
    return {};
  }

  Complaint judge_register(const ScriptCommand& command) {
    const auto instance = find_instance(command.name);
    if (!instance) return "no module " + command.name;
    imports_[command.as] = exports_of(store_, *instance);
    return {};
  }

  /// An invalid module may be malformed too: wast2json leaves the data count section out where
  /// there are no segments, though code names one.
  Complaint judge_refused(const ScriptCommand& command, RefusalCode code) {
    const auto loaded = load(command.file);
    if (loaded) return expected_but(command, "accepted");
    const RefusalCode found = loaded.error().code;
    const bool as_wanted =
        found == code || found == RefusalCode::wasm_unsupported ||
        (code == RefusalCode::wasm_invalid && found == RefusalCode::wasm_malformed);
    if (as_wanted) return {};
    return expected_but(command, core::describe(loaded.error()));
  }

  Complaint judge_unlinkable(const ScriptCommand& command) {
    const auto made = make(command.file);
    if (!made && made.error().code == RefusalCode::wasm_unlinkable) return {};
    return expected_but(command, made ? "linked" : core::describe(made.error()));
  }

  Complaint judge_uninstantiable(const ScriptCommand& command) {
    const auto made = make(command.file);
    if (!made) return expected_but(command, core::describe(made.error()));
    return judge_trap_text(command, made->trap);
  }

  // ---- actions

  std::optional<Address> find_instance(const std::string& name) const {
    if (name.empty()) return latest_;
    const auto found = named_.find(name);
    return found == named_.end() ? std::nullopt : std::optional(found->second);
  }

  Result<Ended> call(Address function, std::span<const Slot> arguments) {
    ISOTRACE_TRY_DONE(engine_->begin(function, arguments));
    if (!engine_->run_to_suspend_point(engine_->steps() + action_steps_max)) {
      return core::refuse(RefusalCode::limit_exceeded, "action", "too many steps");
    }
    const Execution& state = engine_->state();
    if (state.status == Status::trapped) return Ended{state.trap, {}, {}};
    return Ended{Trap::none, state.slots, store_.type_of(function).results};
  }

  Result<ExternValue> find_field(const ScriptAction& action) {
    const auto refuse = [&](const std::string& what) {
      return core::refuse(RefusalCode::wasm_export_unknown, action.field, what);
    };
    const auto instance = find_instance(action.module);
    if (!instance) return refuse("no module " + action.module);
    const Namespace fields = exports_of(store_, *instance);
    const auto field = fields.find(action.field);
    if (field == fields.end()) return refuse("no export of that name");
    const ExternKind kind = action.invokes ? ExternKind::function : ExternKind::global;
    if (field->second.kind != kind) {
      return refuse(std::string(kind_name(field->second.kind)) + ", not " +
                    std::string(kind_name(kind)));
    }
    return field->second;
  }

  Result<Ended> act(const ScriptAction& action) {
    ISOTRACE_TRY(const ExternValue field, find_field(action));
    if (field.kind == ExternKind::global) {
      const GlobalInstance& global = store_.globals[field.address];
      return Ended{Trap::none, {global.value}, {global.type.value}};
    }
    const FunctionType& type = store_.type_of(field.address);
    std::vector<Slot> slots;
    std::vector<ValueType> types;
    for (const ScriptValue& value : action.arguments) {
      slots.push_back(value.slot);
      types.push_back(value.type);
    }
    if (types != type.parameters) {
      return core::refuse(RefusalCode::wasm_arguments_mismatch, action.field, type_text(type));
    }
    return call(field.address, slots);
  }

  Complaint judge_action(const ScriptCommand& command) {
    const auto ended = act(command.action);
    if (!ended) return core::describe(ended.error());
    if (ended->trap != Trap::none) return "trap: " + std::string(trap_text(ended->trap));
    return {};
  }

  Complaint judge_return(const ScriptCommand& command) {
    const auto ended = act(command.action);
    if (!ended) return core::describe(ended.error());
    if (ended->trap != Trap::none) return "trap: " + std::string(trap_text(ended->trap));
    if (ended->results.size() != command.expected.size()) {
      return std::to_string(ended->results.size()) + " results";
    }
    for (std::size_t i = 0; i < command.expected.size(); ++i) {
      const ScriptValue& expected = command.expected[i];
      const ScriptValue found{ended->types[i], ScriptValue::Pattern::exact, ended->results[i]};
      if (expected.type != found.type || !matches(expected, found.slot)) {
        return command.action.field + ": " + script_value_text(expected) + " expected, " +
               script_value_text(found) + " found";
      }
    }
    return {};
  }

  Complaint judge_trap(const ScriptCommand& command) {
    const auto ended = act(command.action);
    if (!ended) return core::describe(ended.error());
    return judge_trap_text(command, ended->trap);
  }

  /// Scripts shorten a reason or add an index to it.
  static Complaint judge_trap_text(const ScriptCommand& command, Trap trap) {
    const std::string_view found = trap_text(trap);
    const std::string_view expected = command.text;
    if (trap == Trap::none) return expected_but(command, "no trap");
    if (!expected.empty() && (found.starts_with(expected) || expected.starts_with(found))) {
      return {};
    }
    return expected_but(command, "trap: " + std::string(found));
  }

  static std::string expected_but(const ScriptCommand& command, const std::string& found) {
    return "'" + command.text + "' expected; " + found;
  }

  core::Files& files_;
  std::string folder_;
  Edition edition_;
  Store store_;
  std::unique_ptr<Engine> engine_;
  Namespaces imports_;
  std::map<std::string, Address> named_;
  std::optional<Address> latest_;
  std::optional<core::Refusal> unsupported_;  ///< why this script is for another edition
};

}  // namespace

Result<ScriptOutcome> run_script(core::Files& files, const std::string& path, Edition edition,
                                 const EngineFactory& make_engine) {
  ISOTRACE_TRY(const core::Bytes json, files.read(path, core::limits::wasm_module_bytes_max));
  auto commands = parse_script(json);
  if (!commands) return core::refuse_within(path, std::move(commands).error());
  const std::size_t folder_end = path.rfind('/');
  const std::string folder =
      folder_end == std::string::npos ? std::string() : path.substr(0, folder_end + 1);
  auto outcome = ScriptRunner(files, folder, edition, make_engine).run(*commands);
  if (!outcome) return core::refuse_within(path, std::move(outcome).error());
  return outcome;
}

}  // namespace isotrace::wasm
