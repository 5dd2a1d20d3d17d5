// inspect: shows any artifact, told apart by its bytes. Where the first bytes say what a file is, a
// file that is broken is refused as such; else all readers are tried, and the refusal names them.
#include <filesystem>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/proofs/export/bundle.hpp>
#include <isotrace/tools/cli/foreign_options.hpp>
#include <isotrace/tools/commands/commands.hpp>
#include <isotrace/tools/commands/function_proofs.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/inspect_evidence.hpp>
#include <isotrace/tools/commands/inspect_json.hpp>
#include <isotrace/tools/commands/inspect_logs.hpp>
#include <isotrace/tools/commands/inspect_model.hpp>
#include <isotrace/tools/commands/inspect_module.hpp>
#include <isotrace/tools/commands/inspect_signatures.hpp>
#include <isotrace/tools/commands/inspect_trace.hpp>
#include <isotrace/tools/commands/inspect_wasm.hpp>
#include <isotrace/tools/commands/package.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>

namespace isotrace::tools {
namespace {

using core::ByteView;
using core::RefusalCode;
using core::Result;

/// What a reader is given.
struct File {
  const Context& context;
  const Arguments& arguments;
  std::string path;
  ByteView bytes;
};

bool starts_with(ByteView bytes, std::string_view prefix) {
  return core::as_text(bytes).starts_with(prefix);
}

/// The first character that is no white space; NUL if there is none.
char first_character(ByteView bytes) {
  const auto text = core::as_text(bytes);
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string_view::npos ? '\0' : text[first];
}

/// Whether all that is wrong is that the recording ends early.
bool ends_early(const core::Refusal& damage) {
  return damage.code == RefusalCode::trace_incomplete ||
         damage.code == RefusalCode::trace_truncated;
}

/// A closed trace's root speaks for every step; here none does.
void show_unfinished(Json& step, const trace::RecoveredTrace& recovered) {
  step["complete"] = false;
  step["root"] = nullptr;
  if (recovered.damage) step["damage"] = core::describe(*recovered.damage);
}

/// What is asked about a step is answered from a whole trace or from the beginning of one, but not
/// where what stands behind contradicts the answers.
Result<Json> read_trace(const File& file) {
  ISOTRACE_TRY(const trace::RecoveredTrace recovered, trace::recover_trace(file.bytes));
  const trace::Trace& trace = recovered.trace;
  const bool about_step = file.arguments.has("--step") || file.arguments.has("--memory") ||
                          file.arguments.has("--last-write");
  if (about_step && recovered.damage && !ends_early(*recovered.damage)) {
    return tl::unexpected(*recovered.damage);
  }
  const bool is_module = trace.identity.machine.has_value();
  if (!about_step || !(is_module || file.arguments.has("--step"))) {
    return is_module ? module_trace_json(recovered) : tensor_trace_json(recovered);
  }
  ISOTRACE_TRY(Json step, is_module ? module_step_json(file.context, file.arguments, trace)
                                    : trace_step_json(trace, file.arguments.value("--step")));
  if (!recovered.complete) show_unfinished(step, recovered);
  return step;
}

/// Options that this kind of file has no use for; empty if there is none.
std::string find_problem(const Arguments& arguments, const Json& shown) {
  if (shown.contains("status")) return {};  // a state of a WebAssembly run
  const std::string kind = "what " + arguments.operand(0) + " holds";
  if (shown["kind"] != "step") {
    const std::string problem = find_foreign_option(arguments, "inspect", {"--step"}, kind);
    if (!problem.empty()) return problem;
  }
  return find_foreign_option(arguments, "inspect",
                             {"--memory", "--last-write", "--program", "--backend"}, kind);
}

Result<Json> read_json(const File& file) {
  auto object = json_artifact(file.bytes);
  if (object) return *std::move(object);
  return core::refuse(RefusalCode::artifact_unknown, "", "no JSON object");
}

Result<Json> read_property(const File& file) {
  ISOTRACE_TRY(const proofs::Property property, proofs::parse_vnnlib(core::as_text(file.bytes)));
  return property_json(property, file.bytes);
}

Result<Json> read_proof(const File& file) {
  ISOTRACE_TRY(const proofs::Proof proof, proofs::parse_proof(file.bytes));
  return proof_json(proof, file.bytes.size());
}

Result<Json> read_function_proof(const File& file) {
  ISOTRACE_TRY(const proofs::FunctionProof proof, proofs::parse_function_proof(file.bytes));
  return function_proof_json(proof, file.bytes.size());
}

Result<Json> read_model(const File& file) {
  const auto folder = executor::ModelFolder::of_model(file.path);
  ISOTRACE_TRY(const core::Program program,
               executor::import_onnx(file.bytes, {.folder = &folder, .weights = {}}));
  return model_json(program);
}

Result<Json> read_tensors(const File& file) {
  ISOTRACE_TRY(const executor::TensorFile tensors, executor::parse_tensors(file.bytes));
  return tensor_file_json(tensors);
}

Result<Json> read_package(const File& file) {
  ISOTRACE_TRY(const auto files, parse_package(file.bytes));
  const Json manifest = Json::parse(files[0].bytes.begin(), files[0].bytes.end());
  return Json{{"kind", "package"},
              {"verified", false},
              {"sha256", core::sha256(file.bytes).hex()},
              {"files", manifest["files"]},
              {"declared", manifest["declared"]}};
}

/// One that holds something: an empty one could be of any type.
Result<Json> read_value(const File& file) {
  for (std::uint8_t number = 1; const auto element = core::dtype_from_number(number); ++number) {
    const core::Dtype sequence = core::sequence_of(*element);
    for (const core::Dtype dtype :
         {sequence, core::optional_of(*element), core::optional_of(sequence)}) {
      const auto value = executor::parse_value_file(file.bytes, dtype);
      if (!value) continue;
      Json object = value_file_json(*value);
      if (!object[core::holds_sequence(dtype) ? "shapes" : "shape"].empty()) return object;
    }
  }
  return core::refuse(RefusalCode::tensor_file_malformed, "", "no sequence and no optional");
}

/// A way to read files. A file that `begins` so is of this kind or broken; without `begins` any
/// file may be.
struct Reader {
  std::string_view kind;
  bool (*begins)(ByteView bytes);
  Result<Json> (*read)(const File& file);
};

constexpr Reader certain_readers[] = {
    {"WebAssembly module", begins_like_module,
     [](const File& file) { return module_json(file.bytes); }},
    {"witness", looks_like_witness, [](const File& file) { return witness_json(file.bytes); }},
    {"log of effects", looks_like_effects,
     [](const File& file) { return effects_json(file.bytes); }},
    {"log proof", looks_like_log_proof,
     [](const File& file) { return log_proof_json(file.bytes); }},
    {"minisign", looks_like_minisign, [](const File& file) { return minisign_json(file.bytes); }},
    {"SSH signature", looks_like_ssh_signature,
     [](const File& file) { return ssh_signature_json(file.bytes); }},
    {"SSH key", looks_like_ssh_key, [](const File& file) { return ssh_key_json(file.bytes); }},
    {"key", [](ByteView b) { return starts_with(b, "-----BEGIN "); },
     [](const File& file) -> Result<Json> { return pem_json(file.bytes); }},
    {"package", looks_like_package, read_package},
    {"tensor file (.npy)", [](ByteView b) { return starts_with(b, "\x93NUMPY"); }, read_tensors},
    {"tensor file (.npz)", [](ByteView b) { return starts_with(b, "PK\x03\x04"); }, read_tensors},
    {"trace", trace::looks_like_trace, read_trace},
    {"function proof", proofs::is_function_proof, read_function_proof},
};

constexpr Reader possible_readers[] = {
    {"JSON", [](ByteView b) { return first_character(b) == '{'; }, read_json},
    {"property", [](ByteView b) { return first_character(b) == ';' || first_character(b) == '('; },
     read_property},
    {"signed note", looks_like_note, [](const File& file) { return note_json(file.bytes); }},
    {"verifier key",
     [](ByteView b) { return core::as_text(b).find('+') != std::string_view::npos; },
     [](const File& file) { return verifier_key_json(file.bytes); }},
    {"time stamp", [](ByteView b) { return starts_with(b, "0"); },
     [](const File& file) { return timestamp_json(file.bytes); }},
    {"trace", nullptr, read_trace},
    {"proof", nullptr, read_proof},
    {"ONNX model", nullptr, read_model},
    {"tensor file", nullptr, read_tensors},
    {"sequence or optional", nullptr, read_value},
};

Result<Json> describe_artifact(const File& file) {
  for (const Reader& reader : certain_readers) {
    if (reader.begins(file.bytes)) return reader.read(file);
  }
  std::string tried;
  for (const Reader& reader : possible_readers) {
    if (reader.begins != nullptr && !reader.begins(file.bytes)) continue;
    auto object = reader.read(file);
    if (object) return object;
    tried += (tried.empty() ? "tried " : "; ") + std::string(reader.kind) + " (" +
             core::describe(object.error()) + ")";
  }
  return core::refuse(RefusalCode::artifact_unknown, "", tried);
}

/// The file itself; of a folder the checkpoint of a log or the manifest of a proof bundle inside.
std::string file_of(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) return path;
  const std::string checkpoint = path + "/checkpoint";
  if (std::filesystem::is_regular_file(checkpoint, error)) return checkpoint;
  return path + "/" + std::string(proofs::bundle_manifest_path);
}

std::string plain(const Json& value) {
  return value.is_string() ? terminal_text(value.get<std::string>())
                           : value.dump(-1, ' ', true, Json::error_handler_t::replace);
}

/// "key: value" lines, nested objects indented.
void print_plain(const Context& context, const Json& object, const std::string& indent) {
  for (const auto& [key, value] : object.items()) {
    context.out << indent << terminal_text(key) << ":";
    const bool list = value.is_array() && !value.empty() && value[0].is_object();
    if (!list && !value.is_object()) {
      context.out << " " << plain(value) << "\n";
      continue;
    }
    context.out << "\n";
    if (value.is_object()) print_plain(context, value, indent + "  ");
    for (std::size_t i = 0; list && i < value.size(); ++i) {
      context.out << indent << "  " << plain(value[i]) << "\n";
    }
  }
}

}  // namespace

int inspect_command(const Context& context, const Arguments& arguments) {
  const std::string path = file_of(arguments.operand(0));
  auto object = stored_step_json(context, arguments, path);
  if (!object) {
    ISOTRACE_OR_REPORT(context, const core::Bytes bytes,
                       context.read(path, core::limits::trace_bytes_max));
    object = describe_artifact({context, arguments, path, bytes});
  }
  if (!*object) return report(context, core::refuse_within(path, object->error()).value());
  const Json& shown = **object;
  if (const std::string problem = find_problem(arguments, shown); !problem.empty()) {
    return report_usage(context, problem);
  }
  if (context.json) {
    context.print(shown);
  } else {
    print_plain(context, shown, "");
  }
  return exit_yes;
}

}  // namespace isotrace::tools
