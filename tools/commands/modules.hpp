// WebAssembly modules, their hosts and engines as commands name them, and what they print of runs.
#pragma once

#include <isotrace/executor/model_bytes.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/reader.hpp>
#include <isotrace/wasm/record/effect_digest.hpp>
#include <isotrace/wasm/record/effect_log.hpp>
#include <isotrace/wasm/record/record.hpp>

namespace isotrace::tools {

/// All bytes of a module. Refuses file_too_large, file_read_failed.
core::Result<core::Bytes> read_module(const executor::ModelBytes& module);

/// The engine of a backend's name: the fastest but for "reference".
wasm::EngineFactory find_engine(std::string_view backend);
/// --backend: cpu unless given.
wasm::EngineFactory load_engine(const Arguments& arguments);

/// --edition, --invoke and the operands behind the first as its arguments. Refuses what load_module
/// refuses, wasm_export_unknown, wasm_arguments_mismatch, text_not_number, value_out_of_range.
core::Result<wasm::RunRequest> load_request(const Arguments& arguments, core::Bytes module);

/// The run that a trace is of; its module from --program if the trace does not embed it.
core::Result<wasm::RunRequest> load_recorded(const Context& context, const Arguments& arguments,
                                             const trace::Trace& trace);

/// A count of an option; `fallback` if it is not given. Refuses text_not_number.
core::Result<std::uint64_t> load_count(const Arguments& arguments, std::string_view option,
                                       std::uint64_t fallback);

/// Results of the invoked function.
Json results_json(const wasm::FunctionType& type, const std::vector<wasm::Slot>& results);
std::string results_text(const wasm::FunctionType& type, const std::vector<wasm::Slot>& results);

/// A log of effects that was written.
Json logged_json(const wasm::EffectLog::Summary& effects);
std::string logged_text(const wasm::EffectLog::Summary& effects);

/// --effects-digest, and the engine of --backend that has one.
wasm::NotingEngine noting_kind(const Arguments& arguments);
Json digest_json(const wasm::EffectStream::Summary& effects);
std::string digest_text(const wasm::EffectStream::Summary& effects);

}  // namespace isotrace::tools
