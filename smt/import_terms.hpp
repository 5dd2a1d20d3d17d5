// Terms over bits copied into the pool of all sorts, one by one and without rewriting. Variables
// may be replaced: those that stand for results of operations on floats by these operations. Trust:
// none.
#pragma once

#include <functional>

#include <isotrace/smt/sorted.hpp>

namespace isotrace::smt {

class TermImport {
 public:
  /// Both pools outlive this.
  TermImport(const bits::TermPool& from, sorted::Pool& to)
      : from_(from), to_(to), copied_(from.size()), done_(from.size()) {}

  /// Where a variable of `from` occurs, from now on this stands.
  void replace(bits::Term variable, sorted::Term by);
  /// Refuses what Pool::check refuses, and limit_exceeded as soon as `from` is stopped.
  core::Result<sorted::Term> copy(bits::Term term);

 private:
  sorted::Term copy_one(bits::Term term);

  const bits::TermPool& from_;
  sorted::Pool& to_;
  std::vector<sorted::Term> copied_;  // by index in `from`
  std::vector<bool> done_;
};

}  // namespace isotrace::smt
