// Every fault at every operation of a recording: the trace is the old file or the new one, whole.
#include <iostream>

#include <gtest/gtest.h>

#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

using tests::Fault;
using tests::SimulatedFiles;
using tests::Survival;

const std::string path = "run.isotrace";

core::Result<core::Digest> record(SimulatedFiles& files, const Recording& recording) {
  ISOTRACE_TRY(auto writer, TraceWriter::begin(files, path, recording.identity,
                                               recording.provenance, {recording.program}));
  for (const core::Tensor& tensor : recording.contents) {
    ISOTRACE_TRY_DONE(writer.store(tensor, core::tensor_digest(tensor)));
  }
  for (const StepRecord& step : recording.steps) ISOTRACE_TRY_DONE(writer.append(step));
  return writer.finish(recording.outputs);
}

struct Files {
  core::Bytes before = write_recording(chain_recording(3));
  core::Bytes after = write_recording(sample_recording());
};

std::size_t operations_of_a_recording() {
  SimulatedFiles files;
  EXPECT_TRUE(record(files, sample_recording()).has_value());
  return files.operations();
}

/// A prefix of the recording, or nothing that can be read.
void expect_prefix_or_refusal(const core::Bytes& unfinished, const Trace& expected) {
  const auto found = recover_trace(unfinished);
  if (!found) return;
  EXPECT_EQ(identity_digest(found->trace.identity), identity_digest(expected.identity));
  ASSERT_LE(found->trace.steps.size(), expected.steps.size());
  for (std::size_t i = 0; i < found->trace.steps.size(); ++i) {
    EXPECT_EQ(step_digest(found->trace.steps[i]), step_digest(expected.steps[i]));
  }
  for (const auto& [digest, tensor] : found->trace.contents) {
    EXPECT_EQ(core::tensor_digest(tensor), digest);
  }
  EXPECT_TRUE(!found->complete || found->trace.root == expected.root);
}

TEST(Crash, power_loss_leaves_the_old_file_or_the_new_one) {
  const Files whole;
  for (std::size_t at = 0; at <= operations_of_a_recording(); ++at) {
    SimulatedFiles files({Fault::Kind::crash, at});
    files.put(path, whole.before);
    const bool finished = record(files, sample_recording()).has_value();
    EXPECT_EQ(finished, at + 1 >= operations_of_a_recording());
    for (const auto survival :
         {Survival::synced_only, Survival::everything, Survival::metadata_only}) {
      const auto left = files.after_crash(survival);
      ASSERT_EQ(left.count(path), 1U);
      EXPECT_TRUE(left.at(path) == whole.before || left.at(path) == whole.after) << at;
      EXPECT_TRUE(!finished || left.at(path) == whole.after) << at;
    }
  }
}

TEST(Crash, what_an_unfinished_file_holds_is_recovered_or_refused_but_never_wrong) {
  const Files whole;
  const Trace expected = *parse_trace(whole.after);
  for (std::size_t at = 0; at < operations_of_a_recording(); ++at) {
    SimulatedFiles files({Fault::Kind::crash, at});
    EXPECT_EQ(record(files, sample_recording()).has_value(), at + 1 == operations_of_a_recording());
    for (const auto survival : {Survival::everything, Survival::metadata_only}) {
      const auto left = files.after_crash(survival);
      const auto unfinished = left.find(core::incomplete_path(path));
      if (unfinished == left.end()) continue;
      expect_prefix_or_refusal(unfinished->second, expected);
    }
  }
}

/// A write that was torn in the middle may still decode: no digest is over a message alone. What
/// has digests holds, and nobody takes the file for a closed one.
void expect_open_or_whole(const core::Bytes& unfinished, const core::Bytes& whole) {
  const auto found = recover_trace(unfinished);
  if (!found) return;
  ASSERT_LE(found->valid_bytes, unfinished.size());
  for (const auto& [digest, tensor] : found->trace.contents) {
    EXPECT_EQ(core::tensor_digest(tensor), digest);
  }
  EXPECT_TRUE(!found->complete || unfinished == whole);
  EXPECT_EQ(found->complete, parse_trace(unfinished).has_value());
}

TEST(Crash, a_disk_that_drops_tears_and_reorders_writes_never_loses_or_changes_a_closed_trace) {
  const Files whole;
  const std::size_t operations = operations_of_a_recording();
  core::PhiloxStream random(20);
  std::size_t schedules = 0;
  std::size_t unfinished = 0;
  while (schedules < 12000) {
    for (std::size_t at = 0; at <= operations; ++at, ++schedules) {
      SimulatedFiles files({Fault::Kind::crash, at});
      files.put(path, whole.before);
      const bool finished = record(files, sample_recording()).has_value();
      const auto left = files.after_reordering_crash(random);
      ASSERT_EQ(left.count(path), 1U) << at;
      ASSERT_TRUE(left.at(path) == whole.before || left.at(path) == whole.after) << at;
      ASSERT_TRUE(!finished || left.at(path) == whole.after) << at;
      const auto part = left.find(core::incomplete_path(path));
      if (part == left.end()) continue;
      ++unfinished;
      expect_open_or_whole(part->second, whole.after);
    }
  }
  std::cout << schedules << " schedules, " << unfinished << " unfinished files\n";
  EXPECT_GT(unfinished, 0U);
}

TEST(Crash, a_file_cut_at_any_byte_gives_a_prefix) {
  const Files whole;
  const Trace expected = *parse_trace(whole.after);
  for (std::size_t size = 0; size <= whole.after.size(); ++size) {
    expect_prefix_or_refusal(
        {whole.after.begin(), whole.after.begin() + static_cast<std::ptrdiff_t>(size)}, expected);
  }
}

TEST(Crash, operations_that_fail_once_or_for_good_leave_the_old_file_and_no_other) {
  const Files whole;
  const std::size_t operations = operations_of_a_recording();
  for (const auto kind : {Fault::Kind::refuse, Fault::Kind::short_write}) {
    for (const bool for_good : {false, true}) {
      for (std::size_t at = 0; at < operations; ++at) {
        SimulatedFiles files({kind, at, for_good});
        files.put(path, whole.before);
        EXPECT_FALSE(record(files, sample_recording()).has_value()) << at;
        const auto left = files.files();
        ASSERT_EQ(left.size(), 1U) << at;
        const bool renamed = at + 1 == operations;
        EXPECT_EQ(left.at(path), renamed ? whole.after : whole.before) << at;
        if (for_good) continue;
        // Once: the next recording is whole.
        EXPECT_TRUE(record(files, sample_recording()).has_value()) << at;
        EXPECT_EQ(files.files().at(path), whole.after) << at;
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::trace::samples
