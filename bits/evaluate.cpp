#include <isotrace/bits/evaluate.hpp>

#include <isotrace/core/check.hpp>

namespace isotrace::bits {
namespace {

/// Values by term index; memories have none, they are read through what they are made of.
class Evaluation {
 public:
  Evaluation(const TermPool& pool, const Assignment& assignment)
      : pool_(pool), assignment_(assignment), values_(pool.size()) {}

  void run(const std::vector<Term>& order) {
    for (const Term term : order) {
      if (pool_.sort(term) != memory_sort) values_[term.index] = compute_term(term);
    }
  }

  [[nodiscard]] Value value(Term term) const { return values_[term.index]; }

 private:
  Value compute_term(Term term) const {
    switch (pool_.operation(term)) {
      case Operation::constant: return *pool_.constant_value(term);
      case Operation::variable: return variable_value(term);
      case Operation::select:
        return read(pool_.operand(term, 0),
                    static_cast<std::uint32_t>(value(pool_.operand(term, 1))));
      default: break;
    }
    std::array<Value, 3> operands{};
    const unsigned count = pool_.operand_count(term);
    for (unsigned i = 0; i < count; ++i) operands[i] = value(pool_.operand(term, i));
    const unsigned low = pool_.operation(term) == Operation::extract ? pool_.low_bit(term) : 0;
    return compute(pool_.operation(term), operands, pool_.width(pool_.operand(term, count - 1)),
                   low, pool_.width(term));
  }

  [[nodiscard]] Value variable_value(Term term) const {
    const auto known = assignment_.scalars.find(pool_.variable_name(term));
    if (known == assignment_.scalars.end()) return 0;
    return known->second & (pool_.sort(term) == boolean_sort ? 1 : mask(pool_.width(term)));
  }

  /// Walks from the last store back to the byte.
  [[nodiscard]] Value read(Term memory, std::uint32_t address) const {
    for (;;) {
      switch (pool_.operation(memory)) {
        case Operation::store:
          if (value(pool_.operand(memory, 1)) == address) return value(pool_.operand(memory, 2));
          memory = pool_.operand(memory, 0);
          break;
        case Operation::ite:
          memory = pool_.operand(memory, value(pool_.operand(memory, 0)) != 0 ? 1 : 2);
          break;
        case Operation::array_constant: return value(pool_.operand(memory, 0));
        default: {
          const auto known = assignment_.memories.find(pool_.variable_name(memory));
          return known == assignment_.memories.end() ? 0 : known->second.at(address);
        }
      }
    }
  }

  const TermPool& pool_;
  const Assignment& assignment_;
  std::vector<Value> values_;
};

}  // namespace

std::uint8_t MemoryValue::at(std::uint32_t address) const {
  const auto known = bytes.find(address);
  return known == bytes.end() ? otherwise : known->second;
}

core::Result<std::vector<Value>> evaluate(const TermPool& pool, const std::vector<Term>& terms,
                                          const Assignment& assignment) {
  ISOTRACE_TRY_DONE(pool.check());
  Evaluation evaluation(pool, assignment);
  evaluation.run(pool.post_order(terms));
  std::vector<Value> values;
  for (const Term term : terms) {
    ISOTRACE_CHECK(pool.sort(term) != memory_sort, term.index);
    values.push_back(evaluation.value(term));
  }
  return values;
}

core::Result<bool> holds(const TermPool& pool, Term term, const Assignment& assignment) {
  ISOTRACE_CHECK(pool.sort(term) == boolean_sort, term.index);
  ISOTRACE_TRY(const std::vector<Value> values, evaluate(pool, {term}, assignment));
  return values[0] != 0;
}

}  // namespace isotrace::bits
