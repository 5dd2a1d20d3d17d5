#include <isotrace/smt/import_terms.hpp>

namespace isotrace::smt {
namespace {

sorted::Sort sort_of(bits::Sort sort) {
  switch (sort.kind) {
    case bits::Sort::Kind::boolean: return sorted::boolean_sort;
    case bits::Sort::Kind::vector: return sorted::vector_sort(sort.width);
    case bits::Sort::Kind::memory: break;
  }
  return sorted::memory_sort;
}

}  // namespace

void TermImport::replace(bits::Term variable, sorted::Term by) {
  copied_[variable.index] = by;
  done_[variable.index] = true;
}

sorted::Term TermImport::copy_one(bits::Term term) {
  const bits::Operation operation = from_.operation(term);
  const bits::Sort sort = from_.sort(term);
  if (operation == bits::Operation::variable) {
    return to_.variable(from_.variable_name(term), sort_of(sort));
  }
  if (operation == bits::Operation::constant) {
    const bits::Value value = *from_.constant_value(term);
    return sort == bits::boolean_sort ? to_.boolean(value != 0) : to_.vector(value, sort.width);
  }
  std::vector<sorted::Term> operands;
  for (unsigned i = 0; i < from_.operand_count(term); ++i) {
    operands.push_back(copied_[from_.operand(term, i).index]);
  }
  if (operation == bits::Operation::ite) return to_.ite(operands[0], operands[1], operands[2]);
  if (operation == bits::Operation::equal) return to_.equal(operands[0], operands[1]);
  const unsigned low = operation == bits::Operation::extract ? from_.low_bit(term) : 0;
  return to_.over_bits(operation, std::move(operands), sort_of(sort), low);
}

core::Result<sorted::Term> TermImport::copy(bits::Term root) {
  struct Visit {
    bits::Term term;
    unsigned next;  // operand to look at
  };
  std::vector<Visit> stack;
  const auto enter = [&](bits::Term term) {
    if (!done_[term.index]) stack.push_back({term, 0});
  };
  std::size_t made = 0;
  enter(root);
  while (!stack.empty()) {
    Visit& top = stack.back();
    if (top.next < from_.operand_count(top.term)) {
      enter(from_.operand(top.term, top.next++));
      continue;
    }
    if (!done_[top.term.index]) copied_[top.term.index] = copy_one(top.term);
    done_[top.term.index] = true;
    stack.pop_back();
    if (++made % 4096 == 0 && from_.is_stopped()) {
      return core::refuse(core::RefusalCode::limit_exceeded, "query", "out of time");
    }
  }
  ISOTRACE_TRY_DONE(to_.check());
  return copied_[root.index];
}

}  // namespace isotrace::smt
