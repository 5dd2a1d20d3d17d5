// Where paths end, part and come together.
#include <algorithm>
#include <map>

#include <isotrace/proofs/obligation/machine.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using core::Done;
using core::Result;

}  // namespace

/// What has already ended otherwise does not end once more.
void Machine::record(Term& end, const Term& other, Term condition) {
  end = pool_.bool_or(end, pool_.bool_and(condition, pool_.bool_not(other)));
}

void Machine::end_path() {
  record(ends_.trapped, ends_.cut, guards_.term(path_->guard));
  guards_.mark_dead(path_->guard);
  path_.reset();
}

void Machine::trap_if(Term condition) {
  const auto decided = guards_.decide(path_->guard, condition);
  if (decided == false) return;
  if (decided == true) return end_path();
  const Guard where = guards_.extend(path_->guard, condition);
  record(ends_.trapped, ends_.cut, guards_.term(where));
  // The path goes on as if it had not: what follows on the other side is without effect.
  guards_.mark_dead(where);
}

void Machine::cut_path(Path& path) {
  record(ends_.cut, ends_.trapped, guards_.term(path.guard));
  guards_.mark_dead(path.guard);
}

std::optional<Path> Machine::split(std::optional<Path>& from, Term condition) {
  if (!from) return std::nullopt;
  const auto decided = guards_.decide(from->guard, condition);
  if (decided == false) return std::nullopt;
  if (decided == true) return std::exchange(from, std::nullopt);
  Path taken = *from;
  work_ += taken.slots.size() + taken.globals.size();
  taken.guard = guards_.extend(from->guard, condition);
  from->guard = guards_.extend(from->guard, pool_.bool_not(condition));
  return taken;
}

Result<Path> Machine::join_two(const Path& then, const Path& otherwise, Term condition) {
  if (then.pages != otherwise.pages) {
    return refuse_instruction("paths meet on which the memory has grown differently");
  }
  Path joined = then;
  for (std::size_t i = 0; i < joined.slots.size(); ++i) {
    joined.slots[i] = pool_.ite(condition, then.slots[i], otherwise.slots[i]);
  }
  for (std::size_t i = 0; i < joined.globals.size(); ++i) {
    joined.globals[i] = pool_.ite(condition, then.globals[i], otherwise.globals[i]);
  }
  joined.memory = pool_.ite(condition, then.memory, otherwise.memory);
  work_ += joined.slots.size() + joined.globals.size();
  return joined;
}

/// Joins the two sides of a test as long as there are some, the innermost ones first.
Result<Done> Machine::pair_siblings(std::vector<Path>& paths) {
  // By depth of the guard, then in the order in which they came.
  std::map<std::pair<std::uint32_t, Guard>, Path> open;
  std::vector<Path> rest;
  bool exclusive = true;
  const auto add = [&](Path path) {
    while (const auto above = guards_.lift(path.guard)) path.guard = *above;
    const std::pair key(guards_.depth(path.guard), path.guard);
    exclusive = open.try_emplace(key, std::move(path)).second && exclusive;
  };
  for (Path& path : paths) add(std::move(path));
  while (!open.empty()) {
    auto deepest = open.extract(std::prev(open.end()));
    Path& path = deepest.mapped();
    const auto other = guards_.sibling(path.guard);
    const auto found = other ? open.find({guards_.depth(*other), *other}) : open.end();
    if (found == open.end()) {
      rest.push_back(std::move(path));
      continue;
    }
    const Guard parent = guards_.parent(path.guard);
    ISOTRACE_TRY(Path joined, join_two(path, found->second, guards_.test(path.guard)));
    joined.guard = parent;
    open.erase(found);
    add(std::move(joined));
  }
  if (!exclusive) return refuse_instruction("paths meet that cannot be told apart");
  paths = std::move(rest);
  return Done{};
}

/// `guard`: what the joined path has, where that is known; else it is made from theirs.
Result<std::optional<Path>> Machine::join(std::vector<Path> paths, std::optional<Guard> guard) {
  if (paths.empty()) return std::nullopt;
  ISOTRACE_TRY_DONE(pair_siblings(paths));
  Guard above = paths[0].guard;
  for (const Path& path : paths) {
    work_ += guards_.depth(path.guard);
    ISOTRACE_TRY_DONE(check_work());
    above = guards_.common_ancestor(above, path.guard);
  }
  Path joined = std::move(paths.back());
  Term any = guards_.term_below(joined.guard, above);
  for (std::size_t i = paths.size() - 1; i-- > 0;) {
    work_ += guards_.depth(paths[i].guard) - guards_.depth(above);
    ISOTRACE_TRY_DONE(check_work());
    const Term condition = guards_.term_below(paths[i].guard, above);
    ISOTRACE_TRY(Path next, join_two(paths[i], joined, condition));
    joined = std::move(next);
    any = pool_.bool_or(condition, any);
  }
  if (paths.size() > 1) {
    joined.guard = pool_.is_true(any) ? above : guards_.extend(above, any);
  }
  if (guard) joined.guard = *guard;
  return joined;
}

}  // namespace isotrace::proofs::obligation
