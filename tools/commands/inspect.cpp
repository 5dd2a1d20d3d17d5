#include <nlohmann/json.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/proofs/checker/proof.hpp>
#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/inspect_module.hpp>
#include <isotrace/tools/commands/level.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>
#include <isotrace/tools/commands/traces.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;

/// What a program is made of, programs inside included.
struct Contents {
  std::map<std::string_view, std::size_t> operations;
  std::size_t parameters = 0;
};

void add_contents(const core::Program& program, Contents& contents) {
  for (const core::Tensor& constant : program.constants) contents.parameters += constant.elements();
  for (const core::Node& node : program.nodes) {
    ++contents.operations[core::op_info(node.op).name];
    for (const core::Attribute& attribute : node.attributes) {
      const auto* inside = std::get_if<core::SubProgram>(&attribute.value);
      if (inside != nullptr) add_contents(inside->program(), contents);
    }
  }
}

Json program_json(const core::Program& program) {
  Json inputs = Json::array();
  for (const core::ProgramInput& input : program.inputs) {
    inputs.push_back(
        {{"name", input.name},
         {"dtype", core::dtype_name(input.dtype)},
         {"shape", input.shape == core::any_rank ? Json(nullptr) : shape_json(input.shape)}});
  }
  Json outputs = Json::array();
  for (const core::ProgramOutput& output : program.outputs) outputs.push_back(output.name);
  Contents contents;
  add_contents(program, contents);
  Json operations = Json::object();
  for (const auto& [name, count] : contents.operations) operations[std::string(name)] = count;
  return {{"kind", "model"},
          {"programDigest", core::program_digest(program).hex()},
          {"semantics", core::semantics_id},
          {"nodes", program.nodes.size()},
          {"constants", program.constants.size()},
          {"parameters", contents.parameters},
          {"inputs", std::move(inputs)},
          {"outputs", std::move(outputs)},
          {"operations", std::move(operations)}};
}

Json named_json(const std::vector<trace::NamedRecord>& records) {
  Json out = Json::array();
  for (const trace::NamedRecord& record : records)
    out.push_back(tensor_json(record.name, record.tensor));
  return out;
}

Json trace_json(const trace::RecoveredTrace& recovered) {
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
  if (!recovered.complete) out["validBytes"] = recovered.valid_bytes;
  return out;
}

core::Result<Json> step_json(const trace::Trace& trace, const std::string& text) {
  const auto number = parse_count(text);
  if (!number) return core::refuse(RefusalCode::text_not_number, "--step", text);
  if (*number >= trace.steps.size()) {
    return core::refuse(
        RefusalCode::trace_step_unknown, "--step " + text,
        "the trace has steps 0 to " + std::to_string(trace.steps.size()) + " (exclusive)");
  }
  const trace::StepRecord& step = trace.steps[*number];
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
              {"digest", trace::step_digest(step).hex()}};
}

Json proof_json(const proofs::Proof& proof, std::size_t bytes) {
  std::size_t nodes = 0;
  std::size_t leaves = 0;
  for (const proofs::CaseProof& tree : proof.cases) {
    nodes += tree.nodes.size();
    for (const proofs::ProofNode& node : tree.nodes)
      leaves += node.kind == proofs::ProofNode::Kind::leaf ? 1 : 0;
  }
  return {{"kind", "proof"},
          {"claim", proof.outcome == proofs::Proof::Outcome::proved ? "proved" : "violated"},
          {"checked", false},
          {"level", level_name(proof.level)},
          {"semantics", proof.semantics},
          {"proofDigest", proofs::proof_digest(proof).hex()},
          {"propertyDigest", core::sha256(core::as_bytes(proof.property_text)).hex()},
          {"cases", proof.cases.size()},
          {"nodes", nodes},
          {"leaves", leaves},
          {"bytes", bytes}};
}

Json property_json(const proofs::Property& property, core::ByteView bytes) {
  Json cases = Json::array();
  for (const proofs::Case& one : property.cases) {
    cases.push_back({{"inputs", one.box.size()}, {"rows", one.rows.size()}});
  }
  return {{"kind", "property"},
          {"digest", core::sha256(bytes).hex()},
          {"inputs", property.inputs},
          {"outputs", property.outputs},
          {"cases", std::move(cases)}};
}

/// Certificates and policies are JSON; what they claim is shown unverified.
core::Result<Json> json_artifact(core::ByteView bytes) {
  const Json parsed = Json::parse(bytes.begin(), bytes.end(), nullptr, false);
  if (parsed.is_discarded() || !parsed.is_object()) {
    return core::refuse(RefusalCode::artifact_unknown, "", "starts like JSON but is none");
  }
  if (parsed.contains("dsseEnvelope")) {
    return Json{{"kind", "certificate"}, {"verified", false}, {"content", parsed}};
  }
  return Json{{"kind", parsed.contains("roles") ? "policy" : "json"},
              {"verified", false},
              {"content", parsed}};
}

bool starts_with(core::ByteView bytes, std::string_view prefix) {
  return core::as_text(bytes).starts_with(prefix);
}

/// VNN-LIB files start with a comment or a parenthesis.
bool looks_like_property(core::ByteView bytes) {
  const auto text = core::as_text(bytes);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (text[first] == ';' || text[first] == '(');
}

core::Result<Json> describe_run(const Context& context, const Arguments& arguments,
                                const trace::RecoveredTrace& recovered) {
  for (const char* option : {"--step", "--memory", "--last-write"}) {
    if (arguments.has(option)) return module_step_json(context, arguments, recovered.trace);
  }
  return module_trace_json(recovered);
}

core::Result<Json> describe_artifact(const Context& context, core::ByteView bytes,
                                     const Arguments& arguments) {
  if (starts_with(bytes, "{")) return json_artifact(bytes);
  if (starts_with(bytes, "-----BEGIN ")) {
    const bool secret = core::as_text(bytes).find("PRIVATE KEY") != std::string_view::npos;
    return Json{{"kind", secret ? "private key" : "public key"},
                {"digest", core::sha256(bytes).hex()}};
  }
  if (looks_like_property(bytes)) {
    ISOTRACE_TRY(const proofs::Property property, proofs::parse_vnnlib(core::as_text(bytes)));
    return property_json(property, bytes);
  }
  if (auto trace = trace::recover_trace(bytes)) {
    if (trace->trace.identity.machine) return describe_run(context, arguments, *trace);
    if (arguments.has("--step")) return step_json(trace->trace, arguments.value("--step"));
    return trace_json(*trace);
  }
  if (auto proof = proofs::parse_proof(bytes)) return proof_json(*proof, bytes.size());
  const auto folder = executor::ModelFolder::of_model(arguments.operand(0));
  if (auto program = executor::import_onnx(bytes, {.folder = &folder, .weights = {}})) {
    return program_json(*program);
  }
  return core::refuse(RefusalCode::artifact_unknown, "");
}

/// "key: value" lines, nested objects indented.
void print_plain(const Context& context, const Json& object, const std::string& indent) {
  for (const auto& [key, value] : object.items()) {
    const bool nested =
        value.is_object() || (value.is_array() && !value.empty() && value[0].is_object());
    if (!nested) {
      context.out << indent << key << ": "
                  << (value.is_string()
                          ? value.get<std::string>()
                          : value.dump(-1, ' ', false, Json::error_handler_t::replace))
                  << "\n";
      continue;
    }
    context.out << indent << key << ":\n";
    if (value.is_object()) {
      print_plain(context, value, indent + "  ");
    } else {
      for (const Json& item : value) {
        context.out << indent << "  "
                    << (item.is_object() ? item.dump(-1, ' ', false, Json::error_handler_t::replace)
                                         : item.dump())
                    << "\n";
      }
    }
  }
}

}  // namespace

int inspect_command(const Context& context, const Arguments& arguments) {
  const std::string& path = arguments.operand(0);
  ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                     context.read(path, core::limits::trace_bytes_max));
  auto object = describe_artifact(context, bytes, arguments);
  if (!object) {
    core::Refusal refusal = std::move(object).error();
    refusal.where = path + (refusal.where.empty() ? "" : ": " + refusal.where);
    return report(context, refusal);
  }
  if (context.json) {
    context.print(*object);
  } else {
    print_plain(context, *object, "");
  }
  return exit_yes;
}

}  // namespace isotrace::tools
