#include <isotrace/tools/commands/choose_backend.hpp>
#include <isotrace/tools/commands/compare_models.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/executor/compare_models.hpp>
#include <isotrace/executor/import_onnx.hpp>
#include <isotrace/tools/commands/compare_report.hpp>
#include <isotrace/tools/commands/extract_step.hpp>
#include <isotrace/tools/commands/inputs.hpp>
#include <isotrace/tools/commands/tensor_json.hpp>
#include <isotrace/tools/commands/terminal_text.hpp>

namespace isotrace::tools {
namespace {

using executor::ComparedValue;
using executor::EmbeddedRun;
using executor::ModelComparison;
using executor::ValueOrigin;

core::Result<core::Program> import_model(core::ByteView bytes, const std::string& path) {
  const auto folder = executor::ModelFolder::of_model(path);
  auto program = executor::import_onnx(bytes, {.folder = &folder, .weights = {}});
  if (!program) return core::refuse_within(path, std::move(program).error());
  return program;
}

std::optional<core::Tensor> find_constant(const core::Program& program,
                                          const core::Digest& digest) {
  for (const core::Tensor& constant : program.constants) {
    if (core::tensor_digest(constant) == digest) return constant;
  }
  return std::nullopt;
}

/// The first value that differs, looked at closely: the step that made it in A, and both values.
executor::StepExplanation explain_value(const EmbeddedRun& a, const EmbeddedRun& b,
                                        const ComparedValue& value, backends::Backend& backend,
                                        backends::Backend& reference,
                                        const executor::ExecuteLimits& limits) {
  executor::StepExplanation out;
  const auto contents =
      [&](const EmbeddedRun& run, const ValueOrigin& origin, const core::Digest& digest,
          std::optional<executor::StepTensors>& step) -> std::optional<core::Tensor> {
    if (origin.kind == ValueOrigin::Kind::constant) return find_constant(run.program, digest);
    if (origin.kind != ValueOrigin::Kind::step) return std::nullopt;
    auto found = executor::recompute_step(run, backend, origin.step, limits);
    if (!found) return std::nullopt;
    step = *std::move(found);
    return step->results[origin.output];
  };
  std::optional<executor::StepTensors> step_a;
  std::optional<executor::StepTensors> step_b;
  auto value_a = contents(a, value.a_origin, value.a->digest, step_a);
  auto value_b = contents(b, value.b_origin, value.b->digest, step_b);
  out.differences.push_back(
      executor::make_difference(value.name, std::move(value_a), std::move(value_b)));
  out.differences.back().a = *value.a;
  out.differences.back().b = *value.b;
  out.a_name = value.a_origin.node;
  out.b_name = value.b_origin.node;
  if (step_b) out.b_node = step_b->node;
  if (!step_a) return out;
  out.a_node = step_a->node;
  out.operands = std::move(step_a->operands);
  if (core::op_info(out.a_node->op).control) return out;  // no backend executes these
  std::vector<std::optional<core::TensorView>> views;
  for (const auto& operand : out.operands) {
    views.push_back(operand ? std::optional(operand->view()) : std::nullopt);
  }
  if (auto canonical = reference.run(*out.a_node, views)) out.canonical = *std::move(canonical);
  return out;
}

Json record_json(const std::optional<trace::TensorRecord>& record) {
  if (!record) return nullptr;
  return {{"dtype", core::dtype_name(record->dtype)},
          {"shape", shape_json(record->shape)},
          {"digest", record->digest.hex()}};
}

std::string_view kind_name(ValueOrigin::Kind kind) {
  switch (kind) {
    case ValueOrigin::Kind::step: return "step";
    case ValueOrigin::Kind::constant: return "constant";
    case ValueOrigin::Kind::input: return "input";
  }
  return "unknown";
}

Json origin_json(const ValueOrigin& origin, const std::optional<core::Node>& node) {
  const bool step = origin.kind == ValueOrigin::Kind::step;
  return {{"kind", kind_name(origin.kind)},
          {"step", step ? Json(origin.step) : Json(nullptr)},
          {"operation", origin.operation},
          {"name", origin.node},
          {"attributes", attributes_json(node)}};
}

std::string origin_text(const ValueOrigin& origin) {
  if (origin.kind != ValueOrigin::Kind::step) return "a constant";
  return "step " + std::to_string(origin.step) + " (" + origin.operation +
         (origin.node.empty() ? "" : ", " + terminal_text(origin.node)) + ")";
}

Json comparison_json(const ModelComparison& comparison,
                     const std::optional<executor::StepExplanation>& explanation) {
  Json outputs = Json::array();
  for (const ComparedValue& output : comparison.outputs) {
    outputs.push_back({{"name", output.name},
                       {"identical", output.identical()},
                       {"a", record_json(output.a)},
                       {"b", record_json(output.b)}});
  }
  Json first = nullptr;
  if (comparison.first) {
    Json operands = Json::array();
    for (const executor::ComparedOperand& operand : comparison.operands) {
      operands.push_back(
          {{"name", operand.name},
           {"identical", operand.identical ? Json(*operand.identical) : Json(nullptr)}});
    }
    first = {{"value", comparison.first->name},
             {"a", origin_json(comparison.first->a_origin, explanation->a_node)},
             {"b", origin_json(comparison.first->b_origin, explanation->b_node)},
             {"operands", std::move(operands)},
             {"tensor", difference_json(explanation->differences[0])}};
  }
  return {{"verdict", comparison.identical() ? "identical" : "diverged"},
          {"outputs", std::move(outputs)},
          {"values", comparison.values},
          {"differing", comparison.differing},
          {"first", std::move(first)}};
}

std::string comparison_text(const ModelComparison& comparison,
                            const std::optional<executor::StepExplanation>& explanation) {
  std::string text = comparison.identical() ? "identical" : "diverged";
  text += ": " + std::to_string(comparison.outputs.size()) + " outputs, " +
          std::to_string(comparison.values) + " values of the same name inside, " +
          std::to_string(comparison.differing) + " of them differ\n";
  for (const ComparedValue& output : comparison.outputs) {
    text += "  output " + terminal_text(output.name) + ": ";
    text += output.identical() ? "identical\n"
            : !output.a        ? "only b has it\n"
            : !output.b        ? "only a has it\n"
                               : "differs\n";
  }
  if (!comparison.first) return text;
  text += "first value that differs: " + terminal_text(comparison.first->name) +
          ", a: " + origin_text(comparison.first->a_origin) +
          ", b: " + origin_text(comparison.first->b_origin) + "\n";
  text += difference_text(explanation->differences[0]);
  for (const executor::ComparedOperand& operand : comparison.operands) {
    text += "  operand " + terminal_text(operand.name) + ": " +
            (!operand.identical   ? "b has no such value"
             : *operand.identical ? "identical"
                                  : "differs") +
            "\n";
  }
  return text;
}

std::vector<JunitCase> comparison_cases(const ModelComparison& comparison) {
  std::vector<JunitCase> cases;
  for (const ComparedValue& output : comparison.outputs) {
    JunitCase test{"output " + output.name, {}, {}};
    if (!output.identical()) {
      test.failure = output.a && output.b ? "differs" : "one model has no such output";
      if (comparison.first) {
        *test.failure += "; first value that differs: " + comparison.first->name + ", " +
                         origin_text(comparison.first->a_origin);
      }
    }
    cases.push_back(std::move(test));
  }
  return cases;
}

}  // namespace

int compare_model_files(const Context& context, const Arguments& arguments, core::ByteView first) {
  ISOTRACE_OR_REPORT(context, EmbeddedRun a,
                     import_model(first, arguments.operand(0)).map([](core::Program program) {
                       return EmbeddedRun{std::move(program), {}};
                     }));
  ISOTRACE_OR_REPORT(context, core::Program program_b, load_program(context, arguments.operand(1)));
  ISOTRACE_OR_REPORT(context, a.inputs, load_inputs(context, arguments, a.program));
  ISOTRACE_OR_REPORT(context, const auto backend, load_backend(arguments));
  ISOTRACE_OR_REPORT(context, const auto reference, load_backend(arguments, "reference"));
  ISOTRACE_OR_REPORT(context, const executor::ExecuteLimits limits, load_limits(arguments));
  const EmbeddedRun b{std::move(program_b), a.inputs};
  ISOTRACE_OR_REPORT(context, const ModelComparison comparison,
                     executor::compare_models(a.program, b.program, a.inputs, *backend, limits));
  std::optional<executor::StepExplanation> explanation;
  if (comparison.first) {
    explanation = explain_value(a, b, *comparison.first, *backend, *reference, limits);
    if (arguments.has("--extract")) {
      ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                         extract_step(context, arguments.value("--extract"), *explanation));
    }
  }
  if (arguments.has("--junit")) {
    const std::string text = junit_text("compare", comparison_cases(comparison));
    ISOTRACE_OR_REPORT(context, [[maybe_unused]] const auto done,
                       context.write(arguments.value("--junit"), core::as_bytes(text)));
  }
  if (context.json) {
    Json object = comparison_json(comparison, explanation);
    if (Json selection = selection_json(*backend); !selection.is_null()) {
      object["selection"] = std::move(selection);
    }
    context.print(object);
  } else {
    context.out << comparison_text(comparison, explanation) << selection_text(*backend);
  }
  return comparison.identical() ? exit_yes : exit_no;
}

}  // namespace isotrace::tools
