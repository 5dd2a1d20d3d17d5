// What a backend did on this machine, in a file: device, versions, how far it came, and for every
// operation, element type and layout whether it is exact, with a digest of its results. Receipts of
// two machines can be compared as text.
#pragma once

#include <isotrace/backends/conformance.hpp>
#include <isotrace/tools/cli/context.hpp>

namespace isotrace::tools {

/// {"operation","dtype","layout","verdict","code","calls","first","digest"}; null where there is no
/// such thing.
Json cell_json(const backends::ConformanceCell& cell);
/// Name of a cell for --only: "Gemm/f32/dense".
std::string cell_name(core::Op op, core::Dtype dtype, backends::Layout layout);
/// What stands for it in tables: "exact", "refused(1303)", "wrong", "lost(1354)".
std::string cell_text(const backends::ConformanceCell& cell);
/// Why it is not exact; empty if it is.
std::string cell_reason(const backends::ConformanceCell& cell);

/// {"exact","refused","wrong","lost","skipped"}: calls.
Json counts_json(const backends::ConformanceReport& report);
/// Nothing was wrong or lost, and something exact.
bool is_conformant(const backends::ConformanceReport& report);

/// One backend's part of a receipt.
Json receipt_json(const backends::BackendInfo& info, const backends::ConformanceReport& report);
/// Publishes parts as one receipt.
core::Result<core::Done> write_receipt(const Context& context, const std::string& path,
                                       Json backends);

}  // namespace isotrace::tools
