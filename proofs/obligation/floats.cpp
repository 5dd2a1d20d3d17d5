#include <isotrace/proofs/obligation/floats.hpp>

#include <isotrace/core/float_environment.hpp>
#include <isotrace/wasm/numeric/numeric.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using wasm::Opcode;

unsigned result_width(Opcode opcode) {
  const std::string_view signature =
      wasm::find_opcode(static_cast<std::uint32_t>(opcode))->signature;
  const char result = signature[signature.find(':') + 1];
  return result == 'I' || result == 'F' ? 64 : 32;
}

bool is_within(Opcode opcode, Opcode first, Opcode last) {
  return opcode >= first && opcode <= last;
}

bool is_comparison(Opcode opcode) { return is_within(opcode, Opcode::f32_eq, Opcode::f64_ge); }

/// Those of NaNs, of numbers too large and of infinities trap.
bool can_trap(Opcode opcode) {
  return is_within(opcode, Opcode::i32_trunc_f32_s, Opcode::i32_trunc_f64_u) ||
         is_within(opcode, Opcode::i64_trunc_f32_s, Opcode::i64_trunc_f64_u);
}

/// Bit for bit: every NaN that is computed is the canonical one.
bool is_commutative(Opcode opcode) {
  switch (opcode) {
    case Opcode::f32_eq:
    case Opcode::f64_eq:
    case Opcode::f32_ne:
    case Opcode::f64_ne:
    case Opcode::f32_add:
    case Opcode::f64_add:
    case Opcode::f32_mul:
    case Opcode::f64_mul:
    case Opcode::f32_min:
    case Opcode::f64_min:
    case Opcode::f32_max:
    case Opcode::f64_max: return true;
    default: return false;
  }
}

/// a > b is b < a, a >= b is b <= a.
std::optional<Opcode> swapped(Opcode opcode) {
  switch (opcode) {
    case Opcode::f32_gt: return Opcode::f32_lt;
    case Opcode::f32_ge: return Opcode::f32_le;
    case Opcode::f64_gt: return Opcode::f64_lt;
    case Opcode::f64_ge: return Opcode::f64_le;
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<Computed> FloatTerms::compute_constants(Opcode opcode,
                                                      std::span<const Term> operands) {
  std::vector<wasm::Slot> slots;
  for (const Term operand : operands) {
    const auto value = pool_.constant_value(operand);
    if (!value) return std::nullopt;
    slots.push_back(static_cast<wasm::Slot>(*value));
  }
  const core::FloatEnvironment environment;
  const bool traps = wasm::execute_numeric(opcode, slots) != wasm::Trap::none;
  const bits::Value value = traps ? 0 : slots.back();
  return Computed{pool_.constant(value, result_width(opcode)), pool_.boolean(traps)};
}

Computed FloatTerms::compute(Opcode opcode, std::span<const Term> operands) {
  if (const auto computed = compute_constants(opcode, operands)) return *computed;
  std::vector<Term> ordered(operands.begin(), operands.end());
  if (const auto other = swapped(opcode)) {
    opcode = *other;
    std::swap(ordered[0], ordered[1]);
  }
  if (is_commutative(opcode) && ordered[1] < ordered[0]) std::swap(ordered[0], ordered[1]);
  if (const auto known = known_.find({opcode, ordered}); known != known_.end()) {
    return known->second;
  }
  const std::string name = "float" + std::to_string(known_.size());
  Computed any{.value = {}, .trap = pool_.boolean(false)};
  if (is_comparison(opcode)) {
    any.value = truth_value(pool_, pool_.variable(name, bits::boolean_sort));
  } else {
    any.value = pool_.variable(name, bits::vector_sort(result_width(opcode)));
  }
  if (can_trap(opcode)) any.trap = pool_.variable(name + "_traps", bits::boolean_sort);
  known_.emplace(Application(opcode, std::move(ordered)), any);
  return any;
}

std::vector<FloatApplication> FloatTerms::applications() const {
  std::vector<FloatApplication> all;
  for (const auto& [made_of, result] : known_) {
    all.push_back({made_of.first, made_of.second, result.value, result.trap});
  }
  return all;
}

Term FloatTerms::agree(const Computed& a, const Computed& b) {
  return pool_.bool_and(pool_.equal(a.value, b.value), pool_.equal(a.trap, b.trap));
}

Term FloatTerms::consistent() {
  Term all = pool_.boolean(true);
  std::size_t pairs = 0;
  for (auto a = known_.begin(); a != known_.end(); ++a) {
    for (auto b = std::next(a); b != known_.end() && b->first.first == a->first.first; ++b) {
      if (++pairs > pairs_max) return all;
      Term same = pool_.boolean(true);
      for (std::size_t i = 0; i < a->first.second.size(); ++i) {
        same = pool_.bool_and(same, pool_.equal(a->first.second[i], b->first.second[i]));
      }
      all = pool_.bool_and(all, pool_.implies(same, agree(a->second, b->second)));
    }
  }
  return all;
}

}  // namespace isotrace::proofs::obligation
