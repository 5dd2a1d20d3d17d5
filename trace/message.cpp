#include <algorithm>
#include <array>
#include <cstring>

#include <capnp/message.h>
#include <kj/exception.h>

#include <isotrace/trace/message_parts.hpp>

namespace isotrace::trace {
namespace {

using core::ByteView;
using core::RefusalCode;
using core::Result;

constexpr std::string_view format_name = "isotrace.trace";
constexpr std::uint32_t format_version = 1;
constexpr std::string_view merkle_suite = "sha256";
constexpr std::string_view content_suite = "blake3";
constexpr std::size_t frame_bytes = 8;  // u32 number of segments - 1 = 0, u32 words
constexpr std::size_t nesting_max = 16;

// ---- values to messages

void set_tensor(wire::Tensor::Builder out, const TensorRecord& tensor) {
  out.setDigest(data_of(tensor.digest.view()));
  out.setDtype(static_cast<std::uint8_t>(tensor.dtype));
  auto shape = out.initShape(count_of(tensor.shape.size()));
  for (unsigned i = 0; i < shape.size(); ++i) shape.set(i, tensor.shape[i]);
}

void set_named(capnp::List<wire::NamedTensor>::Builder out, const std::vector<NamedRecord>& named) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setName(text_of(named[i].name));
    set_tensor(out[i].initTensor(), named[i].tensor);
  }
}

void set(wire::Message::Builder root, const HeaderMessage& header) {
  auto out = root.initHeader();
  out.setFormat(text_of(std::string(format_name)));
  out.setVersion(format_version);
  out.setMerkleSuite(text_of(std::string(merkle_suite)));
  out.setContentSuite(text_of(std::string(content_suite)));
  out.setChunkBytes(chunk_bytes);
  out.setSemantics(text_of(header.identity.semantics));
  out.setProgram(data_of(header.identity.program.view()));
  set_named(out.initInputs(count_of(header.identity.inputs.size())), header.identity.inputs);
  out.setSeed(header.identity.seed);
  out.setBackend(text_of(header.provenance.backend));
  out.setDevice(text_of(header.provenance.device));
  out.setTool(text_of(header.provenance.tool));
  if (header.identity.machine) set_machine(out.initMachine(), *header.identity.machine);
}

template <class Chunk, class Builder>
void set_chunk(Builder out, const Chunk& chunk) {
  out.setTotal(chunk.total);
  out.setOffset(chunk.offset);
  out.setData(data_of(chunk.data));
}

void set(wire::Message::Builder root, const ProgramChunk& chunk) {
  set_chunk(root.initProgram(), chunk);
}

void set(wire::Message::Builder root, const SnapshotChunk& chunk) {
  set_chunk(root.initSnapshot(), chunk);
}

void set(wire::Message::Builder root, const CheckpointRecord& checkpoint) {
  set_checkpoint(root.initCheckpoint(), checkpoint);
}

void set(wire::Message::Builder root, const HostCallRecord& call) {
  set_host_call(root.initHostCall(), call);
}

void set(wire::Message::Builder root, const ContentChunk& chunk) {
  auto out = root.initContent();
  set_tensor(out.initTensor(), chunk.tensor);
  out.setOffset(chunk.offset);
  out.setData(data_of(chunk.data));
}

void set(wire::Message::Builder root, const StepRecord& step) {
  auto out = root.initStep();
  out.setIndex(step.index);
  out.setOperation(static_cast<std::uint16_t>(step.op));
  out.setAttributes(data_of(step.attributes.view()));
  auto inputs = out.initInputs(count_of(step.inputs.size()));
  for (unsigned i = 0; i < inputs.size(); ++i) {
    if (step.inputs[i]) set_tensor(inputs[i].initTensor(), *step.inputs[i]);
  }
  auto outputs = out.initOutputs(count_of(step.outputs.size()));
  for (unsigned i = 0; i < outputs.size(); ++i) set_tensor(outputs[i], step.outputs[i]);
  out.setName(text_of(step.name));
}

void set(wire::Message::Builder root, const FooterMessage& footer) {
  auto out = root.initFooter();
  set_named(out.initOutputs(count_of(footer.outputs.size())), footer.outputs);
  out.setLeaves(footer.leaves);
  out.setRoot(data_of(footer.root.view()));
  out.setFileDigest(data_of(footer.file_digest.view()));
  if (!footer.fallback_steps.empty()) {
    set_slots(out.initFallbackSteps(count_of(footer.fallback_steps.size())), footer.fallback_steps);
  }
  if (!footer.state) return;
  set_state(out.initState(), *footer.state);
  set_slots(out.initResults(count_of(footer.results.size())), footer.results);
}

core::Bytes frame(kj::ArrayPtr<const capnp::word> words) {
  const auto body = words.asBytes();
  core::Bytes bytes(frame_bytes + body.size());
  const std::array<std::uint32_t, 2> head = {0, static_cast<std::uint32_t>(words.size())};
  std::memcpy(bytes.data(), head.data(), frame_bytes);
  std::memcpy(bytes.data() + frame_bytes, body.begin(), body.size());
  return bytes;
}

// ---- messages to values

Result<TensorRecord> get_tensor(wire::Tensor::Reader in) {
  TensorRecord tensor{};
  ISOTRACE_TRY(tensor.digest, get_digest(in.getDigest()));
  const auto dtype = core::dtype_from_number(in.getDtype());
  if (!dtype) return malformed("element type " + std::to_string(in.getDtype()));
  tensor.dtype = *dtype;
  const auto shape = in.getShape();
  if (shape.size() > core::limits::tensor_rank_max) {
    return malformed("rank " + std::to_string(shape.size()));
  }
  for (const std::int64_t dim : shape) tensor.shape.push_back(dim);
  const auto elements = core::element_count(tensor.shape);
  if (!elements || *elements > core::limits::tensor_bytes_max / core::dtype_bytes(*dtype)) {
    return malformed("shape " + core::shape_text(tensor.shape));
  }
  return tensor;
}

Result<std::vector<NamedRecord>> get_named(capnp::List<wire::NamedTensor>::Reader in) {
  std::vector<NamedRecord> named;
  for (const auto record : in) {
    ISOTRACE_TRY(std::string name, get_text(record.getName()));
    ISOTRACE_TRY(TensorRecord tensor, get_tensor(record.getTensor()));
    named.push_back({std::move(name), std::move(tensor)});
  }
  return named;
}

Result<core::Done> check_format(wire::Header::Reader in) {
  if (in.getFormat() != text_of(std::string(format_name))) return malformed("not a trace");
  if (in.getVersion() != format_version) {
    return core::refuse(RefusalCode::trace_version_unsupported, {},
                        "version " + std::to_string(in.getVersion()));
  }
  if (in.getMerkleSuite() != text_of(std::string(merkle_suite)) ||
      in.getContentSuite() != text_of(std::string(content_suite)) ||
      in.getChunkBytes() != chunk_bytes) {
    return malformed("digest suites or chunk size that version 1 does not have");
  }
  return core::Done{};
}

Result<Message> get(wire::Header::Reader in) {
  ISOTRACE_TRY_DONE(check_format(in));
  HeaderMessage header;
  ISOTRACE_TRY(header.identity.semantics, get_text(in.getSemantics()));
  ISOTRACE_TRY(header.identity.program, get_digest(in.getProgram()));
  ISOTRACE_TRY(header.identity.inputs, get_named(in.getInputs()));
  header.identity.seed = in.getSeed();
  ISOTRACE_TRY(header.provenance.backend, get_text(in.getBackend()));
  ISOTRACE_TRY(header.provenance.device, get_text(in.getDevice()));
  ISOTRACE_TRY(header.provenance.tool, get_text(in.getTool()));
  if (in.hasMachine()) {
    ISOTRACE_TRY(header.identity.machine, get_machine(in.getMachine()));
  }
  return header;
}

Result<Message> get(wire::ProgramChunk::Reader in) {
  return ProgramChunk{in.getTotal(), in.getOffset(), get_bytes(in.getData())};
}

Result<Message> get(wire::SnapshotChunk::Reader in) {
  return SnapshotChunk{in.getTotal(), in.getOffset(), get_bytes(in.getData())};
}

Result<Message> get(wire::ContentChunk::Reader in) {
  ISOTRACE_TRY(TensorRecord tensor, get_tensor(in.getTensor()));
  return ContentChunk{std::move(tensor), in.getOffset(), get_bytes(in.getData())};
}

Result<Message> get(wire::Step::Reader in) {
  StepRecord step;
  step.index = in.getIndex();
  const auto op = core::op_from_number(in.getOperation());
  if (!op) return malformed("operation number " + std::to_string(in.getOperation()));
  step.op = *op;
  ISOTRACE_TRY(step.attributes, get_digest(in.getAttributes()));
  for (const auto operand : in.getInputs()) {
    step.inputs.emplace_back();
    if (!operand.hasTensor()) continue;
    ISOTRACE_TRY(step.inputs.back(), get_tensor(operand.getTensor()));
  }
  for (const auto output : in.getOutputs()) {
    ISOTRACE_TRY(TensorRecord tensor, get_tensor(output));
    step.outputs.push_back(std::move(tensor));
  }
  ISOTRACE_TRY(step.name, get_text(in.getName()));
  return step;
}

Result<Message> get(wire::Footer::Reader in) {
  FooterMessage footer;
  ISOTRACE_TRY(footer.outputs, get_named(in.getOutputs()));
  footer.leaves = in.getLeaves();
  ISOTRACE_TRY(footer.root, get_digest(in.getRoot()));
  ISOTRACE_TRY(footer.file_digest, get_digest(in.getFileDigest()));
  if (in.hasState()) {
    ISOTRACE_TRY(footer.state, get_state(in.getState()));
    footer.results = get_slots(in.getResults());
  }
  footer.fallback_steps = get_slots(in.getFallbackSteps());
  return footer;
}

Result<Message> get(wire::Message::Reader in) {
  switch (in.which()) {
    case wire::Message::HEADER: return get(in.getHeader());
    case wire::Message::PROGRAM: return get(in.getProgram());
    case wire::Message::CONTENT: return get(in.getContent());
    case wire::Message::STEP: return get(in.getStep());
    case wire::Message::FOOTER: return get(in.getFooter());
    case wire::Message::CHECKPOINT: return get_checkpoint(in.getCheckpoint());
    case wire::Message::HOST_CALL: return get_host_call(in.getHostCall());
    case wire::Message::SNAPSHOT: return get(in.getSnapshot());
  }
  return malformed("unknown kind of message");
}

Result<Message> decode_words(kj::ArrayPtr<const capnp::word> words) {
  // A tree is read once; pointers that share a target, which no writer makes, soon use this up.
  const capnp::ReaderOptions options{.traversalLimitInWords = 4 * words.size() + 64,
                                     .nestingLimit = nesting_max};
  const std::array<kj::ArrayPtr<const capnp::word>, 1> segments = {words};
  try {
    capnp::SegmentArrayMessageReader reader(kj::arrayPtr(segments.data(), segments.size()),
                                            options);
    return get(reader.getRoot<wire::Message>());
  } catch (const kj::Exception& exception) {
    return malformed(exception.getDescription().cStr());
  }
}

/// How many words the message at the front has, from its frame.
Result<std::size_t> words_of(ByteView bytes) {
  if (bytes.size() < frame_bytes) {
    return core::refuse(RefusalCode::trace_truncated, {},
                        std::to_string(bytes.size()) + " bytes of a message's frame");
  }
  std::array<std::uint32_t, 2> head{};
  std::memcpy(head.data(), bytes.data(), frame_bytes);
  const std::uint64_t size = std::uint64_t{head[1]} * sizeof(capnp::word);
  if (head[0] != 0 || size == 0 || size > message_bytes_max) return malformed("frame");
  if (size > bytes.size() - frame_bytes) {
    return core::refuse(RefusalCode::trace_truncated, {},
                        std::to_string(size) + " bytes announced, " +
                            std::to_string(bytes.size() - frame_bytes) + " left");
  }
  return head[1];
}

}  // namespace

Result<core::Bytes> encode_message(const Message& message) {
  std::array<capnp::word, 256> room{};  // enough for most, and soon cleared
  capnp::MallocMessageBuilder builder(kj::arrayPtr(room.data(), room.size()));
  const auto root = builder.initRoot<wire::Message>();
  std::visit([&](const auto& value) { set(root, value); }, message);
  // The canonical form is preorder, one segment and without trailing zeros: one encoding.
  const auto words = capnp::canonicalize(root.asReader());
  if (words.size() > message_bytes_max / sizeof(capnp::word)) {
    return core::refuse(RefusalCode::limit_exceeded, "trace message",
                        std::to_string(words.size()) + " words");
  }
  return frame(words);
}

Result<DecodedMessage> decode_message(ByteView bytes) {
  ISOTRACE_TRY(const std::size_t count, words_of(bytes));
  const ByteView framed = bytes.first(frame_bytes + count * sizeof(capnp::word));
  static_assert(step_tag == wire::Message::STEP);
  if (auto step = decode_plain_step(framed.subspan(frame_bytes))) {
    return DecodedMessage{*std::move(step), framed.size()};
  }
  auto words = kj::heapArray<capnp::word>(count);  // aligned, whatever the bytes given are
  std::memcpy(words.begin(), framed.data() + frame_bytes, count * sizeof(capnp::word));
  ISOTRACE_TRY(Message message, decode_words(words));
  const auto again = encode_message(message);
  if (!again || !std::equal(again->begin(), again->end(), framed.begin(), framed.end())) {
    return malformed("not in canonical form");
  }
  return DecodedMessage{std::move(message), framed.size()};
}

}  // namespace isotrace::trace
