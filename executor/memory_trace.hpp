// Records a run whose trace is looked at at once and never kept.
#pragma once

#include <isotrace/executor/execute.hpp>

namespace isotrace::executor {

/// record() into memory, and the trace read back. The path in `options` has no meaning.
core::Result<trace::Trace> record_in_memory(const core::Program& program,
                                            std::span<const NamedTensor> inputs,
                                            backends::Backend& backend, RecordOptions options);

}  // namespace isotrace::executor
