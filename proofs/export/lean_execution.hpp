// Runs code on words of literals as lean/bits/Execution.lean does. Trust: none (lean_gates.hpp).
#pragma once

#include <functional>
#include <memory>

#include "lean_gates.hpp"
#include "lean_memory.hpp"

namespace isotrace::proofs {

struct LeanState {
  std::vector<LeanWord> stack;  ///< the top last
  std::vector<LeanWord> locals;
  std::vector<LeanWord> globals;
  LeanWrites written = {};
};

struct LeanEnd {
  enum class Kind : std::uint8_t { normal, branch, returned, trap, unfinished };
  Kind kind = Kind::unfinished;
  std::uint32_t depth = 0;  ///< branch
  LeanState state = {};     ///< normal, branch, returned
};

struct LeanTree;
using LeanTreePtr = std::shared_ptr<const LeanTree>;

/// An end, or a fork.
struct LeanTree {
  LeanEnd end = {};
  LeanLit condition = lean_no;
  LeanTreePtr yes = nullptr;  ///< null: an end
  LeanTreePtr no = nullptr;
};

class LeanExecution {
 public:
  /// Both must outlive it.
  LeanExecution(LeanGates& gates, const CodeModule& module)
      : gates_(gates), module_(module), memory_(gates, module) {}

  /// Calls a function (by its place) whose arguments lie on the stack; `fuel` as in Wasm.lean.
  LeanTreePtr call(std::uint32_t function, std::uint32_t fuel, LeanState state);

  using Going = std::function<LeanTreePtr(const LeanEnd&)>;
  /// A tree in the place of every end.
  LeanTreePtr follow(const LeanTreePtr& tree, const Going& going);
  using Judge = std::function<LeanLit(const LeanEnd&)>;
  LeanLit folded(const LeanTreePtr& tree, const Judge& judge);

  /// It was too much to execute: what came back is not the whole.
  [[nodiscard]] bool exhausted() const { return work_ > work_max; }
  /// Something ended as `unfinished`.
  [[nodiscard]] bool unfinished() const { return unfinished_; }

 private:
  static constexpr std::uint64_t work_max = std::uint64_t{1} << 16;
  /// More than certificates can name.
  static constexpr std::size_t gates_max = std::size_t{1} << 20;

  LeanTreePtr sequence(const std::vector<CodeNode>& code, std::size_t from, std::uint32_t fuel,
                       LeanState state);
  LeanTreePtr execute(const CodeNode& node, std::uint32_t fuel, LeanState state);
  LeanTreePtr table(const std::vector<std::uint32_t>& depths, std::size_t from,
                    const LeanWord& word, const LeanState& state);
  LeanTreePtr execute_loop(const CodeNode& node, std::uint32_t fuel, const LeanState& state);
  LeanTreePtr execute_if(const CodeNode& node, std::uint32_t fuel, LeanState state);
  LeanTreePtr execute_call(std::uint32_t function, std::uint32_t fuel, const LeanState& state);
  LeanTreePtr entries(const std::vector<std::optional<std::uint32_t>>& entries_of, std::size_t from,
                      const LeanWord& word, std::uint32_t fuel, const LeanState& state);
  LeanTreePtr access(const CodeNode& node, LeanState state);
  LeanTreePtr row(const CodeNode& node, LeanState state);
  LeanTreePtr divide(const CodeNode& node, LeanState state);
  LeanTreePtr simple(const CodeNode& node, LeanState state);
  void numeric(const CodeNode& node, LeanState& state);
  LeanTreePtr fork(LeanLit condition, const LeanTreePtr& yes, const LeanTreePtr& no);
  LeanTreePtr joined(LeanLit condition, const LeanTreePtr& yes, const LeanTreePtr& no);
  std::optional<LeanEnd> join(LeanLit condition, const LeanEnd& a, const LeanEnd& b);
  void join(LeanLit condition, std::vector<LeanWord>& a, const std::vector<LeanWord>& b);

  LeanGates& gates_;
  const CodeModule& module_;
  LeanMemory memory_;
  std::uint64_t work_ = 0;
  bool unfinished_ = false;
};

}  // namespace isotrace::proofs
