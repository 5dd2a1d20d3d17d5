// Parts of one valid trace inside another, and every single-bit flip: refused, or beside the root
// and so without effect on what the trace says of the computation. Which parts these are is named.
#include <functional>
#include <set>

#include <gtest/gtest.h>

#include "tests/trace/sample.hpp"

namespace isotrace::trace::samples {
namespace {

/// The sample with everything else in it: another run of a program of the same size.
Recording other_recording() {
  Recording other = sample_recording();
  const auto change = [](core::Digest& digest) { digest.bytes[7] ^= 0x55; };
  other.identity.semantics = "isonum-2";
  change(other.identity.program);
  other.identity.inputs[0].name = "w";
  change(other.identity.inputs[0].tensor.digest);
  other.identity.inputs[0].tensor.shape = {3, 2};
  other.identity.seed ^= 1;
  other.provenance = {"other", "another", "tool 2"};
  for (StepRecord& step : other.steps) {
    step.op = core::Op::abs;
    change(step.attributes);
    change(step.inputs[0]->digest);
    for (TensorRecord& output : step.outputs) {
      change(output.digest);
      output.shape.push_back(1);
    }
    step.name = "other";
  }
  other.outputs[0].name = "z";
  change(other.outputs[0].tensor.digest);
  other.program.clear();
  other.contents.clear();
  return other;
}

/// Takes a field of `from` into `into`, which are messages of the same kind.
template <class M>
using Take = std::function<void(M& into, const M& from)>;
template <class M>
using Fields = std::vector<std::pair<const char*, Take<M>>>;

Fields<HeaderMessage> header_fields() {
  return {
      {"semantics", [](auto& a, auto& b) { a.identity.semantics = b.identity.semantics; }},
      {"program", [](auto& a, auto& b) { a.identity.program = b.identity.program; }},
      {"inputs", [](auto& a, auto& b) { a.identity.inputs = b.identity.inputs; }},
      {"input name",
       [](auto& a, auto& b) { a.identity.inputs[0].name = b.identity.inputs[0].name; }},
      {"input digest",
       [](auto& a, auto& b) {
         a.identity.inputs[0].tensor.digest = b.identity.inputs[0].tensor.digest;
       }},
      {"input shape",
       [](auto& a, auto& b) {
         a.identity.inputs[0].tensor.shape = b.identity.inputs[0].tensor.shape;
       }},
      {"seed", [](auto& a, auto& b) { a.identity.seed = b.identity.seed; }},
      {"header", [](auto& a, auto& b) { a = b; }},
  };
}

Fields<StepRecord> step_fields() {
  return {
      {"operation", [](auto& a, auto& b) { a.op = b.op; }},
      {"attributes", [](auto& a, auto& b) { a.attributes = b.attributes; }},
      {"operands", [](auto& a, auto& b) { a.inputs = b.inputs; }},
      {"operand digest", [](auto& a, auto& b) { a.inputs[0]->digest = b.inputs[0]->digest; }},
      {"results", [](auto& a, auto& b) { a.outputs = b.outputs; }},
      {"result digest", [](auto& a, auto& b) { a.outputs[0].digest = b.outputs[0].digest; }},
      {"result shape", [](auto& a, auto& b) { a.outputs[0].shape = b.outputs[0].shape; }},
      {"step", [](auto& a, auto& b) { a = b; }},
  };
}

Fields<FooterMessage> footer_fields() {
  return {
      {"outputs", [](auto& a, auto& b) { a.outputs = b.outputs; }},
      {"output name", [](auto& a, auto& b) { a.outputs[0].name = b.outputs[0].name; }},
      {"output digest",
       [](auto& a, auto& b) { a.outputs[0].tensor.digest = b.outputs[0].tensor.digest; }},
      {"root", [](auto& a, auto& b) { a.root = b.root; }},
      {"footer", [](auto& a, auto& b) { a = b; }},
  };
}

/// Every field of every message of kind M in `a`, taken from the message of that kind and number
/// in `b`. The file is sealed again: whoever splices can do that, too.
template <class M>
std::size_t expect_all_refused(const std::vector<Message>& a, const std::vector<Message>& b,
                               const Fields<M>& fields) {
  std::size_t spliced = 0;
  std::size_t next = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::holds_alternative<M>(a[i])) continue;
    while (!std::holds_alternative<M>(b[next])) ++next;
    for (const auto& [name, take] : fields) {
      std::vector<Message> mixed = a;
      take(std::get<M>(mixed[i]), std::get<M>(b[next]));
      EXPECT_FALSE(parse_trace(join_and_seal(mixed)).has_value()) << name << " of message " << i;
      EXPECT_FALSE(parse_trace(join(mixed)).has_value()) << name << " of message " << i;
      ++spliced;
    }
    ++next;
  }
  return spliced;
}

TEST(Splice, any_field_of_one_trace_inside_another_is_refused) {
  const auto a = messages_of(write_recording(sample_recording()));
  const auto b = messages_of(write_recording(other_recording()));
  for (const auto& [into, from] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
    std::size_t spliced = expect_all_refused<HeaderMessage>(*into, *from, header_fields());
    spliced += expect_all_refused<StepRecord>(*into, *from, step_fields());
    spliced += expect_all_refused<FooterMessage>(*into, *from, footer_fields());
    EXPECT_EQ(spliced, 8U + 2 * 8U + 5U);
  }
}

TEST(Splice, steps_of_one_trace_in_another_order_are_refused) {
  auto messages = messages_of(write_recording(chain_recording(3)));
  std::swap(std::get<StepRecord>(messages[1]).outputs, std::get<StepRecord>(messages[2]).outputs);
  EXPECT_FALSE(parse_trace(join_and_seal(messages)).has_value());
  messages = messages_of(write_recording(chain_recording(3)));
  std::swap(messages[1], messages[2]);
  EXPECT_EQ(refusal_of(join_and_seal(messages)), core::RefusalCode::trace_malformed);
}

TEST(Splice, what_is_beside_the_root_can_be_exchanged_and_says_nothing_of_the_computation) {
  const auto original = messages_of(write_recording(sample_recording()));
  std::vector<Message> mixed = original;
  std::get<HeaderMessage>(mixed[0]).provenance = {"other", "another", "tool 2"};
  for (Message& message : mixed) {
    if (auto* step = std::get_if<StepRecord>(&message)) step->name = "other";
  }
  // Unsealed, even that is refused: the digest of the file stands for accidents.
  EXPECT_EQ(refusal_of(join(mixed)), core::RefusalCode::trace_digest_mismatch);
  const auto trace = parse_trace(join_and_seal(mixed));
  ASSERT_TRUE(trace.has_value());
  EXPECT_EQ(trace->root, make_trace(sample_recording()).root);
}

/// What a flipped bit has changed in a trace that is still accepted.
std::set<std::string> changed_parts(const Trace& before, const Trace& after) {
  std::set<std::string> parts;
  EXPECT_EQ(before.root, after.root);
  EXPECT_EQ(trace_leaves(before), trace_leaves(after));
  EXPECT_EQ(before.contents.size(), after.contents.size());
  for (const auto& [digest, tensor] : after.contents) {
    EXPECT_EQ(core::tensor_digest(tensor), digest);
    EXPECT_NE(before.find_content(digest), nullptr);
  }
  const auto& a = before.provenance;
  const auto& b = after.provenance;
  if (a.backend != b.backend || a.device != b.device || a.tool != b.tool)
    parts.insert("provenance");
  for (std::size_t i = 0; i < before.steps.size(); ++i) {
    if (before.steps[i].name != after.steps[i].name) parts.insert("name of a step");
  }
  if (before.program != after.program) {
    EXPECT_EQ(core::program_digest(*core::parse_program(after.program)), before.identity.program);
    parts.insert("names inside the program");
  }
  return parts;
}

TEST(BitFlips, every_one_is_refused_by_the_digest_of_the_file_or_before) {
  const core::Bytes file = write_recording(sample_recording());
  for (std::size_t bit = 0; bit < 8 * file.size(); ++bit) {
    core::Bytes flipped = file;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    ASSERT_FALSE(parse_trace(flipped).has_value()) << "bit " << bit;
  }
}

TEST(BitFlips, sealed_again_only_names_and_provenance_can_be_changed) {
  const core::Bytes file = write_recording(sample_recording());
  const Trace original = *parse_trace(file);
  const auto messages = messages_of(file);
  const core::Bytes body = join({messages.begin(), messages.end() - 1});
  auto footer = std::get<FooterMessage>(messages.back());
  std::set<std::string> parts;
  std::size_t accepted = 0;
  for (std::size_t bit = 0; bit < 8 * body.size(); ++bit) {
    core::Bytes flipped = body;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1 << (bit % 8));
    footer.file_digest = core::sha256(flipped);
    const core::Bytes end = *encode_message(footer);
    flipped.insert(flipped.end(), end.begin(), end.end());
    const auto trace = parse_trace(flipped);
    if (!trace) continue;
    ++accepted;
    const auto changed = changed_parts(original, *trace);
    EXPECT_EQ(changed.size(), 1U) << "bit " << bit;
    parts.insert(changed.begin(), changed.end());
  }
  EXPECT_GT(accepted, 0U);
  EXPECT_EQ(parts,
            (std::set<std::string>{"provenance", "name of a step", "names inside the program"}));
}

}  // namespace
}  // namespace isotrace::trace::samples
