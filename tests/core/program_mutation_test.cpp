// Damaged program bytes are refused by a code of programs, or are another valid program whose bytes
// they are exactly.
#include <gtest/gtest.h>

#include "tests/core/program_sample.hpp"
#include "tests/support/mutate.hpp"

namespace isotrace::core::samples {
namespace {

void expect_refused_or_canonical(const Bytes& mutant) {
  const auto program = parse_program(mutant);
  if (program) {
    EXPECT_EQ(write_program(*program), mutant);
    EXPECT_TRUE(check_program(*program).has_value());
    return;
  }
  const RefusalCode code = program.error().code;
  EXPECT_TRUE(code == RefusalCode::program_malformed || code == RefusalCode::program_ill_formed ||
              code == RefusalCode::limit_exceeded || code == RefusalCode::shape_mismatch ||
              code == RefusalCode::value_out_of_range)
      << describe(program.error());
  EXPECT_EQ(program.error().where.rfind("program", 0), 0U);
}

TEST(ProgramMutation, mutants_are_refused_or_canonical) {
  const Bytes bytes = write_program(sample_program());
  PhiloxStream random(31);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    expect_refused_or_canonical(tests::mutate(bytes, random));
  }
}

TEST(ProgramMutation, mutants_of_the_graph_alone_are_refused_or_canonical) {
  // A small program: most edits hit the graph and not a constant.
  Program program = sample_program();
  program.constants[0] = Tensor(Dtype::f32, {});
  const Bytes bytes = write_program(program);
  PhiloxStream random(32);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    expect_refused_or_canonical(tests::mutate(bytes, random));
  }
}

TEST(ProgramMutation, mutants_of_programs_inside_are_refused_or_canonical) {
  const Bytes bytes = write_program(nested_program());
  PhiloxStream random(33);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    expect_refused_or_canonical(tests::mutate(bytes, random));
  }
}

TEST(ProgramMutation, mutants_of_a_constant_sequence_are_refused_or_canonical) {
  Program program;
  Tensor sequence(sequence_of(Dtype::f32), {8 + 1 + 8 + 4 + 1 + 4});
  sequence.mutable_bytes()[0] = 2;  // two tensors: [1] and a scalar
  sequence.mutable_bytes()[8] = 1;
  sequence.mutable_bytes()[9] = 1;
  program.constants = {sequence};
  program.nodes.push_back({Op::sequence_length, {0}, {1}, {}, ""});
  program.outputs = {{"n", 1}};
  const Bytes bytes = write_program(program);
  ASSERT_TRUE(parse_program(bytes).has_value());
  PhiloxStream random(34);
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    expect_refused_or_canonical(tests::mutate(bytes, random));
  }
}

}  // namespace
}  // namespace isotrace::core::samples
