// Conditions under which code is reached: a tree whose root is "always" and whose other nodes are
// "the parent, and this". A function whose calls end in every case has paths that part and come
// together again; the tree finds that both sides of a test have arrived and takes the test away.
//
// A node is dead if what happens there is recorded: the execution has trapped, or a loop has gone
// round more often than it is unrolled. An obligation is judged by that record first, so what
// follows on a dead path has no effect on it, and other paths may be weakened by what only excludes
// dead ones. Trust: part of the trusted base.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include <isotrace/bits/term.hpp>

namespace isotrace::proofs::obligation {

using Guard = std::uint32_t;
inline constexpr Guard always = 0;

class GuardTree {
 public:
  explicit GuardTree(bits::TermPool& pool);

  /// Whether the condition has the same value wherever the guard holds, as far as tests above it
  /// and dead nodes say so.
  [[nodiscard]] std::optional<bool> decide(Guard guard, bits::Term condition);
  /// "guard and condition", of which nothing is decided.
  Guard extend(Guard guard, bits::Term condition);
  /// All of it is recorded.
  void mark_dead(Guard guard);

  /// The parent, if the other side of the test is dead.
  [[nodiscard]] std::optional<Guard> lift(Guard guard);
  /// The node with the opposite test below the same parent, if there is one.
  [[nodiscard]] std::optional<Guard> sibling(Guard guard);
  [[nodiscard]] Guard parent(Guard guard) const { return nodes_[guard].parent; }
  [[nodiscard]] std::uint32_t depth(Guard guard) const { return nodes_[guard].depth; }
  /// The test of a node other than the root.
  [[nodiscard]] bits::Term test(Guard guard) const { return nodes_[guard].test; }

  /// The condition as a Boolean term.
  [[nodiscard]] bits::Term term(Guard guard) const { return nodes_[guard].term; }
  [[nodiscard]] Guard common_ancestor(Guard a, Guard b) const;
  /// What the guard demands beyond an ancestor of it.
  bits::Term term_below(Guard guard, Guard ancestor);

 private:
  struct Node {
    Guard parent = always;
    bits::Term test;
    bits::Term term;
    std::uint32_t depth = 0;
    bool dead = false;
  };
  [[nodiscard]] std::optional<Guard> find(Guard parent, bits::Term test) const;
  [[nodiscard]] bool is_dead(Guard parent, bits::Term test) const;

  bits::TermPool& pool_;
  std::vector<Node> nodes_;
  std::map<std::pair<Guard, bits::Term>, Guard> children_;
};

}  // namespace isotrace::proofs::obligation
