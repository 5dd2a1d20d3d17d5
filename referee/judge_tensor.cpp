// Steps and outputs of tensor programs. What stands at a step follows from the program's graph,
// from the inputs in the identity and from the steps before, on which both agree: so the operation,
// its attributes and the digests of its operands are known before anything is executed.
#include <algorithm>
#include <map>

#include <isotrace/referee/agreed_unfolding.hpp>
#include <isotrace/referee/agreed_values.hpp>
#include <isotrace/referee/content.hpp>
#include <isotrace/referee/judge_closing.hpp>
#include <isotrace/referee/single_step.hpp>

namespace isotrace::referee {
namespace {

using core::Digest;
using core::Tensor;
using trace::StepRecord;
using trace::TensorRecord;

/// What a side states at the leaf; nothing if its trace ends before.
struct Claim {
  const Side* side = nullptr;
  std::optional<LeafRecord> record;
};

using Contents = std::map<Digest, Tensor>;

std::string kind_of(const LeafRecord& record) {
  return std::holds_alternative<StepRecord>(record) ? "a step"
         : std::holds_alternative<Outputs>(record)  ? "outputs"
                                                    : "a state";
}

class TensorJudge {
 public:
  TensorJudge(Hearing& hearing, std::uint64_t leaf)
      : hearing_(hearing),
        leaf_(leaf),
        place_(hearing.ruling.place.emplace(
            Place{.leaf = leaf, .kind = "step", .step = leaf - 1, .operation = {}})) {}

  void run() {
    for (Side* side : hearing_.sides()) {
      Claim claim{side, std::nullopt};
      if (leaf_ < side->leaves) {
        claim.record = open_leaf(*side, leaf_);
        if (!claim.record) return;
        std::string& stated = side == &hearing_.a ? place_.stated_a : place_.stated_b;
        stated = record_digest(*claim.record).hex();
      }
      claims_.push_back(std::move(claim));
    }
    ++hearing_.ruling.rounds;
    if (!agreed_.fetch_graph()) return;
    const auto& nodes = agreed_.program().nodes;
    const auto control = std::ranges::find_if(
        nodes, [](const core::Node& node) { return core::op_info(node.op).control; });
    const auto plain = static_cast<std::uint64_t>(control - nodes.begin());
    const std::uint64_t step = leaf_ - 1;
    if (step < plain) {
      judge_step(nodes[step]);
    } else if (control != nodes.end()) {
      judge_unfolded();
    } else if (step == nodes.size()) {
      judge_outputs();
    } else {
      judge_end(step == nodes.size() + 1);
    }
  }

 private:
  bool fetch_content(const Digest& digest) {
    if (contents_.contains(digest)) return true;
    std::optional<Tensor> tensor;
    const auto check = [&](core::ByteView bytes) {
      auto parsed = parse_content(bytes);
      if (!parsed || core::tensor_digest(*parsed) != digest) return false;
      tensor = *std::move(parsed);
      return true;
    };
    const Evidence evidence{.kind = Evidence::Kind::content, .leaf = leaf_, .digest = digest};
    if (!fetch_evidence(hearing_, evidence, check, "an operand")) return false;
    content_bytes_ += tensor->bytes().size();
    if (content_bytes_ > hearing_.limits.evidence_bytes_max) {
      hearing_.leave_undecided("the operands are larger than this referee takes");
      return false;
    }
    contents_.emplace(digest, *std::move(tensor));
    return true;
  }

  // ---- judging

  /// The step that the program has here, all but its results.
  std::optional<StepRecord> expect_step(const core::Node& node) {
    if (!agreed_.know(node.inputs)) return std::nullopt;
    StepRecord step;
    step.index = leaf_ - 1;
    step.op = node.op;
    step.attributes = core::attribute_digest(node);
    for (const core::ValueId input : node.inputs) {
      step.inputs.emplace_back();
      if (input == core::no_value) continue;
      const AgreedValues::Known known = agreed_.find(input);
      // Of a constant only the digest is known so far; it covers type and shape.
      step.inputs.back() = known.record.value_or(TensorRecord{known.digest, {}, {}});
    }
    return step;
  }

  void judge_step(const core::Node& node) {
    place_.operation = core::op_info(node.op).name;
    auto expected = expect_step(node);
    if (!expected) return;
    if (!open_claims(*expected, node).empty()) execute(node, *expected);
  }

  /// Claims whose results are still to be judged.
  std::vector<const Claim*> open_claims(const StepRecord& expected, const core::Node& node) const {
    std::vector<const Claim*> open;
    for (const Claim& claim : claims_) {
      if (judge_form(claim, expected, node)) open.push_back(&claim);
    }
    return open;
  }

  /// Judges all but the results. True: these are still to be judged.
  bool judge_form(const Claim& claim, const StepRecord& expected, const core::Node& node) const {
    const auto wrong = [&](const std::string& what) {
      claim.side->blame(Standing::wrong, "states " + what + " at step " +
                                             std::to_string(expected.index) + " (" +
                                             std::string(core::op_info(expected.op).name) + ")");
      return false;
    };
    if (!claim.record) return wrong("that the run ends");
    const auto* step = std::get_if<StepRecord>(&*claim.record);
    if (step == nullptr) return wrong(kind_of(*claim.record));
    if (step->index != expected.index) return wrong("another number");
    if (step->op != expected.op) return wrong("operation " + name_of(step->op));
    if (step->attributes != expected.attributes) return wrong("other attributes");
    if (step->inputs.size() != expected.inputs.size()) return wrong("another number of operands");
    for (std::size_t i = 0; i < step->inputs.size(); ++i) {
      const auto& given = step->inputs[i];
      const auto& right = expected.inputs[i];
      if (given.has_value() != right.has_value() || (given && given->digest != right->digest)) {
        return wrong("another operand " + std::to_string(i));
      }
    }
    if (step->outputs.size() != node.outputs.size()) return wrong("another number of results");
    return true;
  }

  static std::string name_of(core::Op op) { return std::string(core::op_info(op).name); }

  /// Executes the one operation, and judges what is left of the claims by it.
  void execute(const core::Node& node, StepRecord expected) {
    std::vector<std::optional<core::TensorView>> operands;
    for (auto& input : expected.inputs) {
      operands.emplace_back();
      if (!input) continue;
      if (!fetch_content(input->digest)) return;
      operands.back() = contents_.at(input->digest).view();
      input = TensorRecord{input->digest,
                           operands.back()->dtype(),
                           {operands.back()->shape().begin(), operands.back()->shape().end()}};
    }
    ++hearing_.ruling.operations;
    auto results = execute_alone(node, operands, hearing_.reference, hearing_.limits.execute);
    if (!results) {
      return hearing_.leave_undecided("the reference refuses the step: " +
                                      core::describe(results.error()));
    }
    expected.outputs = *std::move(results);
    place_.expected = step_digest(expected).hex();
    for (const Claim& claim : claims_) judge_results(claim, expected);
  }

  void judge_results(const Claim& claim, const StepRecord& expected) const {
    if (claim.side->finding.at_fault()) return;
    const auto& step = std::get<StepRecord>(*claim.record);
    const std::string where =
        " of step " + std::to_string(expected.index) + " (" + name_of(expected.op) + ")";
    if (step_digest(step) == step_digest(expected)) {
      return claim.side->uphold("states the results" + where + " that the reference gives");
    }
    for (std::size_t i = 0; i < step.outputs.size(); ++i) {
      if (step.outputs[i] == expected.outputs[i]) continue;
      return claim.side->blame(Standing::wrong, "states " + step.outputs[i].digest.hex() +
                                                    " as result " + std::to_string(i) + where +
                                                    "; the reference gives " +
                                                    expected.outputs[i].digest.hex());
    }
    claim.side->blame(Standing::wrong, "states types or shapes of operands" + where +
                                           " that their contents do not have");
  }

  /// From the first node on that executes programs the graph alone does not say which step is
  /// which.
  void judge_unfolded() {
    if (hearing_.ruling.place->step > 0 && ends_before()) return judge_end(true);
    AgreedUnfolding agreed(hearing_, [this](const TensorRecord& record) {
      return fetch_content(record.digest) ? std::optional(contents_.at(record.digest))
                                          : std::nullopt;
    });
    const Unfolding* at = agreed.find(leaf_ - 1);
    if (at == nullptr) return;
    if (at->ended()) {
      const auto outputs = at->outputs();
      return outputs ? hold_to_outputs(*outputs)
                     : hearing_.leave_undecided("an output is none of the values that are known");
    }
    const auto operands = at->operands();
    if (!operands)
      return hearing_.leave_undecided("an operand is none of the values that are known");
    const core::Node& node = at->node();
    place_.operation = name_of(node.op);
    StepRecord expected{.index = leaf_ - 1,
                        .op = node.op,
                        .attributes = core::attribute_digest(node),
                        .inputs = *operands,
                        .outputs = {},
                        .name = {}};
    const std::vector<const Claim*> open = open_claims(expected, node);
    if (!core::op_info(node.op).control) {
      if (!open.empty()) execute(node, std::move(expected));
      return;
    }
    for (const Claim* claim : open) {
      judge_closing(hearing_, *claim->side, leaf_, node, at->closing(),
                    std::get<StepRecord>(*claim->record));
    }
  }

  /// Whether both have their outputs in the leaf before.
  bool ends_before() {
    for (const Side* side : hearing_.sides()) {
      if (side->finding.at_fault()) continue;
      const auto record = open_leaf(*side, leaf_ - 1);
      if (record) return std::holds_alternative<Outputs>(*record);
    }
    return false;
  }

  void judge_outputs() {
    std::vector<core::ValueId> values;
    for (const core::ProgramOutput& output : agreed_.program().outputs)
      values.push_back(output.value);
    if (!agreed_.know(values)) return;
    Outputs expected;
    for (const core::ProgramOutput& output : agreed_.program().outputs) {
      AgreedValues::Known known = agreed_.find(output.value);
      if (!known.record) {
        if (!fetch_content(known.digest)) return;
        known.record = trace::record_of(contents_.at(known.digest));
      }
      expected.push_back({output.name, *known.record});
    }
    hold_to_outputs(expected);
  }

  void hold_to_outputs(const Outputs& expected) {
    place_.kind = "outputs";
    const Digest digest = outputs_digest(expected);
    place_.expected = digest.hex();
    for (const Claim& claim : claims_) {
      if (!claim.record) {
        claim.side->blame(Standing::wrong, "states no outputs");
      } else if (!std::holds_alternative<Outputs>(*claim.record)) {
        claim.side->blame(Standing::wrong, "goes on behind the last step of the program");
      } else if (record_digest(*claim.record) != digest) {
        claim.side->blame(Standing::wrong, "states outputs that its steps do not give");
      } else {
        claim.side->uphold("states the outputs that the steps give");
      }
    }
  }

  /// Both have the outputs, and one has leaves behind them; `exact`: at once.
  void judge_end(bool exact) {
    for (const Claim& claim : claims_) {
      if (claim.record) {
        claim.side->blame(Standing::wrong, "goes on behind the outputs of the program");
      } else if (exact) {
        claim.side->uphold("ends with the outputs");
      }
    }
  }

  Hearing& hearing_;
  std::uint64_t leaf_;
  Place& place_;
  std::vector<Claim> claims_;  // of A and of B
  AgreedValues agreed_{hearing_};
  Contents contents_;
  std::uint64_t content_bytes_ = 0;
};

}  // namespace

void judge_tensor_leaf(Hearing& hearing, std::uint64_t leaf) { TensorJudge(hearing, leaf).run(); }

}  // namespace isotrace::referee
