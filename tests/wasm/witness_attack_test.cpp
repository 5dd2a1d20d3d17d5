// What a liar can do with a witness: nothing but make it be refused or rejected.
#include <algorithm>

#include <isotrace/core/philox.hpp>
#include <isotrace/wasm/witness/step.hpp>

#include "tests/wasm/step_machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;
using enum Opcode;

/// Witnesses of all steps of a function "f" that stores, branches and calls the host, over slots of
/// more than one chunk.
std::vector<Witness> some_witnesses() {
  ModuleBuilder builder;
  builder.add_import("host", "f", ExternKind::function,
                     unsigned_leb(builder.add_type({{i32}, {i32}})));
  const Bytes store = push_i32(2000) + push_i32(7) + op(i32_store, 2, 100);
  const Bytes loop_code = open_block(loop) + op(local_get, 0) + push_i32(1) + op(i32_sub) +
                          op(local_tee, 0) + op(br_if, 0) + close_block();
  builder.add_function({{i32}, {i32}}, store + loop_code + push_i32(5) + op(call, 0), {{200, i64}});
  builder.add_memory(2, 9).add_export("f", ExternKind::function, 1);
  StepPair pair({.module = builder.bytes(), .host = [](HostCall& call) {
                   EXPECT_TRUE(call.write(64, Bytes{1, 2, 3}));
                   call.results()[0] = 9;
                   return Trap::none;
                 }});
  pair.begin(pair.exported("f"), {2});
  std::vector<Witness> witnesses;
  pair.run(100, [&](const JudgedStep& step) { witnesses.push_back(step.witness); });
  return witnesses;
}

Witness calling_witness() {
  const std::vector<Witness> all = some_witnesses();
  return *std::ranges::find_if(all, [](const Witness& w) { return w.host_call.has_value(); });
}

/// The store's, which shows memory.
Witness storing_witness() { return some_witnesses().at(2); }

bool is_accepted(const Witness& witness) {
  const auto report = check_step(witness);
  return report && report->verdict.accepted();
}

/// A changed witness is none for the same state, unless it claims the same of it; neither as it is
/// nor with the root that follows from it. (What the host answers is up to the host. And of a state
/// whose slots are dropped unread nobody can say which slots they were: other ones are another
/// state before, which leads to the same one.)
void expect_harmless(const Witness& changed, const Witness& right) {
  if (trace::state_root(changed.before) != trace::state_root(right.before)) return;
  EXPECT_FALSE(is_accepted(changed));
  Step step(changed);
  step.run();
  if (step.hidden() || !step.fault().empty()) return;
  if (changed.host_call != right.host_call) return;
  EXPECT_EQ(trace::state_root(step.after()), right.after);
}

TEST(WitnessAttack, bytes_of_a_witness_are_the_only_ones) {
  for (const Witness& witness : some_witnesses()) {
    const Bytes bytes = write_witness(witness);
    const auto parsed = parse_witness(bytes);
    ASSERT_TRUE(parsed.has_value()) << core::describe(parsed.error());
    EXPECT_EQ(write_witness(*parsed), bytes);
    EXPECT_TRUE(is_accepted(*parsed));
  }
  const Bytes bytes = write_witness(storing_witness());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(parse_witness(core::ByteView(bytes).first(size)).has_value());
  }
  const auto longer = parse_witness(bytes + Bytes{0});
  ASSERT_FALSE(longer.has_value());
  EXPECT_EQ(longer.error().code, RefusalCode::bytes_trailing);
  const auto other = parse_witness(core::ByteWriter().text("isotrace.wasm.step.v2").take() + bytes);
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, RefusalCode::witness_malformed);
}

/// The first step of a function that only traps: its slots are not read.
Witness trapping_witness() {
  StepPair pair({.module = ModuleBuilder()
                               .add_function({{i64}, {}}, op(unreachable))
                               .add_export("f", ExternKind::function, 0)
                               .bytes()});
  pair.begin(pair.exported("f"), {3});
  return pair.step().witness;
}

TEST(WitnessAttack, no_change_of_one_byte_leads_a_state_elsewhere) {
  core::PhiloxStream random(81);
  const std::vector<Witness> all = some_witnesses();
  std::size_t number = 0;
  for (const Witness& right : {all[2], all[7], all[all.size() - 2], trapping_witness()}) {
    ++number;
    const Bytes bytes = write_witness(right);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      for (const std::uint64_t change : {std::uint64_t{1}, 2 + random.next_below(254)}) {
        Bytes changed = bytes;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ change);
        const auto parsed = parse_witness(changed);
        if (parsed) expect_harmless(*parsed, right);
        ASSERT_FALSE(HasFailure()) << "byte " << i << " of witness " << number;
      }
    }
  }
}

/// An opening of another string, or the one of another witness.
TEST(WitnessAttack, openings_fit_only_their_own_string) {
  const std::vector<Witness> all = some_witnesses();
  for (const Witness& right : all) {
    for (std::size_t i = 0; i < right.openings.size(); ++i) {
      for (std::size_t j = 0; j < right.openings.size(); ++j) {
        if (i == j) continue;
        Witness wrong = right;
        wrong.openings[i].opening = right.openings[j].opening;
        expect_harmless(wrong, right);
      }
      Witness wrong = right;
      wrong.openings[i].string += 1;
      expect_harmless(wrong, right);
      wrong = right;
      wrong.openings.push_back(right.openings[i]);
      expect_harmless(wrong, right);
      wrong = right;
      wrong.openings.erase(wrong.openings.begin() + static_cast<std::ptrdiff_t>(i));
      const auto report = check_step(wrong);
      ASSERT_FALSE(report.has_value());
      EXPECT_EQ(report.error().code, RefusalCode::witness_incomplete);
    }
  }
}

TEST(WitnessAttack, nothing_more_is_shown_than_the_step_needs) {
  const Witness right = storing_witness();
  Witness wrong = right;
  // The digest of a string without bytes is known, and so is its only chunk.
  wrong.openings.insert(
      wrong.openings.begin() + 1,
      {string_of(ProgramString::targets), {.chunks = {0}, .bytes = {{}}, .subtrees = {}}});
  const auto report = check_step(wrong);
  ASSERT_TRUE(report.has_value()) << core::describe(report.error());
  EXPECT_EQ(report->verdict.reason, "bytes that the step does not need");
}

TEST(WitnessAttack, another_instruction_is_not_the_next_one) {
  for (const Witness& right : some_witnesses()) {
    for (std::uint32_t instruction = 0; instruction < 20; ++instruction) {
      if (instruction == right.instruction) continue;
      Witness wrong = right;
      wrong.instruction = instruction;
      expect_harmless(wrong, right);
    }
  }
}

TEST(WitnessAttack, sizes_are_part_of_what_is_covered) {
  const Witness right = storing_witness();
  const auto try_sizes = [&](trace::Contents& (*contents)(Witness&)) {
    for (const std::uint64_t change :
         {std::uint64_t{1}, ~std::uint64_t{0}, std::uint64_t{1} << 33}) {
      Witness wrong = right;
      contents(wrong).size += change;
      wrong.before.program = program_digest(wrong.program);
      EXPECT_FALSE(is_accepted(wrong));
    }
  };
  try_sizes([](Witness& w) -> trace::Contents& { return w.before.frames; });
  try_sizes([](Witness& w) -> trace::Contents& { return w.before.slots; });
  try_sizes([](Witness& w) -> trace::Contents& { return w.before.memories[0]; });
  try_sizes([](Witness& w) -> trace::Contents& { return w.program.strings[1]; });
}

TEST(WitnessAttack, limits_and_statuses_are_those_of_the_profile) {
  const Witness right = storing_witness();
  Witness wrong = right;
  wrong.program.limits.frames_max += 1;
  wrong.before.program = program_digest(wrong.program);
  EXPECT_EQ(check_step(wrong)->verdict.reason, "limits beyond the profile's");
  wrong = right;
  wrong.before.program.bytes[0] ^= 1;
  EXPECT_EQ(check_step(wrong)->verdict.reason, "a state of another program");
  wrong = right;
  wrong.before.status = static_cast<std::uint8_t>(Status::finished);
  EXPECT_EQ(check_step(wrong)->verdict.reason, "a state that has no next step");
  wrong = right;
  wrong.after.bytes[0] ^= 1;
  EXPECT_EQ(check_step(wrong)->verdict.reason, "another state follows");
}

TEST(WitnessAttack, the_host_is_called_only_as_the_program_calls_it) {
  const Witness right = calling_witness();
  const auto rejected = [&](const auto& change) {
    Witness wrong = right;
    change(*wrong.host_call);
    Step step(wrong);
    step.run();
    return !step.fault().empty();
  };
  EXPECT_TRUE(rejected([](auto& call) { call.function = 1; }));
  EXPECT_TRUE(rejected([](auto& call) { call.arguments[0] ^= 1; }));
  EXPECT_TRUE(rejected([](auto& call) { call.arguments.push_back(0); }));
  EXPECT_TRUE(rejected([](auto& call) { call.results.push_back(0); }));
  EXPECT_TRUE(rejected([](auto& call) { call.results.clear(); }));
  EXPECT_TRUE(
      rejected([](auto& call) { call.trap = static_cast<std::uint8_t>(Trap::host_refused); }));
  EXPECT_TRUE(rejected([](auto& call) { call.writes[0].address = 2 * 65536 - 2; }));
  EXPECT_TRUE(rejected([](auto& call) { call.writes[0].address = ~std::uint64_t{0}; }));
  // Another answer is another future, and the log says so.
  Witness other = right;
  other.host_call->results[0] = 10;
  EXPECT_FALSE(is_accepted(other));
  Witness absent = right;
  absent.host_call.reset();
  EXPECT_EQ(check_step(absent)->verdict.reason, "no record of the call of the host");
  Witness needless = storing_witness();
  needless.host_call = right.host_call;
  EXPECT_EQ(check_step(needless)->verdict.reason, "a call of the host that was not made");
}

}  // namespace
}  // namespace isotrace::wasm::tests
