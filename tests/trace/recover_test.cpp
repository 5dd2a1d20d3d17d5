#include <gtest/gtest.h>

#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

using core::RefusalCode;

TEST(Recover, gives_the_whole_messages_of_every_prefix) {
  const core::Bytes file = write_recording(sample_recording());
  const Trace whole = *parse_trace(file);
  std::vector<std::size_t> ends;
  for (const Message& message : messages_of(file)) {
    ends.push_back((ends.empty() ? 0 : ends.back()) + encode_message(message)->size());
  }
  for (std::size_t size = 0; size < file.size(); ++size) {
    const auto found = recover_trace(core::ByteView(file).first(size));
    if (size < ends[0]) {
      EXPECT_FALSE(found.has_value());
      continue;
    }
    ASSERT_TRUE(found.has_value()) << size;
    const auto messages =
        static_cast<std::size_t>(std::upper_bound(ends.begin(), ends.end(), size) - ends.begin());
    EXPECT_EQ(found->valid_bytes, ends[messages - 1]) << size;
    EXPECT_FALSE(found->complete);
    ASSERT_TRUE(found->damage.has_value());
    EXPECT_EQ(found->trace.steps.size(), messages <= 4 ? 0 : messages - 4);
    EXPECT_EQ(found->trace.root, core::Digest{});
    EXPECT_TRUE(found->trace.outputs.empty());
    for (std::size_t i = 0; i < found->trace.steps.size(); ++i) {
      EXPECT_EQ(step_digest(found->trace.steps[i]), step_digest(whole.steps[i]));
    }
  }
}

TEST(Recover, says_that_a_closed_trace_is_complete) {
  const core::Bytes file = write_recording(sample_recording());
  const auto found = recover_trace(file);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->complete);
  EXPECT_FALSE(found->damage.has_value());
  EXPECT_EQ(found->valid_bytes, file.size());
  EXPECT_EQ(found->trace.root, parse_trace(file)->root);
}

TEST(Recover, stops_at_a_block_of_zeros_that_a_power_failure_left) {
  const core::Bytes file = write_recording(chain_recording(20));
  const auto messages = messages_of(file);
  core::Bytes torn = join({messages.begin(), messages.begin() + 11});
  const std::size_t valid = torn.size();
  torn.resize(valid + 512);
  const auto found = recover_trace(torn);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->valid_bytes, valid);
  EXPECT_EQ(found->trace.steps.size(), 10U);
  EXPECT_EQ(found->damage->code, RefusalCode::trace_malformed);
}

TEST(Recover, does_not_call_a_wrong_footer_complete) {
  core::Bytes file = write_recording(sample_recording());
  file.back() ^= 1;  // inside the digest of the file
  const auto found = recover_trace(file);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->complete);
  EXPECT_EQ(found->damage->code, RefusalCode::trace_digest_mismatch);
  EXPECT_EQ(found->trace.steps.size(), 2U);
  EXPECT_EQ(found->trace.root, core::Digest{});
}

}  // namespace
}  // namespace isotrace::trace::samples
