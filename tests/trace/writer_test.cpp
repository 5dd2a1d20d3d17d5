#include <gtest/gtest.h>

#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

TEST(Writer, stores_equal_contents_once) {
  Recording recording = sample_recording();
  const auto once = write_recording(recording).size();
  recording.contents.push_back(recording.contents[0]);
  EXPECT_EQ(write_recording(recording).size(), once);
}

TEST(Writer, same_recording_gives_the_same_bytes) {
  EXPECT_EQ(write_recording(sample_recording()), write_recording(sample_recording()));
}

TEST(Writer, file_is_incomplete_until_finished_and_gone_if_dropped) {
  const Recording recording = sample_recording();
  tests::SimulatedFiles files;
  {
    auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, {});
    ASSERT_TRUE(writer.has_value());
    ASSERT_TRUE(writer->append(recording.steps[0]).has_value());
    EXPECT_EQ(files.files().count("t"), 0U);
    const auto found = recover_trace(files.files().at("t.incomplete"));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->trace.steps.size(), 1U);
  }
  EXPECT_TRUE(files.files().empty());
}

TEST(Writer, returns_the_root_that_the_reader_recomputes) {
  const Recording recording = sample_recording();
  tests::SimulatedFiles files;
  auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, {});
  for (const StepRecord& step : recording.steps) ASSERT_TRUE(writer->append(step).has_value());
  const auto root = writer->finish(recording.outputs);
  ASSERT_TRUE(root.has_value());
  EXPECT_EQ(*root, parse_trace(files.files().at("t"))->root);
}

TEST(Writer, pieces_of_a_program_are_one_program_wherever_they_are_cut) {
  const Recording recording = sample_recording();
  core::Bytes program(3 * 65536 + 100);
  for (std::size_t i = 0; i < program.size(); ++i) program[i] = static_cast<std::uint8_t>(i % 251);
  const auto write = [&](const std::vector<core::ByteView>& pieces) {
    tests::SimulatedFiles files;
    auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, pieces);
    EXPECT_TRUE(writer->finish(recording.outputs).has_value());
    return files.files().at("t");
  };
  const core::ByteView whole = program;
  for (const std::size_t size : {program.size(), std::size_t{2 * 65536}}) {
    const core::Bytes expected = write({whole.first(size)});
    for (const std::size_t cut : {1U, 65535U, 65536U, 65537U, 100000U}) {
      EXPECT_EQ(write({whole.first(cut), {}, whole.subspan(cut, size - cut)}), expected) << cut;
    }
  }
}

TEST(WriterRefuses, records_that_no_reader_would_take) {
  Recording recording = sample_recording();
  tests::SimulatedFiles files;
  auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, {});
  recording.steps[0].name.assign(5000, 'n');
  const auto appended = writer->append(recording.steps[0]);
  ASSERT_FALSE(appended.has_value());
  EXPECT_EQ(appended.error().code, core::RefusalCode::limit_exceeded);
  recording.identity.inputs[0].name.assign(5000, 'n');
  EXPECT_FALSE(
      TraceWriter::begin(files, "u", recording.identity, recording.provenance, {}).has_value());
}

TEST(WriterRefuses, outputs_that_no_reader_would_take_and_everything_after) {
  Recording recording = sample_recording();
  tests::SimulatedFiles files;
  auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, {});
  recording.outputs[0].name.assign(5000, 'n');
  for (int i = 0; i < 2; ++i) {
    const auto root = writer->finish(recording.outputs);
    ASSERT_FALSE(root.has_value());
    EXPECT_EQ(root.error().code, core::RefusalCode::limit_exceeded);
  }
  EXPECT_FALSE(writer->append(recording.steps[0]).has_value());
  EXPECT_FALSE(writer->store(recording.contents[0], core::Digest{}).has_value());
  EXPECT_EQ(files.files().count("t"), 0U);
}

TEST(WriterDeathTest, steps_out_of_order_are_a_bug) {
  const Recording recording = sample_recording();
  tests::SimulatedFiles files;
  auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, {});
  EXPECT_DEATH((void)writer->append(recording.steps[1]), "step.index");
}

TEST(WriterRefuses, messages_over_the_limit) {
  StepRecord step;
  step.op = core::Op::concat;
  step.inputs.assign(1 << 20, record_of(core::Tensor()));
  const auto encoded = encode_message(step);
  ASSERT_FALSE(encoded.has_value());
  EXPECT_EQ(encoded.error().code, core::RefusalCode::limit_exceeded);
}

TEST(WriterRefuses, everything_after_a_failed_write) {
  const Recording recording = sample_recording();
  tests::SimulatedFiles files({tests::Fault::Kind::refuse, 2});
  auto writer = TraceWriter::begin(files, "t", recording.identity, recording.provenance, {});
  ASSERT_TRUE(writer.has_value());
  EXPECT_FALSE(writer->append(recording.steps[0]).has_value());
  EXPECT_FALSE(writer->append(recording.steps[0]).has_value());
  const auto root = writer->finish(recording.outputs);
  ASSERT_FALSE(root.has_value());
  EXPECT_EQ(root.error().code, core::RefusalCode::file_write_failed);
}

}  // namespace
}  // namespace isotrace::trace::samples
