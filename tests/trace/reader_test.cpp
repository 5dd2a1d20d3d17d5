#include <gtest/gtest.h>

#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

using core::RefusalCode;

constexpr std::size_t first_step = 4;  // header, program, two contents

TEST(Reader, gives_back_what_was_written) {
  const Recording recording = sample_recording();
  const Trace trace = make_trace(recording);
  EXPECT_EQ(identity_digest(trace.identity), identity_digest(recording.identity));
  EXPECT_EQ(trace.provenance.backend, "reference");
  EXPECT_EQ(trace.provenance.device, "none");
  EXPECT_EQ(trace.provenance.tool, "isotrace 0.1.0");
  EXPECT_EQ(trace.program, recording.program);
  ASSERT_EQ(trace.steps.size(), 2U);
  EXPECT_EQ(step_digest(trace.steps[0]), step_digest(recording.steps[0]));
  EXPECT_EQ(trace.steps[1].name, "act");
  EXPECT_EQ(trace.outputs.at(0).name, "y");
  EXPECT_EQ(trace.root, core::merkle_root(trace_leaves(trace)));
  for (const core::Tensor& tensor : recording.contents) {
    const core::Tensor* stored = trace.find_content(core::tensor_digest(tensor));
    ASSERT_NE(stored, nullptr);
    EXPECT_TRUE(core::identical(*stored, tensor));
  }
  EXPECT_EQ(trace.find_content(core::Digest{}), nullptr);
}

TEST(Reader, root_ignores_who_ran_it_names_and_what_is_stored) {
  Recording other = sample_recording();
  other.provenance = {"cuda", "some device", "other tool"};
  other.program.clear();
  other.contents.clear();
  other.steps[0].name = "renamed";
  EXPECT_EQ(make_trace(other).root, make_trace(sample_recording()).root);
}

TEST(Reader, root_covers_every_field_of_identity_steps_and_outputs) {
  const auto root = make_trace(sample_recording()).root;
  const auto expect_other = [&](auto change) {
    Recording other = sample_recording();
    other.program.clear();
    change(other);
    EXPECT_NE(make_trace(other).root, root);
  };
  expect_other([](Recording& r) { r.identity.semantics = "isonum-2"; });
  expect_other([](Recording& r) { r.identity.program.bytes[0] ^= 1; });
  expect_other([](Recording& r) { r.identity.inputs[0].name = "z"; });
  expect_other([](Recording& r) { r.identity.inputs[0].tensor.digest.bytes[31] ^= 1; });
  expect_other([](Recording& r) { r.identity.seed = 8; });
  expect_other([](Recording& r) { r.steps[0].op = core::Op::add; });
  expect_other([](Recording& r) { r.steps[0].attributes.bytes[0] ^= 1; });
  expect_other([](Recording& r) { r.steps[0].inputs[1] = std::nullopt; });
  expect_other([](Recording& r) { r.steps[0].inputs[1]->shape = {2, 3}; });
  expect_other([](Recording& r) { r.steps[0].outputs[0].dtype = core::Dtype::i32; });
  expect_other([](Recording& r) { r.steps.pop_back(); });
  expect_other([](Recording& r) { r.outputs[0].name = "z"; });
  expect_other([](Recording& r) { r.outputs.clear(); });
}

TEST(Reader, chunked_program_and_contents_are_joined) {
  Recording recording = sample_recording();
  core::Program program = sample_program();
  core::Tensor large(core::Dtype::u8, {3, chunk_bytes});
  for (std::size_t i = 0; i < large.elements(); ++i) {
    large.mutable_bytes()[i] = static_cast<std::uint8_t>(i * 7 >> 3);
  }
  program.constants.push_back(large);
  program.nodes[0].outputs = {3};
  program.nodes[1] = {core::Op::relu, {3}, {4}, {}, "act"};
  program.outputs = {{"y", 4}};
  recording.identity.program = core::program_digest(program);
  recording.program = core::write_program(program);
  recording.contents = {large, core::Tensor(core::Dtype::f64, {0, 4}),
                        core::Tensor(core::Dtype::u8, {chunk_bytes})};
  const Trace trace = make_trace(recording);
  EXPECT_EQ(trace.program, recording.program);
  EXPECT_EQ(trace.contents.size(), 3U);
  EXPECT_TRUE(core::identical(*trace.find_content(core::tensor_digest(large)), large));
}

TEST(Reader, reads_bytes_at_any_alignment) {
  const core::Bytes file = write_recording(sample_recording());
  core::Bytes shifted(file.size() + 1);
  std::copy(file.begin(), file.end(), shifted.begin() + 1);
  EXPECT_TRUE(parse_trace(core::ByteView(shifted).subspan(1)).has_value());
}

TEST(Reader, recognises_traces_by_their_first_message) {
  core::Bytes file = write_recording(sample_recording());
  EXPECT_TRUE(looks_like_trace(file));
  EXPECT_TRUE(looks_like_trace(core::ByteView(file).first(file.size() - 1)));
  EXPECT_FALSE(looks_like_trace({}));
  EXPECT_FALSE(looks_like_trace(core::as_bytes("no trace at all, but long enough for a frame")));
}

TEST(Reader, steps_that_fell_back_stand_beside_the_root) {
  const Trace plain = make_trace(sample_recording());
  EXPECT_TRUE(plain.fallback_steps.empty());
  auto messages = messages_of(write_recording(sample_recording()));
  std::get<FooterMessage>(messages.back()).fallback_steps = {0, 1};
  const auto trace = parse_trace(join_and_seal(messages));
  ASSERT_TRUE(trace) << core::describe(trace.error());
  EXPECT_EQ(trace->fallback_steps, (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(trace->root, plain.root);
}

TEST(ReaderRefuses, empty_file_as_truncated) {
  EXPECT_EQ(refusal_of({}), RefusalCode::trace_truncated);
}

TEST(ReaderRefuses, names_message_and_byte) {
  core::Bytes file = write_recording(sample_recording());
  const std::size_t first = encode_message(messages_of(file).front())->size();
  file[first] = 1;  // announces a second segment
  const auto trace = parse_trace(file);
  ASSERT_FALSE(trace.has_value());
  EXPECT_EQ(trace.error().code, RefusalCode::trace_malformed);
  EXPECT_EQ(trace.error().where, "message 1 (byte " + std::to_string(first) + ")");
}

TEST(ReaderRefuses, foreign_bytes) {
  EXPECT_EQ(refusal_of(core::Bytes(64, 0xFF)), RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_of(core::Bytes(64, 0)), RefusalCode::trace_malformed);
  EXPECT_EQ(refusal_of(core::Bytes(7, 0)), RefusalCode::trace_truncated);
}

TEST(ReaderRefuses, every_truncation) {
  const core::Bytes file = write_recording(sample_recording());
  for (std::size_t size = 0; size < file.size(); ++size) {
    const RefusalCode code = refusal_of(core::Bytes(file.data(), file.data() + size));
    EXPECT_TRUE(code == RefusalCode::trace_truncated || code == RefusalCode::trace_incomplete)
        << size;
  }
}

TEST(ReaderRefuses, recording_that_was_never_closed) {
  auto messages = messages_of(write_recording(sample_recording()));
  messages.pop_back();
  EXPECT_EQ(refusal_of(join(messages)), RefusalCode::trace_incomplete);
}

TEST(ReaderRefuses, trailing_bytes_and_messages) {
  core::Bytes file = write_recording(sample_recording());
  auto messages = messages_of(file);
  messages.push_back(messages[first_step]);
  EXPECT_EQ(refusal_of(join(messages)), RefusalCode::trace_malformed);
  file.push_back(0);
  EXPECT_EQ(refusal_of(file), RefusalCode::trace_truncated);
}

TEST(ReaderRefuses, unknown_version) {
  core::Bytes file = write_recording(sample_recording());
  // The version is the first u32 of the header's data; the root struct is [pointer, u16 kind +
  // pad].
  const core::Bytes header = *encode_message(messages_of(file).front());
  bool found = false;
  for (std::size_t at = 8; at < header.size() && !found; at += 4) {
    core::Bytes other = file;
    if (other[at] != 1) continue;
    other[at] = 2;
    const auto trace = parse_trace(other);
    ASSERT_FALSE(trace.has_value());
    found = trace.error().code == RefusalCode::trace_version_unsupported;
    EXPECT_EQ(found, looks_like_trace(other));
  }
  EXPECT_TRUE(found);
}

TEST(ReaderRefuses, missing_second_or_late_header) {
  const auto messages = messages_of(write_recording(sample_recording()));
  auto missing = messages;
  missing.erase(missing.begin());
  EXPECT_EQ(refusal_of(join_and_seal(missing)), RefusalCode::trace_malformed);
  auto twice = messages;
  twice.insert(twice.begin(), messages.front());
  EXPECT_EQ(refusal_of(join_and_seal(twice)), RefusalCode::trace_malformed);
}

TEST(ReaderRefuses, reordered_duplicated_and_missing_steps) {
  const auto messages = messages_of(write_recording(sample_recording()));
  auto swapped = messages;
  std::swap(swapped[first_step], swapped[first_step + 1]);
  EXPECT_EQ(refusal_of(join_and_seal(swapped)), RefusalCode::trace_malformed);
  auto twice = messages;
  twice.insert(twice.begin() + first_step, messages[first_step]);
  EXPECT_EQ(refusal_of(join_and_seal(twice)), RefusalCode::trace_malformed);
  auto missing = messages;
  missing.erase(missing.begin() + first_step + 1);
  EXPECT_EQ(refusal_of(join_and_seal(missing)), RefusalCode::trace_malformed);
}

TEST(ReaderRefuses, footer_that_does_not_fit) {
  const auto messages = messages_of(write_recording(sample_recording()));
  const auto refused = [&](auto change) {
    auto other = messages;
    change(std::get<FooterMessage>(other.back()));
    return refusal_of(join(other));
  };
  EXPECT_EQ(refused([](FooterMessage& f) { ++f.leaves; }), RefusalCode::trace_malformed);
  EXPECT_EQ(refused([](FooterMessage& f) { f.root.bytes[5] ^= 1; }),
            RefusalCode::trace_digest_mismatch);
  EXPECT_EQ(refused([](FooterMessage& f) { f.file_digest.bytes[5] ^= 1; }),
            RefusalCode::trace_digest_mismatch);
  EXPECT_EQ(refused([](FooterMessage& f) { f.outputs.clear(); }),
            RefusalCode::trace_digest_mismatch);
  for (const std::vector<std::uint64_t>& steps :
       {std::vector<std::uint64_t>{2}, {1, 0}, {1, 1}, {UINT64_MAX}}) {
    EXPECT_EQ(refused([&](FooterMessage& f) { f.fallback_steps = steps; }),
              RefusalCode::trace_malformed);
  }
}

TEST(ReaderRefuses, changed_names_and_provenance_by_the_file_digest) {
  auto messages = messages_of(write_recording(sample_recording()));
  std::get<StepRecord>(messages[first_step]).name = "xx";
  EXPECT_EQ(refusal_of(join(messages)), RefusalCode::trace_digest_mismatch);
  EXPECT_TRUE(parse_trace(join_and_seal(messages)).has_value());
}

TEST(ReaderRefuses, content_and_program_that_do_not_match_their_digest) {
  const auto messages = messages_of(write_recording(sample_recording()));
  auto content = messages;
  std::get<ContentChunk>(content[2]).data[0] ^= 1;
  EXPECT_EQ(refusal_of(join_and_seal(content)), RefusalCode::trace_digest_mismatch);
  auto other_program = sample_program();
  other_program.outputs[0].name = "z";
  auto program = messages;
  auto& chunk = std::get<ProgramChunk>(program[1]);
  chunk.data = core::write_program(other_program);
  chunk.total = chunk.data.size();
  EXPECT_EQ(refusal_of(join_and_seal(program)), RefusalCode::trace_digest_mismatch);
  chunk.data[9] ^= 1;
  EXPECT_EQ(refusal_of(join_and_seal(program)), RefusalCode::trace_malformed);
}

TEST(ReaderRefuses, content_stored_twice_and_boolean_that_is_neither) {
  const auto messages = messages_of(write_recording(sample_recording()));
  auto twice = messages;
  twice.insert(twice.begin() + 2, messages[2]);
  EXPECT_EQ(refusal_of(join_and_seal(twice)), RefusalCode::trace_malformed);
  auto boolean = messages;
  boolean[2] = ContentChunk{{{}, core::Dtype::boolean, {1}}, 0, {2}};
  EXPECT_EQ(refusal_of(join_and_seal(boolean)), RefusalCode::trace_malformed);
}

TEST(ReaderRefuses, program_that_is_late_empty_or_second) {
  const auto messages = messages_of(write_recording(sample_recording()));
  auto late = messages;
  std::swap(late[1], late[2]);
  EXPECT_EQ(refusal_of(join_and_seal(late)), RefusalCode::trace_malformed);
  auto second = messages;
  second.insert(second.begin() + 1, messages[1]);
  EXPECT_EQ(refusal_of(join_and_seal(second)), RefusalCode::trace_malformed);
  auto empty = messages;
  empty[1] = ProgramChunk{};
  EXPECT_EQ(refusal_of(join_and_seal(empty)), RefusalCode::trace_malformed);
}

TEST(ReaderRefuses, chunks_that_do_not_continue) {
  Recording recording = sample_recording();
  recording.program.clear();
  recording.contents = {core::Tensor(core::Dtype::u8, {chunk_bytes * 5 / 2}), core::Tensor()};
  const auto messages = messages_of(write_recording(recording));  // header, 3 chunks, 1 chunk
  const auto refused = [&](auto change) {
    auto other = messages;
    change(other);
    return refusal_of(join_and_seal(other));
  };
  const auto code = RefusalCode::trace_malformed;
  EXPECT_EQ(refused([](auto& m) { m.erase(m.begin() + 2); }), code);
  EXPECT_EQ(refused([](auto& m) { m.erase(m.begin() + 3); }), code);
  EXPECT_EQ(refused([](auto& m) { std::swap(m[3], m[4]); }), code);
  EXPECT_EQ(refused([](auto& m) { std::swap(m[3], m[5]); }), code);
  EXPECT_EQ(refused([](auto& m) { ++std::get<ContentChunk>(m[2]).offset; }), code);
  EXPECT_EQ(refused([](auto& m) { std::get<ContentChunk>(m[2]).data.pop_back(); }), code);
  EXPECT_EQ(refused([](auto& m) { std::get<ContentChunk>(m[3]).tensor.digest.bytes[0] ^= 1; }),
            code);
}

TEST(ReaderRefuses, announced_size_beyond_the_file_without_allocating) {
  auto messages = messages_of(write_recording(sample_recording()));
  messages[2] =
      ContentChunk{{{}, core::Dtype::u8, {std::int64_t{16} << 30}}, 0, core::Bytes(chunk_bytes)};
  EXPECT_EQ(refusal_of(join_and_seal(messages)), RefusalCode::trace_malformed);
  messages[2] = ContentChunk{{{}, core::Dtype::f64, {std::int64_t{16} << 30}}, 0, {}};
  EXPECT_EQ(refusal_of(join_and_seal(messages)), RefusalCode::trace_malformed);
}

TEST(ReaderRefuses, values_outside_their_range) {
  const auto messages = messages_of(write_recording(sample_recording()));
  const auto refused = [&](auto change) {
    auto other = messages;
    change(std::get<StepRecord>(other[first_step]));
    return refusal_of(join_and_seal(other));
  };
  const auto code = RefusalCode::trace_malformed;
  EXPECT_EQ(refused([](StepRecord& s) { s.op = static_cast<core::Op>(65535); }), code);
  EXPECT_EQ(refused([](StepRecord& s) { s.outputs[0].dtype = static_cast<core::Dtype>(60); }),
            code);
  EXPECT_EQ(refused([](StepRecord& s) { s.outputs[0].shape = {-1}; }), code);
  EXPECT_EQ(refused([](StepRecord& s) { s.outputs[0].shape.assign(17, 1); }), code);
  EXPECT_EQ(refused([](StepRecord& s) { s.name.assign(4097, 'n'); }), code);
}

TEST(ReaderRefuses, encodings_that_are_not_canonical) {
  core::Bytes file = write_recording(sample_recording());
  const std::size_t end = encode_message(messages_of(file).front())->size();
  core::Bytes padded = file;  // one unused word at the end of the header, announced by its frame
  padded.insert(padded.begin() + static_cast<std::ptrdiff_t>(end), 8, 0);
  ++padded[4];
  EXPECT_EQ(refusal_of(padded), RefusalCode::trace_malformed);
}

}  // namespace
}  // namespace isotrace::trace::samples
