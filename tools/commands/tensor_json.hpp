// Tensors in JSON and as text.
#pragma once

#include <string>

#include <isotrace/core/tensor.hpp>
#include <isotrace/tools/cli/context.hpp>
#include <isotrace/trace/compare.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::tools {

Json shape_json(std::span<const std::int64_t> shape);
/// {"name","dtype","shape","digest"}
Json tensor_json(const std::string& name, const trace::TensorRecord& record);
/// {"step","operation","tensor","element","a","b","ulps",...}; `element` may be null.
Json divergence_json(const trace::Divergence& divergence,
                     const std::optional<trace::ElementDifference>& element);
/// One line saying where and what, and one line with both values.
std::string divergence_text(const trace::Divergence& divergence,
                            const std::optional<trace::ElementDifference>& element);
std::string_view divergence_kind_name(trace::Divergence::Kind kind);

}  // namespace isotrace::tools
