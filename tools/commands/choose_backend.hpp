// Backends as command lines name them: one of the list, or a plugin's file; and what is said about
// the choice afterwards.
#pragma once

#include <memory>
#include <string>

#include <isotrace/executor/foreign.hpp>
#include <isotrace/tools/cli/arguments.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// What is wrong with the options about backends, if anything: those of plugins without a plugin,
/// --allow-fallback for backends that refuse nothing.
std::string backend_problem(const Arguments& arguments);
/// Whether a backend is named that executes tensor programs only, where a WebAssembly engine is
/// wanted.
bool names_no_engine(const Arguments& arguments);

/// `name` is one of the list or plugin:FILE, which gets --plugin-timeout, --plugin-memory and
/// --plugin-access; with --allow-fallback the reference stands behind whatever refuses something.
core::Result<std::unique_ptr<backends::Backend>> open_backend(
    const Arguments& arguments, const std::string& name, const backends::BackendOptions& options);

/// ONNX Runtime of the folder that --ort or ISOTRACE_ORT names. Refuses foreign_engine_absent.
core::Result<std::unique_ptr<executor::ForeignEngine>> open_onnx_runtime(
    const Arguments& arguments);
/// The same as a backend, for whole runs, which are foreign.
core::Result<std::unique_ptr<backends::Backend>> open_foreign_backend(const Arguments& arguments);

/// The backend that a trace names, where it is built in. A name in a file loads no code: which
/// plugin made a trace is not known.
core::Result<std::unique_ptr<backends::Backend>> open_recorded_backend(const Arguments& arguments,
                                                                       const trace::Trace& trace);

/// Which backend was asked for and who executed what, after a run; null and empty for the
/// built-in ones that refuse nothing.
Json selection_json(const backends::Backend& backend);
std::string selection_text(const backends::Backend& backend);

}  // namespace isotrace::tools
