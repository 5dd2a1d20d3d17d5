// Damaged witnesses are refused, rejected, or about another state; and whatever a state holds, a
// judge that believes it stays within it.
#include <iostream>

#include <isotrace/wasm/witness/step.hpp>

#include "tests/support/mutate.hpp"
#include "tests/wasm/step_machine.hpp"

namespace isotrace::wasm::tests {
namespace {

using core::RefusalCode;

/// All steps of the sample module.
std::vector<Witness> sample_witnesses() {
  StepPair pair({.module = sample_module()});
  std::vector<Witness> witnesses;
  const auto keep = [&](const JudgedStep& step) { witnesses.push_back(step.witness); };
  pair.begin(*pair.machine().start);
  pair.run(1000, keep);
  pair.begin(pair.exported("factorial"), {3});
  pair.run(1000, keep);
  pair.begin(pair.exported("data"));
  pair.run(1000, keep);
  return witnesses;
}

/// Whether it could be read.
bool check_mutant(const Bytes& mutant, const Bytes& right) {
  const auto parsed = parse_witness(mutant);
  if (!parsed) {
    const RefusalCode code = parsed.error().code;
    EXPECT_TRUE(code == RefusalCode::witness_malformed || code == RefusalCode::bytes_truncated ||
                code == RefusalCode::bytes_trailing || code == RefusalCode::limit_exceeded)
        << core::describe(parsed.error());
    return false;
  }
  EXPECT_EQ(write_witness(*parsed), mutant);
  const auto report = check_step(*parsed);
  if (!report) {
    EXPECT_EQ(report.error().code, RefusalCode::witness_incomplete);
  } else if (report->verdict.accepted() && mutant != right) {
    // Another state before: of slots that are dropped unread nobody can say which they were.
    EXPECT_NE(report->before, trace::state_root(parse_witness(right)->before));
  }
  return true;
}

TEST(WitnessMutation, mutants_are_refused_or_rejected) {
  std::vector<Bytes> witnesses;
  for (const Witness& witness : sample_witnesses()) witnesses.push_back(write_witness(witness));
  core::PhiloxStream random(91);
  std::size_t readable = 0;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count(); ++i) {
    const Bytes& right = witnesses[random.next_below(witnesses.size())];
    if (check_mutant(isotrace::tests::mutate(right, random), right)) ++readable;
  }
  std::cout << readable << " mutants could be read\n";
  EXPECT_GT(readable, isotrace::tests::mutant_count() / 20);
}

struct SealedString {
  trace::Contents& contents;
  std::size_t unit;  ///< bytes of what the size counts
};

SealedString find_string(Witness& witness, std::uint32_t string) {
  if (string < program_strings) return {witness.program.strings[string], record_bytes[string]};
  switch (string) {
    case frames_string: return {witness.before.frames, 16};
    case slots_string: return {witness.before.slots, 8};
    case globals_string: return {witness.before.globals, 8};
    case segments_string: return {witness.before.segments, 4};
    default: break;
  }
  string -= first_table_string;
  const std::size_t tables = witness.before.tables.size();
  if (string < tables) return {witness.before.tables[string], 8};
  return {witness.before.memories[string - tables], memory_page_bytes};
}

/// Overwrites a few of the bytes shown, often by numbers that matter to a step.
void overwrite(Bytes& bytes, core::PhiloxStream& random) {
  constexpr std::array<std::uint32_t, 8> numbers = {0,      1,      2,          127,
                                                    0x7FFF, 0xFFFF, 0x80000000, 0xFFFFFFFF};
  for (std::uint64_t edits = random.next_below(4); edits > 0 && bytes.size() >= 4; --edits) {
    const std::size_t place = random.next_below(bytes.size() / 4) * 4;
    const bool known = random.next_below(2) == 0;
    const std::uint32_t value = known ? numbers[random.next_below(numbers.size())]
                                      : static_cast<std::uint32_t>(random.next_below(200));
    std::memcpy(&bytes[place], &value, sizeof value);
  }
}

/// Another state, of another program, whose digests cover what is shown of it.
void forge(Witness& witness, core::PhiloxStream& random) {
  for (StringOpening& shown : witness.openings) {
    for (Bytes& bytes : shown.opening.bytes) overwrite(bytes, random);
    const SealedString string = find_string(witness, shown.string);
    core::OpenedBytes sealed(string.contents.size * string.unit, {});
    EXPECT_FALSE(sealed.show(shown.opening));
    string.contents.digest = sealed.digest();
  }
  witness.before.program = program_digest(witness.program);
}

TEST(WitnessMutation, forged_states_never_break_the_judge) {
  const std::vector<Witness> witnesses = sample_witnesses();
  core::PhiloxStream random(92);
  std::size_t judged = 0;
  for (std::size_t i = 0; i < isotrace::tests::mutant_count(); ++i) {
    Witness witness = witnesses[random.next_below(witnesses.size())];
    forge(witness, random);
    Step step(witness);
    step.run();
    if (!step.hidden() && step.fault().empty()) ++judged;
  }
  std::cout << judged << " forged steps led somewhere\n";
  EXPECT_GT(judged, isotrace::tests::mutant_count() / 100);
  EXPECT_LT(judged, isotrace::tests::mutant_count());
}

}  // namespace
}  // namespace isotrace::wasm::tests
