#include <isotrace/proofs/named/question.hpp>

#include <charconv>
#include <numeric>

namespace isotrace::proofs {
namespace {

using core::RefusalCode;
using core::Result;
using Kind = NamedProperty::Kind;

std::string x(std::size_t i) { return "X_" + std::to_string(i); }
std::string y(std::size_t j) { return "Y_" + std::to_string(j); }
std::string list(const char* name, const std::string& a, const std::string& b) {
  return "(" + std::string(name) + " " + a + " " + b + ")";
}
std::string wrong(const std::string& wanted) { return "(not " + wanted + ")"; }

/// A decimal that is exactly the value.
std::string exact_decimal(float value) {
  char buffer[256];
  const auto made = std::to_chars(std::begin(buffer), std::end(buffer), double{value},
                                  std::chars_format::scientific, 160);
  std::string text(buffer, made.ptr);
  const std::size_t exponent = text.find('e');
  std::size_t end = exponent;
  while (end > 0 && text[end - 1] == '0') --end;
  if (end > 0 && text[end - 1] == '.') --end;
  return text.substr(0, end) + text.substr(exponent);
}

auto mismatch(const NamedProperty& property, const std::string& detail) {
  return core::refuse(RefusalCode::property_mismatch, property.text, detail);
}

Result<core::Done> check_indices(const NamedProperty& property, const Subjects& subjects) {
  const bool uses_input = property.kind == Kind::monotone || property.kind == Kind::fair_values ||
                          property.kind == Kind::fair_argmax;
  if (uses_input && property.input >= subjects.inputs) {
    return mismatch(property, "the model has " + std::to_string(subjects.inputs) + " inputs");
  }
  if (property.output.value_or(0) >= subjects.outputs || property.other >= subjects.outputs) {
    return mismatch(property, "the model has " + std::to_string(subjects.outputs) + " outputs");
  }
  return core::Done{};
}

/// The box of the inputs: the domain, and for robust the ball. Input number `inputs` is the second
/// run's version of input `twin`.
Result<std::string> input_text(const NamedProperty& property,
                               const std::vector<DomainRange>& domain, const Subjects& subjects,
                               std::size_t variables) {
  std::string text;
  for (const DomainRange& range : domain) {
    if (range.input.value_or(0) >= subjects.inputs) {
      return mismatch(property, "the domain names " + x(*range.input));
    }
  }
  for (std::size_t i = 0; i < variables; ++i) {
    const std::size_t meant = i < subjects.inputs ? i : property.input;
    const DomainRange* found = nullptr;
    for (const DomainRange& range : domain) {
      const bool closer = found == nullptr || range.input.has_value() || !found->input.has_value();
      if ((!range.input || *range.input == meant) && closer) found = &range;
    }
    if (found != nullptr) {
      text += "(assert " + list(">=", x(i), found->low) + ")\n";
      text += "(assert " + list("<=", x(i), found->high) + ")\n";
    }
    if (property.kind == Kind::robust) {
      const std::string centre = exact_decimal(subjects.centre[i]);
      text += "(assert " + list(">=", x(i), list("-", centre, property.within)) + ")\n";
      text += "(assert " + list("<=", x(i), list("+", centre, property.within)) + ")\n";
    } else if (found == nullptr) {
      return core::refuse(RefusalCode::property_input_unbounded, x(meant),
                          "\"" + property.text + "\" needs a domain for it");
    }
  }
  return text;
}

/// Outputs of the label that are not above all others.
std::vector<std::string> label_faults(std::size_t label, std::size_t outputs) {
  std::vector<std::string> faults;
  for (std::size_t j = 0; j < outputs; ++j) {
    if (j != label) faults.push_back(wrong(list(">", y(label), y(j))));
  }
  return faults;
}

std::vector<std::string> range_faults(std::size_t j, const std::string& low,
                                      const std::string& high) {
  return {wrong(list(">=", y(j), low)), wrong(list("<=", y(j), high))};
}

/// |Y_j - Y_k| <= within, negated.
std::vector<std::string> distance_faults(std::size_t j, std::size_t k, const std::string& within) {
  return {wrong(list("<=", list("-", y(j), y(k)), within)),
          wrong(list("<=", list("-", y(k), y(j)), within))};
}

/// In the first run some output is the greatest, in the second another one is not below it.
std::vector<std::string> decision_faults(std::size_t outputs) {
  std::vector<std::string> faults;
  for (std::size_t label = 0; label < outputs; ++label) {
    std::string wins;
    for (std::size_t j = 0; j < outputs; ++j) {
      if (j != label) wins += " " + list(">", y(label), y(j));
    }
    for (std::size_t j = 0; j < outputs; ++j) {
      if (j == label) continue;
      faults.push_back("(and" + wins + " " + wrong(list(">", y(outputs + label), y(outputs + j))) +
                       ")");
    }
  }
  return faults;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// What must not happen: any of these.
std::vector<std::string> faults_of(const NamedProperty& property, const Subjects& subjects) {
  const std::size_t outputs = subjects.outputs;
  std::vector<std::string> faults;
  std::string sum = "(+ 0";
  for (std::size_t j = 0; j < outputs; ++j) sum += " " + y(j);
  sum += ")";
  switch (property.kind) {
    case Kind::robust: return label_faults(subjects.label, outputs);
    case Kind::argmax_is: return label_faults(*property.output, outputs);
    case Kind::argmax_not: {
      std::string above = "(and";
      for (std::size_t j = 0; j < outputs; ++j) {
        if (j != *property.output) above += " " + wrong(list("<", y(*property.output), y(j)));
      }
      return outputs > 1 ? std::vector<std::string>{above + ")"} : faults;
    }
    case Kind::order: return {wrong(list(">", y(*property.output), y(property.other)))};
    case Kind::bounds:
      for (std::size_t j = 0; j < outputs; ++j) {
        if (property.output.value_or(j) == j) {
          append(faults, range_faults(j, property.low, property.high));
        }
      }
      return faults;
    case Kind::monotone: {
      const std::string before = y(*property.output);
      const std::string after = y(outputs + *property.output);
      const std::string least = list("-", property.upward ? before : after, property.within);
      return {wrong(list(">=", property.upward ? after : before, least))};
    }
    case Kind::fair_values:
    case Kind::equivalent:
      for (std::size_t j = 0; j < outputs; ++j) {
        append(faults, distance_faults(j, outputs + j, property.within));
      }
      return faults;
    case Kind::fair_argmax: return decision_faults(outputs);
    case Kind::probabilities:
      for (std::size_t j = 0; j < outputs; ++j) append(faults, range_faults(j, "0", "1"));
      faults.push_back(wrong(list("<=", list("-", sum, "1"), property.within)));
      faults.push_back(wrong(list("<=", list("-", "1", sum), property.within)));
      return faults;
    case Kind::finite:
      for (std::size_t j = 0; j < outputs; ++j) {
        append(faults, range_faults(j, "-340282346638528859811704183484516925440",
                                    "340282346638528859811704183484516925440"));
      }
      return faults;
  }
  return faults;
}

/// Two runs on inputs that agree but for the twin, or two models on the same inputs.
Result<core::Program> program_of(const NamedProperty& property, const Subjects& subjects) {
  if (!property.compares_two_runs()) return *subjects.model;
  std::vector<std::int64_t> first(subjects.inputs);
  std::iota(first.begin(), first.end(), 0);
  std::vector<std::int64_t> second = first;
  if (property.kind == Kind::equivalent) {
    return pair_programs(*subjects.model, *subjects.other, subjects.inputs, first, second);
  }
  second[property.input] = static_cast<std::int64_t>(subjects.inputs);
  return pair_programs(*subjects.model, *subjects.model, subjects.inputs + 1, first, second);
}

}  // namespace

Result<std::size_t> count_inputs(const core::Program& program) {
  std::size_t total = 0;
  for (const core::ProgramInput& input : program.inputs) {
    const bool is_small_integer =
        input.dtype == core::Dtype::i8 || input.dtype == core::Dtype::u8 ||
        input.dtype == core::Dtype::i16 || input.dtype == core::Dtype::u16;
    if ((input.dtype != core::Dtype::f32 && !is_small_integer) || input.shape == core::any_rank) {
      return core::refuse(RefusalCode::property_unsupported, "input " + input.name,
                          "is neither f32 nor of 8 or 16 bits, or has any rank");
    }
    core::Shape shape = input.shape;
    for (std::int64_t& dim : shape) dim = dim < 0 ? 1 : dim;
    ISOTRACE_TRY(const std::size_t count, core::element_count(shape));
    total += count;
  }
  return total;
}

Result<Question> make_question(const NamedProperty& property,
                               const std::vector<DomainRange>& domain, const Subjects& subjects) {
  ISOTRACE_TRY_DONE(check_indices(property, subjects));
  const bool has_twin = property.compares_two_runs() && property.kind != Kind::equivalent;
  const std::size_t variables = subjects.inputs + (has_twin ? 1 : 0);
  const std::size_t outputs = subjects.outputs * (property.compares_two_runs() ? 2 : 1);
  Question question;
  ISOTRACE_TRY(question.program, program_of(property, subjects));
  std::string& text = question.vnnlib;
  text = "; " + property.text + "\n";
  for (std::size_t i = 0; i < variables; ++i) text += "(declare-const " + x(i) + " Real)\n";
  for (std::size_t j = 0; j < outputs; ++j) text += "(declare-const " + y(j) + " Real)\n";
  ISOTRACE_TRY(const std::string inputs, input_text(property, domain, subjects, variables));
  text += inputs;
  if (property.kind == Kind::monotone) {
    text += "(assert " + list("<=", x(property.input), x(subjects.inputs)) + ")\n";
  }
  const std::vector<std::string> faults = faults_of(property, subjects);
  if (faults.empty()) return mismatch(property, "there is no other output");
  text += "(assert (or";
  for (const std::string& fault : faults) text += "\n  " + fault;
  text += "))\n";
  return question;
}

}  // namespace isotrace::proofs
