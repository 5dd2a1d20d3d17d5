#include <isotrace/tools/commands/modules.hpp>

#include <bit>
#include <cmath>

#include <isotrace/core/limits.hpp>
#include <isotrace/wasm/program_digest.hpp>
#include <isotrace/wasm/validate.hpp>
#include <isotrace/wasm/value_text.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;
using wasm::Slot;
using wasm::ValueType;

/// The type of the function that an export names.
core::Result<const wasm::FunctionType*> find_type(const wasm::Module& module,
                                                  const std::string& name) {
  for (const wasm::Export& out : module.exports) {
    if (out.name == name && out.kind == wasm::ExternKind::function) {
      return &module.type_of(module.functions[out.index]);
    }
  }
  return core::refuse(RefusalCode::wasm_export_unknown, name, "function");
}

core::Result<std::vector<Slot>> parse_arguments(const Arguments& arguments,
                                                const std::string& function,
                                                const wasm::FunctionType& type) {
  const std::size_t given = arguments.operands().size() - 1;
  if (given != type.parameters.size()) {
    return core::refuse(RefusalCode::wasm_arguments_mismatch, function,
                        wasm::type_text(type) + " and " + std::to_string(given) + " arguments");
  }
  std::vector<Slot> slots;
  for (std::size_t i = 0; i < given; ++i) {
    auto slot = wasm::parse_value(type.parameters[i], arguments.operand(i + 1));
    if (!slot) {
      return core::refuse_within("argument " + std::to_string(i), std::move(slot).error());
    }
    slots.push_back(*slot);
  }
  return slots;
}

/// Integers and finite floats are numbers; everything else is text.
Json value_json(ValueType type, Slot value) {
  const auto real = [&](double number) {
    return std::isfinite(number) ? Json(number) : Json(wasm::value_text(type, value));
  };
  switch (type) {
    case ValueType::i32: return static_cast<std::int32_t>(value);
    case ValueType::i64: return static_cast<std::int64_t>(value);
    case ValueType::f32: return real(std::bit_cast<float>(static_cast<std::uint32_t>(value)));
    case ValueType::f64: return real(std::bit_cast<double>(value));
    case ValueType::funcref:
    case ValueType::externref: break;
  }
  return wasm::value_text(type, value);
}

}  // namespace

core::Result<core::Bytes> read_module(const executor::ModelBytes& module) {
  if (module.size() > core::limits::wasm_module_bytes_max) {
    return core::refuse(core::RefusalCode::file_too_large, "module");
  }
  core::Bytes bytes(module.size());
  ISOTRACE_TRY_DONE(module.read(0, bytes));
  return bytes;
}

wasm::EngineFactory find_engine(std::string_view backend) {
  return backend == "reference" ? wasm::make_reference_engine : wasm::make_fastest_engine;
}

wasm::EngineFactory load_engine(const Arguments& arguments) {
  return find_engine(arguments.has("--backend") ? arguments.value("--backend") : "cpu");
}

core::Result<wasm::RunRequest> load_request(const Arguments& arguments, core::Bytes module) {
  const auto edition =
      arguments.value("--edition") == "1.0" ? wasm::Edition::mvp : wasm::Edition::v2;
  ISOTRACE_TRY(wasm::Module loaded, wasm::load_module(std::move(module), edition));
  const std::string invoke = arguments.has("--invoke") ? arguments.value("--invoke") : "_start";
  ISOTRACE_TRY(const wasm::FunctionType* type, find_type(loaded, invoke));
  ISOTRACE_TRY(std::vector<Slot> slots, parse_arguments(arguments, invoke, *type));
  const core::Digest program = wasm::program_digest(loaded);
  return wasm::RunRequest{.module = std::make_shared<const wasm::Module>(std::move(loaded)),
                          .program = program,
                          .invoke = invoke,
                          .arguments = std::move(slots)};
}

core::Result<wasm::RunRequest> load_recorded(const Context& context, const Arguments& arguments,
                                             const trace::Trace& trace) {
  if (!arguments.has("--program")) return wasm::request_of(trace);
  ISOTRACE_TRY(const core::Bytes module,
               context.read(arguments.value("--program"), core::limits::wasm_module_bytes_max));
  return wasm::request_of(trace, module);
}

core::Result<std::uint64_t> load_count(const Arguments& arguments, std::string_view option,
                                       std::uint64_t fallback) {
  if (!arguments.has(option)) return fallback;
  const std::string text = arguments.value(option);
  const auto count = parse_count(text);
  if (!count) return core::refuse(RefusalCode::text_not_number, std::string(option), text);
  return *count;
}

Json results_json(const wasm::FunctionType& type, const std::vector<Slot>& results) {
  Json list = Json::array();
  for (std::size_t i = 0; i < results.size(); ++i) {
    list.push_back(value_json(type.results[i], results[i]));
  }
  return list;
}

std::string results_text(const wasm::FunctionType& type, const std::vector<Slot>& results) {
  std::string text;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const ValueType result = type.results[i];
    text += "result " + std::string(wasm::type_name(result)) + " " +
            wasm::value_text(result, results[i]) + " " + wasm::bits_text(result, results[i]) + "\n";
  }
  return text;
}

Json logged_json(const wasm::EffectLog::Summary& effects) {
  return {{"steps", effects.steps}, {"bytes", effects.bytes}, {"digest", effects.digest.hex()}};
}

std::string logged_text(const wasm::EffectLog::Summary& effects) {
  return "effects " + effects.digest.hex() + ", " + std::to_string(effects.bytes) + " bytes\n";
}

wasm::NotingEngine noting_kind(const Arguments& arguments) {
  const bool reference = arguments.has("--backend") && arguments.value("--backend") == "reference";
  return reference ? wasm::NotingEngine::reference : wasm::NotingEngine::fastest;
}

Json digest_json(const wasm::EffectStream::Summary& effects) {
  return {{"bytes", effects.bytes}, {"digest", effects.digest.hex()}};
}

std::string digest_text(const wasm::EffectStream::Summary& effects) {
  return "effects digest " + effects.digest.hex() + ", of " + std::to_string(effects.bytes) +
         " bytes\n";
}

}  // namespace isotrace::tools
