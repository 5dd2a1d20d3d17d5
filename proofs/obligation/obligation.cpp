#include <isotrace/proofs/obligation/obligation.hpp>

#include <isotrace/bits/ring.hpp>
#include <isotrace/proofs/obligation/session.hpp>

namespace isotrace::proofs {
namespace {

using bits::Term;
using core::RefusalCode;
using core::Result;
using obligation::Session;
using obligation::Subject;
using wasm::FunctionType;
using wasm::ValueType;

const std::string memory_name = "memory";
const std::string place_name = "place";

std::string argument_name(std::size_t i) { return "p" + std::to_string(i); }

unsigned width_of(ValueType type) {
  return type == ValueType::i64 || type == ValueType::f64 ? 64 : 32;
}

const FunctionType& type_of(const wasm::Module& module, std::uint32_t function) {
  return module.type_of(module.functions[function]);
}

Result<core::Done> check_type(const std::string& name, const FunctionType& type,
                              const FunctionType& wanted) {
  if (type == wanted) return core::Done{};
  return core::refuse(RefusalCode::function_types_mismatch, name,
                      wasm::type_text(type) + ", and " + wasm::type_text(wanted) + " is needed");
}

class Maker {
 public:
  /// `given`: nothing if the inputs are variables.
  Maker(const FunctionClaim& claim, const FunctionInputs* given) : claim_(claim), given_(given) {}

  Result<FunctionObligation> make(const std::function<bool()>& stop) {
    made_.pool.fill_when(stop);
    ISOTRACE_TRY(const auto subject,
                 obligation::make_subject(made_.pool, claim_.module, claim_, given_));
    ISOTRACE_TRY(const std::uint32_t function,
                 obligation::find_function(subject->module, claim_.function));
    made_.type = type_of(subject->module, function);
    ISOTRACE_TRY_DONE(make_arguments());
    ISOTRACE_TRY(const Condition assumed, assume(*subject));
    ISOTRACE_TRY(const Condition wrong, judge(*subject, function));
    ISOTRACE_TRY_DONE(made_.pool.check());
    bits::TermPool& pool = made_.pool;
    const Term counts = pool.bool_and(assumed.holds, pool.bool_not(assumed.cut));
    made_.cut = pool.bool_or(assumed.cut, pool.bool_and(assumed.holds, wrong.cut));
    const Term possible = floats_.consistent();
    const Term refutes = pool.bool_and(assumed.holds, pool.bool_or(wrong.cut, wrong.holds));
    made_.refuted = pool.bool_and(possible, pool.bool_or(assumed.cut, refutes));
    const Term certain = pool.bool_and(pool.bool_not(wrong.cut), wrong.holds);
    made_.violated = pool.bool_and(possible, pool.bool_and(counts, certain));
    made_.floats = floats_.applications();
    if (given_ == nullptr) {
      const std::vector<Term> merged =
          bits::merge_polynomials(pool, {made_.refuted, made_.violated});
      made_.refuted = merged[0];
      made_.violated = merged[1];
    }
    ISOTRACE_TRY_DONE(pool.check());
    pool.fill_when({});
    return std::move(made_);
  }

 private:
  struct Condition {
    Term holds;
    Term cut;  ///< not all was followed
  };

  Result<core::Done> make_arguments() {
    const std::size_t count = made_.type.parameters.size();
    if (given_ != nullptr && given_->arguments.size() != count) {
      return core::refuse(RefusalCode::wasm_arguments_mismatch, claim_.function,
                          std::to_string(given_->arguments.size()) + " arguments for " +
                              std::to_string(count) + " parameters");
    }
    for (std::size_t i = 0; i < made_.type.parameters.size(); ++i) {
      const ValueType type = made_.type.parameters[i];
      if (wasm::is_reference(type)) {
        return core::refuse(RefusalCode::function_unsupported, claim_.function,
                            "parameter " + std::to_string(i) + " is a reference");
      }
      const unsigned width = width_of(type);
      arguments_.push_back(given_ != nullptr
                               ? made_.pool.constant(given_->arguments[i], width)
                               : made_.pool.variable(argument_name(i), bits::vector_sort(width)));
    }
    return core::Done{};
  }

  /// The precondition is called in a state of its own.
  Result<Condition> assume(const Subject& subject) {
    bits::TermPool& pool = made_.pool;
    if (claim_.assume.empty()) return Condition{pool.boolean(true), pool.boolean(false)};
    ISOTRACE_TRY(const std::uint32_t pre, obligation::find_function(subject.module, claim_.assume));
    ISOTRACE_TRY_DONE(check_type(claim_.assume, type_of(subject.module, pre),
                                 {made_.type.parameters, {ValueType::i32}}));
    Session session(pool, subject, floats_, claim_.unwind);
    ISOTRACE_TRY_DONE(session.start());
    ISOTRACE_TRY_DONE(session.call(pre, arguments_));
    if (!session.returns()) return Condition{pool.boolean(false), session.cut()};
    const Term nonzero = obligation::is_nonzero(pool, session.results()[0]);
    return Condition{pool.bool_and(pool.bool_not(session.trapped()), nonzero), session.cut()};
  }

  /// What would refute the property.
  Result<Condition> judge(const Subject& subject, std::uint32_t function) {
    bits::TermPool& pool = made_.pool;
    if (compares_functions(claim_.property)) return judge_pair(subject, function);
    Session session(pool, subject, floats_, claim_.unwind);
    ISOTRACE_TRY_DONE(session.start());
    ISOTRACE_TRY_DONE(check_result_type(subject.module));
    ISOTRACE_TRY_DONE(session.call(function, arguments_));
    Term wrong = pool.boolean(false);
    if (session.returns() && claim_.property == FunctionProperty::range) {
      wrong = pool.bool_not(in_range(session.results()[0]));
    }
    if (session.returns() && claim_.property == FunctionProperty::post) {
      ISOTRACE_TRY(const std::uint32_t post,
                   obligation::find_function(subject.module, claim_.other));
      std::vector<Term> operands = arguments_;
      operands.insert(operands.end(), session.results().begin(), session.results().end());
      ISOTRACE_TRY_DONE(session.call(post, operands));
      if (session.returns()) {
        wrong = pool.bool_not(obligation::is_nonzero(pool, session.results()[0]));
      }
    }
    return Condition{pool.bool_or(session.trapped(), wrong), session.cut()};
  }

  Result<core::Done> check_result_type(const wasm::Module& module) const {
    const std::vector<ValueType>& results = made_.type.results;
    if (claim_.property == FunctionProperty::range) {
      const bool number =
          results.size() == 1 && (results[0] == ValueType::i32 || results[0] == ValueType::i64);
      if (number) return core::Done{};
      return core::refuse(RefusalCode::function_types_mismatch, claim_.function,
                          wasm::type_text(made_.type) + ", and one integer is needed");
    }
    if (claim_.property != FunctionProperty::post) return core::Done{};
    ISOTRACE_TRY(const std::uint32_t post, obligation::find_function(module, claim_.other));
    FunctionType wanted{made_.type.parameters, {ValueType::i32}};
    wanted.parameters.insert(wanted.parameters.end(), results.begin(), results.end());
    return check_type(claim_.other, type_of(module, post), wanted);
  }

  Term in_range(Term result) {
    bits::TermPool& pool = made_.pool;
    const Term wide =
        claim_.is_signed ? pool.sign_extend(result, 64) : pool.zero_extend(result, 64);
    const Term low = pool.constant(claim_.low, 64);
    const Term high = pool.constant(claim_.high, 64);
    if (claim_.is_signed) return pool.bool_and(pool.bvsle(low, wide), pool.bvsle(wide, high));
    return pool.bool_and(pool.bvule(low, wide), pool.bvule(wide, high));
  }

  /// Whether the byte at an address counts.
  Term is_compared(Term place) {
    bits::TermPool& pool = made_.pool;
    if (!leaves_out_bytes(claim_)) return pool.boolean(true);
    return pool.bool_or(pool.bvult(place, pool.constant(claim_.low, bits::address_width)),
                        pool.bvule(pool.constant(claim_.high, bits::address_width), place));
  }

  /// Each function is called in a state of its own.
  Result<Condition> judge_pair(const Subject& subject, std::uint32_t function) {
    bits::TermPool& pool = made_.pool;
    std::unique_ptr<Subject> loaded;
    if (!claim_.other_module.empty()) {
      ISOTRACE_TRY(loaded, obligation::make_subject(pool, claim_.other_module, claim_, given_));
    }
    const Subject& second = loaded ? *loaded : subject;
    ISOTRACE_TRY(const std::uint32_t other, obligation::find_function(second.module, claim_.other));
    ISOTRACE_TRY_DONE(check_type(claim_.other, type_of(second.module, other), made_.type));
    Session a(pool, subject, floats_, claim_.unwind);
    Session b(pool, second, floats_, claim_.unwind);
    ISOTRACE_TRY_DONE(a.start());
    ISOTRACE_TRY_DONE(b.start());
    ISOTRACE_TRY_DONE(a.call(function, arguments_));
    ISOTRACE_TRY_DONE(b.call(other, arguments_));
    Term differ = pool.boolean(false);
    if (a.returns() && b.returns()) {
      for (std::size_t i = 0; i < a.results().size(); ++i) {
        differ = pool.bool_or(differ, pool.distinct(a.results()[i], b.results()[i]));
      }
      if (claim_.property == FunctionProperty::effects) {
        const Term place = given_ != nullptr
                               ? pool.constant(given_->place, bits::address_width)
                               : pool.variable(place_name, bits::vector_sort(bits::address_width));
        const bool parts = leaves_out_bytes(claim_);
        differ = pool.bool_or(
            differ, obligation::effects_differ(pool, a, b, place, is_compared(place),
                                               parts ? claim_.low : 0, parts ? claim_.high : 0));
      }
    }
    const Term neither = pool.bool_not(pool.bool_or(a.trapped(), b.trapped()));
    const Term wrong =
        pool.bool_or(pool.bool_xor(a.trapped(), b.trapped()), pool.bool_and(neither, differ));
    return Condition{wrong, pool.bool_or(a.cut(), b.cut())};
  }

  const FunctionClaim& claim_;
  const FunctionInputs* given_;
  FunctionObligation made_;
  obligation::FloatTerms floats_{made_.pool};
  std::vector<Term> arguments_;
};

}  // namespace

Result<FunctionObligation> make_obligation(const FunctionClaim& claim,
                                           const std::function<bool()>& stop) {
  return Maker(claim, nullptr).make(stop);
}

Result<FunctionObligation> make_obligation(const FunctionClaim& claim,
                                           const FunctionInputs& inputs) {
  return Maker(claim, &inputs).make({});
}

bits::Assignment assignment_of(const FunctionInputs& inputs) {
  bits::Assignment assignment;
  for (std::size_t i = 0; i < inputs.arguments.size(); ++i) {
    assignment.scalars.emplace(argument_name(i), inputs.arguments[i]);
  }
  assignment.scalars.emplace(place_name, inputs.place);
  bits::MemoryValue memory;
  memory.otherwise = inputs.fill;
  memory.bytes.insert(inputs.memory.begin(), inputs.memory.end());
  assignment.memories.emplace(memory_name, std::move(memory));
  return assignment;
}

FunctionInputs inputs_of(const FunctionType& type, const bits::Assignment& assignment) {
  FunctionInputs inputs;
  for (std::size_t i = 0; i < type.parameters.size(); ++i) {
    const auto value = assignment.scalars.find(argument_name(i));
    const bits::Value bits = value == assignment.scalars.end() ? 0 : value->second;
    inputs.arguments.push_back(
        static_cast<std::uint64_t>(bits & bits::mask(width_of(type.parameters[i]))));
  }
  const auto place = assignment.scalars.find(place_name);
  if (place != assignment.scalars.end()) {
    inputs.place = static_cast<std::uint32_t>(place->second);
  }
  const auto memory = assignment.memories.find(memory_name);
  if (memory == assignment.memories.end()) return inputs;
  inputs.fill = memory->second.otherwise;
  inputs.memory.assign(memory->second.bytes.begin(), memory->second.bytes.end());
  return inputs;
}

}  // namespace isotrace::proofs
