// Every fault at every operation of a recording: the trace is the old file or the new one, whole.
#include <gtest/gtest.h>

#include <isotrace/trace/writer.hpp>

#include "tests/support/simulated_files.hpp"
#include "tests/trace/sample.hpp"

namespace isotrace::trace::testing {
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

TEST(Crash, refused_operations_leave_the_old_file_or_the_new_one) {
  const Files whole;
  for (const auto kind : {Fault::Kind::refuse, Fault::Kind::short_write}) {
    for (std::size_t at = 0; at < operations_of_a_recording(); ++at) {
      SimulatedFiles files({kind, at});
      files.put(path, whole.before);
      EXPECT_FALSE(record(files, sample_recording()).has_value()) << at;
      const auto left = files.files();
      ASSERT_EQ(left.size(), 1U) << at;  // no leftovers
      const bool renamed = at + 1 == operations_of_a_recording();
      EXPECT_EQ(left.at(path), renamed ? whole.after : whole.before) << at;
    }
  }
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
      const auto found = recover_trace(unfinished->second);
      if (!found) continue;
      EXPECT_EQ(identity_digest(found->trace.identity), identity_digest(expected.identity));
      ASSERT_LE(found->trace.steps.size(), expected.steps.size());
      for (std::size_t i = 0; i < found->trace.steps.size(); ++i) {
        EXPECT_EQ(step_digest(found->trace.steps[i]), step_digest(expected.steps[i]));
      }
    }
  }
}

}  // namespace
}  // namespace isotrace::trace::testing
