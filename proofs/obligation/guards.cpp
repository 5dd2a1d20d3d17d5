#include <isotrace/proofs/obligation/guards.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;

/// How far up tests are looked at: farther up they decide little and cost the same.
constexpr unsigned levels_asked = 64;

}  // namespace

GuardTree::GuardTree(bits::TermPool& pool) : pool_(pool) {
  nodes_.push_back({.parent = always, .test = pool.boolean(true), .term = pool.boolean(true)});
}

std::optional<Guard> GuardTree::find(Guard parent, Term test) const {
  const auto found = children_.find({parent, test});
  return found == children_.end() ? std::nullopt : std::optional(found->second);
}

bool GuardTree::is_dead(Guard parent, Term test) const {
  const auto child = find(parent, test);
  return child && nodes_[*child].dead;
}

std::optional<bool> GuardTree::decide(Guard guard, Term condition) {
  if (pool_.is_true(condition)) return true;
  if (pool_.is_false(condition)) return false;
  const Term opposite = pool_.bool_not(condition);
  for (unsigned level = 0; level < levels_asked; ++level) {
    const Node& node = nodes_[guard];
    if (node.test == condition || is_dead(guard, opposite)) return true;
    if (node.test == opposite || is_dead(guard, condition)) return false;
    if (guard == always) break;
    guard = node.parent;
  }
  return std::nullopt;
}

Guard GuardTree::extend(Guard guard, Term condition) {
  if (const auto child = find(guard, condition)) return *child;
  const auto child = static_cast<Guard>(nodes_.size());
  nodes_.push_back({.parent = guard,
                    .test = condition,
                    .term = pool_.bool_and(nodes_[guard].term, condition),
                    .depth = nodes_[guard].depth + 1});
  children_.emplace(std::pair(guard, condition), child);
  return child;
}

void GuardTree::mark_dead(Guard guard) {
  nodes_[guard].dead = true;
  // Where both sides of a test are dead, so is what they are sides of.
  while (guard != always && is_dead(nodes_[guard].parent, pool_.bool_not(nodes_[guard].test))) {
    guard = nodes_[guard].parent;
    nodes_[guard].dead = true;
  }
}

std::optional<Guard> GuardTree::sibling(Guard guard) {
  if (guard == always) return std::nullopt;
  return find(nodes_[guard].parent, pool_.bool_not(nodes_[guard].test));
}

std::optional<Guard> GuardTree::lift(Guard guard) {
  const auto other = sibling(guard);
  if (!other || !nodes_[*other].dead) return std::nullopt;
  return nodes_[guard].parent;
}

Guard GuardTree::common_ancestor(Guard a, Guard b) const {
  while (a != b) {
    Guard& deeper = nodes_[a].depth >= nodes_[b].depth ? a : b;
    deeper = nodes_[deeper].parent;
  }
  return a;
}

Term GuardTree::term_below(Guard guard, Guard ancestor) {
  Term term = pool_.boolean(true);
  for (; guard != ancestor; guard = nodes_[guard].parent) {
    term = pool_.bool_and(nodes_[guard].test, term);
  }
  return term;
}

}  // namespace isotrace::proofs::obligation
