#include <isotrace/referee/agreed_unfolding.hpp>

#include <isotrace/referee/narrow.hpp>

namespace isotrace::referee {
namespace {

core::Digest root_of(const Unfolding& unfolding) { return core::sha256(unfolding.write()); }

}  // namespace

const Unfolding* AgreedUnfolding::find(std::uint64_t step) {
  if (!fetch_program() || !begin()) return nullptr;
  if (step == 0) return &*at_;
  Parting parting{.lo = 0, .hi = step, .lo_root = root_of(*at_)};
  ++hearing_.ruling.rounds;
  const auto a = ask_roots(hearing_.a, 0, {&step, 1});
  const auto b = ask_roots(hearing_.b, 0, {&step, 1});
  if (!a || !b) return nullptr;
  if (a->front() == b->front()) {
    at_ = fetch_state(step, a->front());
    return at_ ? &*at_ : nullptr;
  }
  parting.hi_root = {a->front(), b->front()};
  if (narrow(hearing_, 0, parting)) judge_successor(parting.lo, parting.lo_root, parting.hi_root);
  return nullptr;
}

bool AgreedUnfolding::fetch_program() {
  const auto check = [&](core::ByteView bytes) {
    auto program = core::parse_program(bytes);
    if (!program || core::program_digest(*program) != hearing_.identity().program) return false;
    program_ = *std::move(program);
    return true;
  };
  return fetch_evidence(hearing_, {.kind = Evidence::Kind::program}, check, "the program")
      .has_value();
}

bool AgreedUnfolding::begin() {
  at_.emplace(*program_, hearing_.identity().inputs);
  if (at_->settle(contents_)) return true;
  hearing_.leave_undecided("what the program's first step is cannot be told");
  return false;
}

std::optional<Unfolding> AgreedUnfolding::fetch_state(std::uint64_t step,
                                                      const core::Digest& root) {
  const auto bytes = fetch_evidence(
      hearing_, {.kind = Evidence::Kind::state, .position = step},
      [&](core::ByteView given) { return core::sha256(given) == root; }, "where the run stands");
  if (!bytes) return std::nullopt;
  auto state = Unfolding::parse(*program_, *bytes);
  if (state && state->settle(contents_)) return state;
  hearing_.leave_undecided("where both say that the run stands is no place in the program");
  return std::nullopt;
}

std::optional<std::vector<trace::TensorRecord>> AgreedUnfolding::open_results(
    std::uint64_t step, const core::Node& node) {
  ++hearing_.ruling.rounds;
  for (const Side* side : hearing_.sides()) {
    if (side->finding.at_fault()) continue;
    const auto record = open_leaf(*side, step + 1);
    if (!record) continue;
    const auto* opened = std::get_if<trace::StepRecord>(&*record);
    if (opened != nullptr && opened->op == node.op &&
        opened->outputs.size() == node.outputs.size()) {
      return opened->outputs;
    }
    hearing_.leave_undecided("both state a step " + std::to_string(step) +
                             " that the program does not have there");
    return std::nullopt;
  }
  return std::nullopt;
}

void AgreedUnfolding::judge_successor(std::uint64_t step, const core::Digest& root,
                                      const std::array<core::Digest, 2>& stated) {
  if (step != 0) at_ = fetch_state(step, root);
  if (!at_) return;
  if (at_->ended()) return hearing_.leave_undecided("both state steps behind the program's end");
  const std::string name(core::op_info(at_->node().op).name);
  const auto results = open_results(step, at_->node());
  if (!results) return;
  at_->apply(*results);
  if (!at_->settle(contents_)) {
    return hearing_.leave_undecided("what follows step " + std::to_string(step) +
                                    " cannot be told");
  }
  const core::Digest follows = root_of(*at_);
  for (std::size_t i = 0; i < stated.size(); ++i) {
    if (stated[i] == follows) continue;
    hearing_.sides()[i]->blame(Standing::lied, "says that another step follows step " +
                                                   std::to_string(step) + " (" + name +
                                                   ") than the program has there");
  }
}

}  // namespace isotrace::referee
