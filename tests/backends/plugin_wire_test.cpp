// What a run and a plugin's process say to each other: nothing is lost on the way, and whatever the
// other side sends is a message or is refused.
#include <isotrace/backends/plugin/wire.hpp>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include <isotrace/backends/plugin/channel.hpp>
#include <isotrace/backends/plugin/placement.hpp>
#include <isotrace/backends/samples.hpp>
#include "tests/support/mutate.hpp"

namespace isotrace::backends::plugin {
namespace {

using core::Dtype;
using core::Op;

Request sample_request() {
  const std::vector<core::Attribute> attributes = {{"a", std::int64_t{-7}},
                                                   {"b", 0x1.8p-130F},
                                                   {"c", std::string("text\0with zero", 14)},
                                                   {"d", std::vector<std::int64_t>{1, INT64_MIN}},
                                                   {"e", std::vector<float>{-0.0F, 3.0F}}};
  Request request{{Op::gemm, attributes, {Dtype::f32, std::nullopt, Dtype::boolean}, 3}, {}};
  request.operands.emplace();
  request.operands->push_back(PlacedTensor{Dtype::f32, {2, 3}, 64});
  request.operands->emplace_back();
  request.operands->push_back(PlacedTensor{Dtype::boolean, {}, 4096});
  return request;
}

Reply sample_reply() {
  Reply reply{Answer::ok, "detail", {}, Description{"name", "1.0", "device"}};
  reply.results.push_back({Dtype::f64, {4, 0}, 128});
  reply.results.push_back({core::sequence_of(Dtype::i8), {9}, 0});
  return reply;
}

TEST(PluginWire, requests_arrive_as_they_were_sent) {
  const core::Bytes bytes = write_request(sample_request());
  const auto request = parse_request(bytes);
  ASSERT_TRUE(request) << core::describe(request.error());
  EXPECT_EQ(write_request(*request), bytes);
  EXPECT_EQ(std::get<std::string>(request->question.attributes[2].value).size(), 14U);
  EXPECT_EQ(request->question.operands[1], std::nullopt);
  ASSERT_TRUE(request->operands);
  EXPECT_EQ((*request->operands)[2]->data, 4096U);
}

TEST(PluginWire, every_sample_of_every_operation_arrives) {
  for (const core::OpInfo& info : core::all_ops()) {
    if (info.control) continue;
    for (const Sample& sample : make_samples(info.op, Dtype::f32, 0)) {
      Request request{{info.op, sample.node.attributes, {}, 1}, {}};
      for (const auto& operand : sample.operands) {
        request.question.operands.push_back(operand ? std::optional(operand->dtype())
                                                    : std::nullopt);
      }
      const core::Bytes bytes = write_request(request);
      const auto read = parse_request(bytes);
      ASSERT_TRUE(read) << info.name << ": " << core::describe(read.error());
      EXPECT_EQ(write_request(*read), bytes) << info.name;
    }
  }
}

TEST(PluginWire, replies_arrive_as_they_were_sent) {
  const core::Bytes bytes = write_reply(sample_reply());
  const auto reply = parse_reply(bytes);
  ASSERT_TRUE(reply) << core::describe(reply.error());
  EXPECT_EQ(write_reply(*reply), bytes);
  EXPECT_EQ(reply->results[1].dtype, core::sequence_of(Dtype::i8));
}

TEST(PluginWire, every_truncation_and_every_trailing_byte_is_refused) {
  core::Bytes reply = write_reply(sample_reply());
  core::Bytes request = write_request(sample_request());
  for (std::size_t size = 0; size < reply.size(); ++size) {
    EXPECT_FALSE(parse_reply(core::ByteView(reply).first(size))) << size;
  }
  for (std::size_t size = 0; size < request.size(); ++size) {
    EXPECT_FALSE(parse_request(core::ByteView(request).first(size))) << size;
  }
  reply.push_back(0);
  request.push_back(0);
  EXPECT_FALSE(parse_reply(reply));
  EXPECT_FALSE(parse_request(request));
}

TEST(PluginWire, texts_over_their_length_are_refused) {
  for (const std::size_t size : {detail_bytes_max, detail_bytes_max + 1}) {
    Reply reply;
    reply.detail = std::string(size, 'x');
    EXPECT_EQ(parse_reply(write_reply(reply)).has_value(), size == detail_bytes_max);
  }
}

TEST(PluginWire, damage_gives_a_message_or_a_refusal) {
  core::PhiloxStream random(3);
  const core::Bytes reply = write_reply(sample_reply());
  const core::Bytes request = write_request(sample_request());
  for (std::size_t i = 0; i < tests::mutant_count(); ++i) {
    const auto read = parse_reply(tests::mutate(reply, random));
    for (const PlacedTensor& result : read ? read->results : std::vector<PlacedTensor>{}) {
      EXPECT_TRUE(core::byte_count(result.dtype, result.shape));  // else a tensor of it would abort
    }
    const auto asked = parse_request(tests::mutate(request, random));
    if (asked) {
      EXPECT_LE(asked->question.operands.size(), request.size());
    }
  }
}

TEST(PluginPlacement, tensors_end_where_a_page_ends) {
  for (const std::uint64_t bytes : {0ULL, 1ULL, 63ULL, 64ULL, 65ULL, 4095ULL, 4096ULL, 4097ULL}) {
    const Placement at = place(8192, bytes);
    EXPECT_EQ(at.begin, 8192U);
    EXPECT_EQ(at.size % page_bytes, 0U);
    EXPECT_GE(at.size, page_bytes);
    EXPECT_EQ(at.data % alignment_bytes, 0U);
    EXPECT_GE(at.data, at.begin);
    EXPECT_LE(at.data + bytes, at.end());
    EXPECT_LT(at.end() - at.data - bytes, alignment_bytes);
  }
}

struct Ends {
  Ends() {
    std::array<int, 2> numbers{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, numbers.data()), 0);
    ours.emplace(Descriptor(numbers[0]));
    theirs.emplace(Descriptor(numbers[1]));
    raw = numbers[1];
  }
  std::optional<Channel> ours;
  std::optional<Channel> theirs;
  int raw;
};

TEST(PluginChannel, messages_of_any_length_arrive_in_order) {
  Ends ends;
  const std::vector<std::size_t> sizes = {0, 1, 4096, 3U << 20, 5};
  std::jthread sender([&] {
    for (const std::size_t size : sizes) {
      EXPECT_TRUE(ends.theirs->send(core::Bytes(size, 0x5A), nullptr));
    }
  });
  const auto deadline = Deadline::make(std::chrono::seconds(60));
  ASSERT_TRUE(deadline);
  for (const std::size_t size : sizes) {
    const auto message = ends.ours->receive(&*deadline);
    ASSERT_TRUE(message);
    EXPECT_EQ(*message, core::Bytes(size, 0x5A));
  }
}

TEST(PluginChannel, silence_ends_at_the_deadline_and_a_closed_end_at_once) {
  Ends ends;
  const auto soon = Deadline::make(std::chrono::milliseconds(20));
  ASSERT_TRUE(soon);
  // Half a message is no message.
  const std::array<std::uint8_t, 6> half = {9, 0, 0, 0, 1, 2};
  ASSERT_EQ(::write(ends.raw, half.data(), half.size()), 6);
  EXPECT_EQ(ends.ours->receive(&*soon).error(), ChannelEnd::late);
  ends.theirs.reset();
  const auto later = Deadline::make(std::chrono::seconds(60));
  ASSERT_TRUE(later);
  EXPECT_EQ(ends.ours->receive(&*later).error(), ChannelEnd::closed);
  EXPECT_EQ(ends.ours->send(core::Bytes(1), &*later).error(), ChannelEnd::closed);
}

TEST(PluginChannel, an_answer_byte_by_byte_ends_at_the_deadline) {
  Ends ends;
  const auto soon = Deadline::make(std::chrono::milliseconds(20));
  ASSERT_TRUE(soon);
  // Always one more byte than was read, for as long as somebody reads: up to 32 MiB.
  std::thread trickle([raw = ends.raw] {
    const std::array<std::uint8_t, 4> length = {0, 0, 0, 2};
    ssize_t written = ::send(raw, length.data(), length.size(), MSG_NOSIGNAL);
    for (std::size_t i = 0; written > 0 && i < std::size_t{32} << 20; ++i) {
      written = ::send(raw, length.data(), 1, MSG_NOSIGNAL);
    }
  });
  EXPECT_EQ(ends.ours->receive(&*soon).error(), ChannelEnd::late);
  ends.ours.reset();
  trickle.join();
}

TEST(PluginChannel, a_length_over_the_limit_is_refused_without_allocating) {
  Ends ends;
  const std::array<std::uint8_t, 4> length = {0xFF, 0xFF, 0xFF, 0xFF};
  ASSERT_EQ(::write(ends.raw, length.data(), length.size()), 4);
  EXPECT_EQ(ends.ours->receive(nullptr).error(), ChannelEnd::too_long);
}

}  // namespace
}  // namespace isotrace::backends::plugin
