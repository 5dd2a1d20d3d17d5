// States of runs of WebAssembly. Between two leaves the parties answer for the states after any
// number of opcodes, until one opcode is left; its witness says what state follows.
#include <algorithm>

#include <isotrace/referee/machine_evidence.hpp>
#include <isotrace/referee/narrow.hpp>

namespace isotrace::referee {
namespace {

using core::Digest;
using trace::StateRecord;
using wasm::Status;

constexpr std::uint64_t positions_max = std::uint64_t{1} << 62;

class MachineJudge {
 public:
  MachineJudge(Hearing& hearing, std::uint64_t leaf)
      : hearing_(hearing),
        leaf_(leaf),
        place_(
            hearing.ruling.place.emplace(Place{.leaf = leaf, .kind = "state", .operation = {}})) {}

  void run() {
    if (!open_claims()) return;
    if (leaf_ == 1) return judge_beginning();
    if (!open_before()) return;
    if (ended_) return judge_end();
    if (!ask_spans()) return;
    search();
  }

 private:
  /// What a side states: the root in the leaf, and how many opcodes behind the leaf before.
  struct Claim {
    Side* side = nullptr;
    std::optional<StateRecord> state;  ///< nothing: its trace ends before
    Digest root;
    std::uint64_t position = 0;
  };

  bool open_claims() {
    ++hearing_.ruling.rounds;
    for (Side* side : hearing_.sides()) {
      Claim claim{.side = side, .state = {}, .root = {}};
      if (leaf_ < side->leaves) {
        auto record = open_leaf(*side, leaf_);
        if (!record) return false;
        if (!std::holds_alternative<StateRecord>(*record)) return leave_tensors();
        claim.state = std::get<StateRecord>(*std::move(record));
        claim.root = trace::state_root(*claim.state);
        (side == &hearing_.a ? place_.stated_a : place_.stated_b) = claim.root.hex();
      } else {
        ended_ = true;
      }
      claims_.push_back(std::move(claim));
    }
    return true;
  }

  /// Both, or one of them, executed a step of a model here.
  bool leave_tensors() {
    place_.kind = "step";
    std::string said;
    for (const Side* side : hearing_.sides()) {
      if (leaf_ >= side->leaves || side->finding.at_fault()) continue;
      const auto record = open_leaf(*side, leaf_);
      if (!record) continue;
      const auto* step = std::get_if<trace::StepRecord>(&*record);
      const bool a = side == &hearing_.a;
      (a ? place_.stated_a : place_.stated_b) = record_digest(*record).hex();
      said += std::string(a ? "; A" : "; B") + " states " +
              (step == nullptr ? "a state" : std::string(core::op_info(step->op).name));
      if (step == nullptr) continue;
      place_.step = step->index;
      place_.operation = core::op_info(step->op).name;
    }
    hearing_.leave_undecided(
        "steps of models inside a WebAssembly program are not judged: nobody shows what the model "
        "is" +
        said);
    return false;
  }

  /// The last state on which both agree.
  bool open_before() {
    ++hearing_.ruling.rounds;
    for (const Side* side : hearing_.sides()) {
      auto record = open_leaf(*side, leaf_ - 1);
      if (!record) continue;
      if (!std::holds_alternative<StateRecord>(*record)) return leave_tensors();
      before_ = std::get<StateRecord>(*std::move(record));
      return true;
    }
    return false;
  }

  /// The state in which the first call begins follows from module and identity.
  void judge_beginning() {
    const MachineModule* made = evidence_.module();
    if (made == nullptr) return;
    if (!made->beginning()) {
      return hearing_.leave_undecided("the first call is one of the host");
    }
    const Digest root = trace::state_root(*made->beginning());
    place_.expected = root.hex();
    for (const Claim& claim : claims_) {
      if (!claim.state) {
        claim.side->blame(Standing::wrong, "states no state at all");
      } else if (claim.root == root) {
        claim.side->uphold("states the state in which the run begins");
      } else {
        claim.side->blame(Standing::wrong,
                          "states another state than that in which the run begins");
      }
    }
  }

  /// One trace ends with the leaf before, on which both agree.
  void judge_end() {
    place_.step = before_.steps;
    place_.agreed = trace::state_root(before_).hex();
    const Claim& shorter = claims_[claims_[0].state ? 1 : 0];
    const Claim& longer = claims_[claims_[0].state ? 0 : 1];
    const auto status = Status{before_.status};
    // Every trace has the state in which the first call begins, and a last one, be they equal.
    if (leaf_ == 2 || (status != Status::finished && status != Status::trapped)) {
      return shorter.side->blame(Standing::wrong, "ends where the run goes on");
    }
    // Only the state in which the second call begins may be an end that stands there twice.
    const MachineModule* made = evidence_.module();
    if (made == nullptr) return;
    if (made->has_two_calls()) {
      const auto begun = made->begin_second_call(before_);
      if (!begun || Status{begun->status} != Status::running) {
        return hearing_.leave_undecided("whether the second call has begun is not shown");
      }
    }
    shorter.side->uphold("ends where the run does");
    longer.side->blame(Standing::wrong, "goes on behind the end of the run");
  }

  bool ask_spans() {
    ++hearing_.ruling.rounds;
    for (Claim& claim : claims_) {
      const auto span = take(*claim.side, claim.side->party.span(leaf_ - 1));
      if (!span) return false;
      if (*span > positions_max) {
        claim.side->blame(Standing::lied, "states more opcodes than a run can have");
        return false;
      }
      claim.position = *span;
    }
    return true;
  }

  // ---- the search for the opcode

  /// Who has the next leaf at the very place of the one before must have the same state in it.
  bool check_empty_spans() {
    const Digest root = trace::state_root(before_);
    bool good = true;
    for (const Claim& claim : claims_) {
      if (claim.position != 0 || claim.root == root) continue;
      claim.side->blame(Standing::wrong, "states two states at one place");
      good = false;
    }
    return good;
  }

  void search() {
    if (!check_empty_spans()) return;
    const Claim& early = claims_[claims_[1].position < claims_[0].position ? 1 : 0];
    const Claim& late = claims_[&early == claims_.data() ? 1 : 0];
    const std::uint64_t end = early.position;
    Digest late_root = late.root;
    if (late.position != end) {
      ++hearing_.ruling.rounds;
      const auto there =
          end == 0 ? std::vector{trace::state_root(before_)}
                   : ask_roots(*late.side, leaf_ - 1, {&end, 1}).value_or(std::vector<Digest>{});
      if (there.empty()) return;
      late_root = there.front();
    }
    // At its end the early one's root is that of its leaf.
    const bool early_is_a = early.side == &hearing_.a;
    if (early.root == late_root) return judge_place(early, late);
    parting_ = {
        .lo = 0,
        .hi = end,
        .lo_root = trace::state_root(before_),
        .hi_root = {early_is_a ? early.root : late_root, early_is_a ? late_root : early.root}};
    if (narrow(hearing_, leaf_ - 1, parting_)) judge_opcode();
  }

  /// Both agree on the state at lo, and not on the one that follows.
  void judge_opcode() {
    place_.agreed = parting_.lo_root.hex();
    place_.stated_a = parting_.hi_root[0].hex();
    place_.stated_b = parting_.hi_root[1].hex();
    const auto state = parting_.lo == 0
                           ? std::optional(before_)
                           : evidence_.fetch_state(leaf_ - 1, parting_.lo, parting_.lo_root);
    if (!state) return;
    place_.step = state->steps;
    switch (Status{state->status}) {
      case Status::running: return judge_witnesses();
      case Status::finished: return judge_next_call(*state);
      default: break;
    }
    for (const Claim& claim : claims_) {
      claim.side->blame(Standing::wrong, "goes on behind a trap");
    }
  }

  using Followed = MachineEvidence::Followed;
  std::optional<Followed> hear_witness(const Claim& claim) {
    auto followed = evidence_.hear_witness(*claim.side, leaf_ - 1, parting_.lo, parting_.lo_root);
    if (followed) place_.operation = followed->opcode;
    return followed;
  }

  void judge_witnesses() {
    std::optional<Followed> followed;
    for (std::size_t i = 0; i < 2; ++i) {
      const auto heard = hear_witness(claims_[i]);
      if (!heard) continue;
      hearing_.ruling.operations = 1;
      if (heard->host) return judge_host_call(i, *heard);
      followed = heard;
      break;
    }
    if (!followed) return hearing_.leave_undecided("neither has shown the opcode");
    judge_following(followed->root);
  }

  void judge_following(const Digest& root) {
    place_.expected = root.hex();
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string opcode =
          place_.operation.empty() ? "the beginning of the next call" : place_.operation;
      const std::string where = opcode + " at step " + std::to_string(place_.step);
      if (parting_.hi_root[i] == root) {
        claims_[i].side->uphold("states the state that follows " + where);
      } else {
        claims_[i].side->blame(Standing::wrong, "states " + parting_.hi_root[i].hex() + " behind " +
                                                    where + "; what follows is " + root.hex());
      }
    }
  }

  /// Nobody can say what a host must answer: each is held to the answer that it shows.
  void judge_host_call(std::size_t first, const Followed& heard) {
    std::array<std::optional<trace::HostCallRecord>, 2> answers;
    for (std::size_t i = 0; i < 2; ++i) {
      const auto followed = i == first ? std::optional(heard) : hear_witness(claims_[i]);
      if (!followed) continue;
      if (followed->root == parting_.hi_root[i]) {
        answers[i] = followed->host;
      } else {
        claims_[i].side->blame(Standing::wrong,
                               "states a state that its own record of a host call does not give");
      }
    }
    if (!answers[0] || !answers[1]) return;
    HostDispute dispute{.call = heard.host_calls,
                        .function = {},
                        .arguments = heard.host->arguments,
                        .a = *std::move(answers[0]),
                        .b = *std::move(answers[1])};
    const std::uint32_t number = dispute.a.function;
    if (const MachineModule* made = evidence_.module())
      dispute.function = made->host_function(number);
    hearing_.ruling.verdict = Ruling::Verdict::host;
    hearing_.ruling.host = std::move(dispute);
    hearing_.leave_undecided("the host answered the two differently at its call " +
                             std::to_string(heard.host_calls));
  }

  void judge_next_call(const StateRecord& state) {
    const MachineModule* made = evidence_.module();
    if (made == nullptr) return;
    if (!made->has_two_calls()) {
      for (const Claim& claim : claims_) {
        claim.side->blame(Standing::wrong, "goes on behind the end of the run");
      }
      return;
    }
    const auto next = made->begin_second_call(state);
    if (!next) return hearing_.leave_undecided("the second call is one of the host");
    judge_following(trace::state_root(*next));
  }

  // ---- whether a leaf stands where it must

  /// Both have the same state there; the early one has its next leaf there, the late one not.
  void judge_place(const Claim& early, const Claim& late) {
    const StateRecord& state = *early.state;
    place_.step = state.steps;
    place_.agreed = early.root.hex();
    place_.stated_a = place_.stated_b = {};
    const auto rule = [&](std::optional<bool> stands) {
      if (!stands) {
        hearing_.leave_undecided("which of two calls is executed is not shown");
      } else if (*stands) {
        early.side->uphold("has its leaf where the run ends or is due for a checkpoint");
        late.side->blame(Standing::wrong, "goes past the place of its next leaf");
      } else {
        early.side->blame(Standing::wrong, "has a leaf where none is due");
      }
    };
    const auto status = Status{state.status};
    if (status == Status::trapped) return rule(true);
    const MachineModule* made = evidence_.module();
    if (made == nullptr) return;
    if (status == Status::finished && !made->has_two_calls()) return rule(true);
    const auto frames_before = evidence_.fetch_frames(leaf_ - 1, 0, before_);
    if (!frames_before) return;
    if (status == Status::finished) return rule(made->is_in_last_call(*frames_before));
    const auto frames = evidence_.fetch_frames(leaf_ - 1, early.position, state);
    if (frames) rule(made->is_leaf_due(before_, *frames_before, state, *frames));
  }

  Hearing& hearing_;
  std::uint64_t leaf_;
  Place& place_;
  std::vector<Claim> claims_;  // of A and of B
  bool ended_ = false;         // one has no such leaf
  StateRecord before_;
  MachineEvidence evidence_{hearing_};
  Parting parting_;
};

}  // namespace

void judge_machine_leaf(Hearing& hearing, std::uint64_t leaf) { MachineJudge(hearing, leaf).run(); }

}  // namespace isotrace::referee
