// Where a run of a program with control flow stands between two of its steps: which node comes next
// in which round of which program inside, and the records of all values that are still to be read.
// It follows from the program, the inputs and the steps before, as the executor's own order does
// (docs/spec/control.md); nothing is computed here but numbers of rounds (internal to the referee).
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include <isotrace/core/program.hpp>
#include <isotrace/executor/control_parts.hpp>
#include <isotrace/trace/record.hpp>

namespace isotrace::referee {

class Unfolding {
 public:
  /// The contents of a value that steers: a trip count, a sequence that Scan takes apart. Nothing:
  /// they cannot be had.
  using Contents = std::function<std::optional<core::Tensor>(const trace::TensorRecord&)>;

  /// Before the first step; the program must outlive it. Inputs are in the program's order.
  Unfolding(const core::Program& program, const std::vector<trace::NamedRecord>& inputs);
  /// What write() gave of the same program; nothing for anything else.
  static std::optional<Unfolding> parse(const core::Program& program, core::ByteView bytes);
  [[nodiscard]] core::Bytes write() const;

  /// Goes on to the next step, through nodes that execute nothing. False: what steers there is not
  /// known, or the program does not fit it.
  [[nodiscard]] bool settle(const Contents& contents);

  // All of these where it is settled:
  [[nodiscard]] bool ended() const;
  /// Of the next step; not ended.
  [[nodiscard]] const core::Node& node() const;
  /// Nothing for one that is left out; empty if one is unknown.
  [[nodiscard]] std::optional<std::vector<std::optional<trace::TensorRecord>>> operands() const;
  /// The next step is over, with these results; as many as the node has.
  void apply(std::span<const trace::TensorRecord> results);
  /// The program's outputs, ended; empty if one is unknown.
  [[nodiscard]] std::optional<std::vector<trace::NamedRecord>> outputs() const;

  /// What is known of the results of a node that has executed programs and is itself the next step.
  struct Closing {
    std::vector<trace::TensorRecord> states;  ///< the first results
    std::vector<core::Digest> chains;         ///< of the elements of each further one
    std::int64_t rounds = 0;
  };
  [[nodiscard]] Closing closing() const;

 private:
  /// A node whose programs are being executed.
  struct Open {
    std::int64_t round = 0;
    std::int64_t rounds_max = 0;
    bool taken = false;  // If: the branch
    bool closing = false;
    std::optional<trace::TensorRecord> condition;  // Loop, unless it is left out
    std::vector<trace::TensorRecord> states;
    std::vector<core::Digest> chains;
  };
  struct Frame {
    const core::Program* program = nullptr;
    std::size_t node = 0;
    std::vector<std::optional<trace::TensorRecord>> values;  // by ValueId; constants left out
    std::optional<Open> open;
  };
  /// What is found once of each program.
  struct Facts {
    std::vector<std::size_t> last_use;  // by ValueId; number of nodes for outputs
    std::vector<trace::TensorRecord> constants;
  };
  using Operands = std::vector<std::optional<trace::TensorRecord>>;

  explicit Unfolding(const core::Program& program)
      : facts_(std::make_shared<std::map<const core::Program*, Facts>>()), program_(&program) {}
  const Facts& facts(const core::Program& program) const;
  void push(const core::Program& program);
  [[nodiscard]] std::optional<trace::TensorRecord> find(const Frame& frame, core::ValueId id) const;
  [[nodiscard]] std::optional<Operands> operands_of(const Frame& frame) const;
  bool open_node(Frame& frame, const Contents& contents);
  bool begin_round(const Contents& contents);
  bool enter(const core::Program& inside, std::vector<trace::TensorRecord> inputs);
  bool end_round();
  static const core::Program& inside(const core::Node& node, bool taken);
  void write_frame(core::ByteWriter& out, const Frame& frame) const;
  bool read_frame(core::ByteReader& in, Frame& frame);

  std::shared_ptr<std::map<const core::Program*, Facts>> facts_;
  const core::Program* program_;
  std::vector<Frame> stack_;
};

/// The digest of the elements of a scan output so far, with one more.
core::Digest chain(const core::Digest& before, const core::Digest& element);

}  // namespace isotrace::referee
