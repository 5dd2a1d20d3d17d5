// Files are compared as bytes: the answer must be the one that reading both with every check gives,
// and damage must never be taken for an answer.
#include <algorithm>

#include <gtest/gtest.h>

#include <isotrace/executor/compare_files.hpp>

#include "tests/executor/memory_blocks.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::executor {
namespace {

using trace::samples::chain_recording;
using trace::samples::join_and_seal;
using trace::samples::messages_of;
using trace::samples::Recording;
using trace::samples::sample_recording;
using trace::samples::write_recording;

std::optional<FileComparison> compare(const core::Bytes& a, const core::Bytes& b,
                                      unsigned threads = 2) {
  return compare_files(MemoryBlocks(a), MemoryBlocks(b), threads);
}

Recording by_another(Recording recording) {
  recording.provenance = {"cpu", "a machine with a longer name", "isotrace"};
  return recording;
}

/// The chain in which the result of one step, and the operand of the next, are others.
Recording chain_with_fault(std::size_t count, std::size_t step) {
  Recording recording = chain_recording(count);
  recording.steps[step].outputs[0].digest.bytes[7] ^= 1;
  if (step + 1 < count) recording.steps[step + 1].inputs[0] = recording.steps[step].outputs[0];
  return recording;
}

/// The same answer as that of parse_trace and find_divergence.
void expect_as_read(const core::Bytes& file_a, const core::Bytes& file_b) {
  const auto a = trace::parse_trace(file_a);
  const auto b = trace::parse_trace(file_b);
  ASSERT_TRUE(a && b);
  const auto expected = find_divergence(*a, *b);
  for (const unsigned threads : {1U, 2U, 5U}) {
    const auto found = compare(file_a, file_b, threads);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->a.trace.root, a->root);
    EXPECT_EQ(found->b.trace.root, b->root);
    EXPECT_EQ(found->a.steps, a->steps.size());
    EXPECT_EQ(found->b.steps, b->steps.size());
    ASSERT_EQ(found->divergence.has_value(), expected.has_value());
    if (!expected) continue;
    EXPECT_EQ(found->divergence->kind, expected->kind);
    EXPECT_EQ(found->divergence->step, expected->step);
    EXPECT_EQ(found->divergence->tensor, expected->tensor);
    EXPECT_EQ(found->divergence->a, expected->a);
    EXPECT_EQ(found->divergence->b, expected->b);
    ASSERT_EQ(found->divergence->agreed.has_value(), expected->agreed.has_value());
    if (!expected->agreed) continue;
    EXPECT_EQ(found->divergence->agreed->index, expected->agreed->index);
  }
}

TEST(CompareFiles, EqualRunsOfDifferentMachinesAreIdentical) {
  for (const std::size_t count : {0, 1, 5, 3000}) {
    const core::Bytes a = write_recording(chain_recording(count));
    expect_as_read(a, a);
    expect_as_read(a, write_recording(by_another(chain_recording(count))));
  }
}

TEST(CompareFiles, TheFirstStepThatDiffersIsFoundWhereverItStands) {
  constexpr std::size_t count = 3000;  // a few blocks
  const core::Bytes a = write_recording(chain_recording(count));
  for (const std::size_t step : {0, 1, 700, 704, 705, 706, 707, 1411, 2998, 2999}) {
    expect_as_read(a, write_recording(chain_with_fault(count, step)));
    expect_as_read(write_recording(by_another(chain_with_fault(count, step))), a);
  }
}

TEST(CompareFiles, LengthsAndInputsCountAsWhenRead) {
  const core::Bytes a = write_recording(chain_recording(9));
  Recording longer = chain_recording(10);
  longer.outputs = chain_recording(9).outputs;
  expect_as_read(a, write_recording(longer));
  expect_as_read(write_recording(longer), a);
  Recording other = sample_recording();
  other.identity.inputs[0].tensor.digest.bytes[0] ^= 1;
  other.contents.erase(other.contents.begin());
  expect_as_read(write_recording(sample_recording()), write_recording(other));
  other.identity.seed ^= 1;
  expect_as_read(write_recording(sample_recording()), write_recording(other));
}

TEST(CompareFiles, ContentsOfTheDivergentStepAndTheProgramAreAtHand) {
  Recording other = sample_recording();
  other.steps[0].outputs[0].digest.bytes[0] ^= 1;
  other.contents.pop_back();  // stored in one file alone
  const auto found = compare(write_recording(sample_recording()), write_recording(other));
  ASSERT_TRUE(found && found->divergence);
  EXPECT_EQ(found->divergence->step, 0);
  EXPECT_EQ(found->a.trace.program, sample_recording().program);
  EXPECT_EQ(found->a.trace.contents.size(), 2);
  EXPECT_EQ(found->b.trace.contents.size(), 1);
  EXPECT_EQ(found->b.trace.provenance.backend, "reference");
}

TEST(CompareFiles, WhatIsBesideTheRootInTheStepsIsLeftToTheReader) {
  Recording renamed = sample_recording();
  renamed.steps[0].name = "another";
  EXPECT_FALSE(compare(write_recording(sample_recording()), write_recording(renamed)));
  Recording bare = sample_recording();
  bare.contents.clear();
  EXPECT_FALSE(compare(write_recording(sample_recording()), write_recording(bare)));
}

TEST(CompareFiles, NoFlippedBitIsTakenForAnAnswer) {
  for (const Recording& recording : {sample_recording(), by_another(sample_recording())}) {
    const core::Bytes original = write_recording(sample_recording());
    core::Bytes file = write_recording(recording);
    for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
      file[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      const auto found = compare(original, file, 1);
      const bool refused = !trace::parse_trace(file).has_value();
      ASSERT_TRUE(refused);
      // Beside another provenance, its bits and the digest of the file are not covered by anything
      // that is compared; they are beside the root.
      if (found && recording.provenance.backend == "cpu") {
        ASSERT_FALSE(found->divergence) << bit;
        ASSERT_EQ(found->b.trace.root, found->a.trace.root) << bit;
      } else {
        ASSERT_FALSE(found) << bit;
      }
      file[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    }
  }
}

TEST(CompareFiles, NoPrefixAndNothingBehindTheFooterIsTakenForAnAnswer) {
  const core::Bytes file = write_recording(sample_recording());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const core::Bytes part(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    ASSERT_FALSE(compare(file, part, 1)) << size;
    ASSERT_FALSE(compare(part, part, 1)) << size;
  }
  core::Bytes more = file;
  more.insert(more.end(), file.end() - 64, file.end());
  EXPECT_FALSE(compare(file, more));
  EXPECT_FALSE(compare(more, more));
}

TEST(CompareFiles, AFooterThatContradictsTheStepsIsLeftToTheReader) {
  const core::Bytes original = write_recording(chain_recording(50));
  auto messages = messages_of(write_recording(chain_with_fault(50, 20)));
  std::get<trace::FooterMessage>(messages.back()).root = trace::parse_trace(original)->root;
  EXPECT_FALSE(compare(original, join_and_seal(messages)));  // other steps, the same root
  messages = messages_of(original);
  std::get<trace::FooterMessage>(messages.back()).root.bytes[3] ^= 1;
  EXPECT_FALSE(compare(original, join_and_seal(messages)));  // the same steps, another root
  messages = messages_of(original);
  std::get<trace::FooterMessage>(messages.back()).leaves += 1;
  EXPECT_FALSE(compare(join_and_seal(messages), join_and_seal(messages)));
}

TEST(CompareFiles, AMessageThatIsMissingIsLeftToTheReader) {
  auto messages = messages_of(write_recording(sample_recording()));
  // Contents may stand anywhere: the last ones directly before the footer.
  const auto content = std::ranges::find_if(messages, [](const trace::Message& message) {
    return std::holds_alternative<trace::ContentChunk>(message);
  });
  ASSERT_NE(content, messages.end());
  std::rotate(content, content + 1, messages.end() - 1);
  const core::Bytes original = join_and_seal(messages);
  ASSERT_TRUE(trace::parse_trace(original));
  messages = messages_of(original);  // with its digest of the file
  for (std::size_t i = 0; i < messages.size(); ++i) {
    auto fewer = messages;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    const core::Bytes file = trace::samples::join(fewer);
    EXPECT_FALSE(compare(original, file)) << i;
    EXPECT_FALSE(compare(file, original)) << i;
  }
}

TEST(CompareFiles, AStepOutOfOrderIsLeftToTheReader) {
  const core::Bytes original = write_recording(chain_recording(50));
  auto messages = messages_of(original);
  std::swap(messages[10], messages[11]);
  EXPECT_FALSE(compare(original, join_and_seal(messages)));
}

}  // namespace
}  // namespace isotrace::executor
