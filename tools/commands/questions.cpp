#include <isotrace/tools/commands/questions.hpp>

#include <algorithm>
#include <cmath>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/named/question.hpp>
#include <isotrace/proofs/search/concrete.hpp>
#include <isotrace/tools/commands/inputs.hpp>

namespace isotrace::tools {
namespace {

using core::RefusalCode;
using core::Result;
using proofs::NamedProperty;
using proofs::PropertyList;

/// LOW:HIGH or INDEX=LOW:HIGH as a line of a property file.
std::string domain_line(const std::string& text) {
  const auto equals = text.find('=');
  const auto colon = text.find(':', equals == std::string::npos ? 0 : equals);
  if (colon == std::string::npos) return "domain " + text;  // refused by the reader, with its text
  const std::size_t start = equals == std::string::npos ? 0 : equals + 1;
  const std::string element =
      equals == std::string::npos ? "x" : "x[" + text.substr(0, equals) + "]";
  return "domain " + element + " in [" + text.substr(start, colon - start) + ", " +
         text.substr(colon + 1) + "]";
}

Result<PropertyList> read_lines(const std::string& text, const std::string& option) {
  auto list = proofs::parse_named_properties(text);
  if (!list) return core::refuse_within(option, std::move(list).error());
  return list;
}

/// The options as lines. --ensure must be a property, --domain a domain.
Result<PropertyList> read_options(const Arguments& arguments) {
  PropertyList all;
  for (const std::string& text : arguments.values("--domain")) {
    ISOTRACE_TRY(const PropertyList list, read_lines(domain_line(text), "--domain " + text));
    all.domain.insert(all.domain.end(), list.domain.begin(), list.domain.end());
  }
  for (const std::string& text : arguments.values("--ensure")) {
    ISOTRACE_TRY(const PropertyList list, read_lines(text, "--ensure"));
    if (!list.domain.empty() || list.properties.size() != 1) {
      return core::refuse(RefusalCode::property_malformed, "--ensure", "not one property: " + text);
    }
    all.properties.push_back(list.properties[0]);
  }
  if (arguments.has("--robust")) {
    std::string line =
        "robust \"" + arguments.value("--robust") + "\" within " + arguments.value("--eps");
    if (arguments.has("--label")) line += " label " + arguments.value("--label");
    ISOTRACE_TRY(const PropertyList list, read_lines(line, "--robust"));
    all.properties.push_back(list.properties[0]);
  }
  return all;
}

/// Makes questions about one model, which is run where a label or a number of outputs is needed.
class Asker {
 public:
  Asker(const Context& context, const core::Program& model) : context_(context), model_(model) {}

  Result<core::Done> ask(const PropertyList& list, std::vector<AskedQuestion>& questions);

 private:
  Result<std::vector<float>> run(const core::Program& program, const std::vector<float>& x) {
    ISOTRACE_TRY(const auto backend, backends::make_backend("reference", {}));
    return proofs::search::run_on_floats(program, x, *backend);
  }
  Result<core::Done> load_centre(const NamedProperty& property, proofs::Subjects& subjects);

  const Context& context_;
  const core::Program& model_;
};

Result<core::Done> Asker::load_centre(const NamedProperty& property, proofs::Subjects& subjects) {
  ISOTRACE_TRY(const executor::TensorFile file, load_tensors(context_, property.file));
  for (const auto& tensor : file.tensors) {
    if (tensor.value.dtype() != core::Dtype::f32) {
      return core::refuse(RefusalCode::input_mismatch, property.file, "not f32");
    }
    const auto values = tensor.value.data<float>();
    subjects.centre.insert(subjects.centre.end(), values.begin(), values.end());
  }
  const auto is_finite = [](float v) { return std::isfinite(v); };
  if (subjects.centre.size() != subjects.inputs ||
      !std::all_of(subjects.centre.begin(), subjects.centre.end(), is_finite)) {
    return core::refuse(RefusalCode::property_mismatch, property.file,
                        "not " + std::to_string(subjects.inputs) + " finite values");
  }
  if (property.output) {
    subjects.label = *property.output;
    return core::Done{};
  }
  ISOTRACE_TRY(const std::vector<float> outputs, run(model_, subjects.centre));
  const auto greatest = std::max_element(outputs.begin(), outputs.end());
  subjects.label = static_cast<std::size_t>(greatest - outputs.begin());
  return core::Done{};
}

Result<core::Done> Asker::ask(const PropertyList& list, std::vector<AskedQuestion>& questions) {
  proofs::Subjects subjects;
  subjects.model = &model_;
  ISOTRACE_TRY(subjects.inputs, proofs::count_inputs(model_));
  ISOTRACE_TRY(const std::vector<float> sample,
               run(model_, std::vector<float>(subjects.inputs, 0)));
  subjects.outputs = sample.size();
  for (const NamedProperty& property : list.properties) {
    proofs::Subjects own = subjects;
    core::Program other;
    if (property.kind == NamedProperty::Kind::robust) {
      ISOTRACE_TRY_DONE(load_centre(property, own));
    } else if (property.kind == NamedProperty::Kind::equivalent) {
      ISOTRACE_TRY(other, load_program(context_, property.file));
      ISOTRACE_TRY(const std::size_t inputs, proofs::count_inputs(other));
      if (inputs != own.inputs) {
        return core::refuse(RefusalCode::property_mismatch, property.file,
                            std::to_string(inputs) + " inputs, not " + std::to_string(own.inputs));
      }
      ISOTRACE_TRY(const auto outputs, run(other, std::vector<float>(inputs, 0)));
      if (outputs.size() != own.outputs) {
        return core::refuse(
            RefusalCode::property_mismatch, property.file,
            std::to_string(outputs.size()) + " outputs, not " + std::to_string(own.outputs));
      }
      own.other = &other;
    }
    ISOTRACE_TRY(proofs::Question made, proofs::make_question(property, list.domain, own));
    questions.push_back({property.text, std::move(made.program), std::move(made.vnnlib)});
  }
  return core::Done{};
}

}  // namespace

bool asks_something(const Arguments& arguments) {
  return arguments.has("--property") || arguments.has("--ensure") || arguments.has("--robust");
}

std::string question_problem(const Arguments& arguments) {
  if (arguments.has("--robust") != arguments.has("--eps")) {
    return "--robust and --eps belong together";
  }
  if (arguments.has("--label") && !arguments.has("--robust")) return "--label belongs to --robust";
  if (arguments.has("--domain") && !arguments.has("--ensure") && !arguments.has("--robust")) {
    return "--domain belongs to --ensure or --robust";
  }
  return {};
}

Result<std::vector<AskedQuestion>> load_questions(const Context& context,
                                                  const Arguments& arguments,
                                                  const core::Program& model) {
  std::vector<AskedQuestion> questions;
  Asker asker(context, model);
  for (const std::string& path : arguments.values("--property")) {
    ISOTRACE_TRY(const core::Bytes bytes, context.read(path, core::limits::property_bytes_max));
    const std::string text(core::as_text(bytes));
    if (!proofs::is_named_property_file(text)) {
      questions.push_back({{}, model, text});
      continue;
    }
    ISOTRACE_TRY(const PropertyList list, read_lines(text, path));
    if (list.properties.empty()) {
      return core::refuse(RefusalCode::property_malformed, path, "states no property");
    }
    ISOTRACE_TRY_DONE(asker.ask(list, questions));
  }
  ISOTRACE_TRY(const PropertyList list, read_options(arguments));
  if (!list.properties.empty()) ISOTRACE_TRY_DONE(asker.ask(list, questions));
  return questions;
}

}  // namespace isotrace::tools
