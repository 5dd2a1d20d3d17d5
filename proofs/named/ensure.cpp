#include <isotrace/proofs/named/ensure.hpp>

#include <isotrace/proofs/checker/property.hpp>
#include <isotrace/proofs/named/question.hpp>

namespace isotrace::proofs {

core::Result<bool> ensure(const NamedProperty& property, std::span<const float> outputs) {
  if (property.compares_two_runs() || property.kind == NamedProperty::Kind::robust) {
    return core::refuse(core::RefusalCode::property_unsupported, property.text,
                        "one run cannot show it: use isotrace prove");
  }
  // The same text that a proof would be about, for a single input that lies anywhere.
  const core::Program any;
  Subjects subjects;
  subjects.model = &any;
  subjects.inputs = 1;
  subjects.outputs = outputs.size();
  ISOTRACE_TRY(const Question question, make_question(property, {{{}, "-1", "1"}}, subjects));
  ISOTRACE_TRY(const Property unsafe, parse_vnnlib(question.vnnlib));
  const float input[] = {0};
  return !find_violated_case(unsafe, input, outputs).has_value();
}

}  // namespace isotrace::proofs
