#include <isotrace/tools/commands/inspect_trace.hpp>

#include <algorithm>

#include <isotrace/tools/commands/tensor_json.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;

Json named_json(const std::vector<trace::NamedRecord>& records) {
  Json out = Json::array();
  for (const trace::NamedRecord& record : records)
    out.push_back(tensor_json(record.name, record.tensor));
  return out;
}

}  // namespace

Json tensor_trace_json(const trace::RecoveredTrace& recovered) {
  const trace::Trace& trace = recovered.trace;
  Json out = {{"kind", "trace"},
              {"complete", recovered.complete},
              {"root", recovered.complete ? Json(trace.root.hex()) : Json(nullptr)},
              {"semantics", trace.identity.semantics},
              {"programDigest", trace.identity.program.hex()},
              {"seed", trace.identity.seed},
              {"steps", trace.steps.size()},
              {"programEmbedded", !trace.program.empty()},
              {"contents", trace.contents.size()},
              {"inputs", named_json(trace.identity.inputs)},
              {"outputs", named_json(trace.outputs)},
              {"provenance",
               {{"backend", trace.provenance.backend},
                {"device", trace.provenance.device},
                {"tool", trace.provenance.tool}}}};
  if (!trace.fallback_steps.empty()) out["provenance"]["fallbackSteps"] = trace.fallback_steps;
  if (!recovered.complete) out["validBytes"] = recovered.valid_bytes;
  if (recovered.damage) out["damage"] = core::describe(*recovered.damage);
  return out;
}

core::Result<Json> trace_step_json(const trace::Trace& trace, const std::string& text) {
  const auto number = parse_count(text);
  if (!number) return core::refuse(RefusalCode::text_not_number, "--step", text);
  if (*number >= trace.steps.size()) {
    return core::refuse(
        RefusalCode::trace_step_unknown, "--step " + text,
        "the trace has steps 0 to " + std::to_string(trace.steps.size()) + " (exclusive)");
  }
  const trace::StepRecord& step = trace.steps[*number];
  const bool fell_back = std::ranges::binary_search(trace.fallback_steps, *number);
  Json inputs = Json::array();
  for (const auto& input : step.inputs)
    inputs.push_back(input ? tensor_json("", *input) : Json(nullptr));
  Json outputs = Json::array();
  for (const auto& output : step.outputs) outputs.push_back(tensor_json("", output));
  for (Json* list : {&inputs, &outputs}) {
    for (Json& item : *list) {
      if (item.is_object()) item.erase("name");
    }
  }
  return Json{{"kind", "step"},
              {"step", step.index},
              {"operation", core::op_info(step.op).name},
              {"name", step.name},
              {"attributes", step.attributes.hex()},
              {"inputs", std::move(inputs)},
              {"outputs", std::move(outputs)},
              {"selection", fell_back ? "fallback" : "direct"},
              {"digest", trace::step_digest(step).hex()}};
}

}  // namespace isotrace::tools
