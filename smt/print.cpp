#include <isotrace/smt/print.hpp>

#include <algorithm>
#include <unordered_map>
#include <vector>

#include <isotrace/core/check.hpp>

namespace isotrace::smt {
namespace {

using bits::Operation;
using bits::Sort;
using bits::Term;

std::string sort_text(Sort sort) {
  if (sort == bits::boolean_sort) return "Bool";
  if (sort == bits::memory_sort) return "(Array (_ BitVec 32) (_ BitVec 8))";
  return "(_ BitVec " + std::to_string(sort.width) + ")";
}

std::string constant_text(bits::Value value, Sort sort) {
  if (sort == bits::boolean_sort) return value != 0 ? "true" : "false";
  const unsigned step = sort.width % 4 == 0 ? 4 : 1;
  std::string text = step == 4 ? "#x" : "#b";
  for (unsigned at = sort.width; at > 0; at -= step) {
    text += "0123456789abcdef"[static_cast<unsigned>(value >> (at - step)) & ((1U << step) - 1)];
  }
  return text;
}

class Printer {
 public:
  explicit Printer(const bits::TermPool& pool) : pool_(pool) {}

  core::Result<std::string> run(Term assertion) {
    const std::vector<Term> order = pool_.post_order({assertion});
    // Z3 knows no constant arrays in the logics of arrays.
    const bool constant_arrays = std::any_of(order.begin(), order.end(), [this](Term term) {
      return pool_.operation(term) == Operation::array_constant;
    });
    text_ = constant_arrays ? "(set-logic ALL)\n" : "(set-logic QF_ABV)\n";
    std::size_t written = 0;
    for (const Term term : order) {
      write(term);
      if (++written % 64 == 0 && pool_.is_stopped()) {
        return core::refuse(core::RefusalCode::limit_exceeded, "query", "out of time");
      }
      if (text_.size() > core::limits::smt_query_bytes_max) {
        return core::refuse(
            core::RefusalCode::limit_exceeded, "query",
            "more than " + std::to_string(core::limits::smt_query_bytes_max) + " bytes of SMT-LIB");
      }
    }
    text_ += "(assert " + names_.at(assertion.index) + ")\n(check-sat)\n";
    return std::move(text_);
  }

 private:
  void write(Term term) {
    const Operation operation = pool_.operation(term);
    std::string& name = names_[term.index];
    if (operation == Operation::constant) {
      name = constant_text(*pool_.constant_value(term), pool_.sort(term));
      return;
    }
    if (operation == Operation::variable) {
      name = variable_symbol(pool_, term);
      text_ += "(declare-fun " + name + " () " + sort_text(pool_.sort(term)) + ")\n";
      return;
    }
    // No name of a variable begins with this character.
    name = "?" + std::to_string(names_.size());
    text_ += "(define-fun " + name + " () " + sort_text(pool_.sort(term)) + " (" + head(term);
    for (unsigned i = 0; i < pool_.operand_count(term); ++i) {
      text_ += ' ';
      text_ += names_.at(pool_.operand(term, i).index);
    }
    text_ += "))\n";
  }

  [[nodiscard]] std::string head(Term term) const {
    const std::string plain(bits::name(pool_.operation(term)));
    const unsigned width = pool_.width(term);
    switch (pool_.operation(term)) {
      case Operation::extract: {
        const unsigned low = pool_.low_bit(term);
        return "(_ extract " + std::to_string(low + width - 1) + " " + std::to_string(low) + ")";
      }
      case Operation::zero_extend:
      case Operation::sign_extend:
        return "(_ " + plain + " " + std::to_string(width - pool_.width(pool_.operand(term, 0))) +
               ")";
      case Operation::array_constant: return "(as const " + sort_text(bits::memory_sort) + ")";
      default: return plain;
    }
  }

  const bits::TermPool& pool_;
  std::unordered_map<std::uint32_t, std::string> names_;
  std::string text_;
};

}  // namespace

std::string variable_symbol(const bits::TermPool& pool, Term variable) {
  return "$" + pool.variable_name(variable);
}

core::Result<std::string> print_query(const bits::TermPool& pool, Term assertion) {
  ISOTRACE_TRY_DONE(pool.check());
  ISOTRACE_CHECK(pool.sort(assertion) == bits::boolean_sort, assertion.index);
  return Printer(pool).run(assertion);
}

}  // namespace isotrace::smt
