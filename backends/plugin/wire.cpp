#include <isotrace/backends/plugin/wire.hpp>

#include <isotrace/core/limits.hpp>

namespace isotrace::backends::plugin {
namespace {

using core::ByteReader;
using core::ByteWriter;
using core::RefusalCode;
using core::Result;

constexpr std::size_t text_bytes_max = std::size_t{1} << 20;

template <class T, class WriteElement>
void write_list(ByteWriter& out, const std::vector<T>& list, const WriteElement& write_element) {
  out.u64(list.size());
  for (const T& element : list) write_element(element);
}

/// `element_bytes` is the least that one takes.
template <class T, class ReadElement>
Result<std::vector<T>> read_list(ByteReader& in, std::size_t element_bytes, std::size_t count_max,
                                 const ReadElement& read_element) {
  ISOTRACE_TRY(const std::size_t count, in.count(element_bytes, count_max));
  std::vector<T> list;
  list.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(T element, read_element());
    list.push_back(std::move(element));
  }
  return list;
}

void write_attribute(ByteWriter& out, const core::Attribute& attribute) {
  out.text(attribute.name).u8(static_cast<std::uint8_t>(attribute.value.index()));
  if (const auto* integer = std::get_if<std::int64_t>(&attribute.value)) {
    out.i64(*integer);
  } else if (const auto* real = std::get_if<float>(&attribute.value)) {
    out.f32(*real);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    out.text(*text);
  } else if (const auto* integers = std::get_if<std::vector<std::int64_t>>(&attribute.value)) {
    write_list(out, *integers, [&](std::int64_t value) { out.i64(value); });
  } else if (const auto* reals = std::get_if<std::vector<float>>(&attribute.value)) {
    write_list(out, *reals, [&](float value) { out.f32(value); });
  } else {
    ISOTRACE_CHECK(false, attribute.name);  // programs: control flow reaches no backend
  }
}

Result<core::AttributeValue> read_value(ByteReader& in) {
  constexpr std::size_t most = core::limits::attribute_elements_max;
  ISOTRACE_TRY(const std::uint8_t kind, in.u8());
  switch (kind) {
    case 0: return in.i64();
    case 1: return in.f32();
    case 2: return in.text(text_bytes_max);
    case 3: return read_list<std::int64_t>(in, 8, most, [&] { return in.i64(); });
    case 4: return read_list<float>(in, 4, most, [&] { return in.f32(); });
    default: return core::refuse(RefusalCode::value_out_of_range, "kind of an attribute");
  }
}

Result<core::Attribute> read_attribute(ByteReader& in) {
  ISOTRACE_TRY(std::string name, in.text(text_bytes_max));
  ISOTRACE_TRY(core::AttributeValue value, read_value(in));
  return core::Attribute{std::move(name), std::move(value)};
}

/// 0 stands for an operand that is left out.
Result<std::optional<core::Dtype>> read_dtype(ByteReader& in) {
  ISOTRACE_TRY(const std::uint8_t number, in.u8());
  if (number == 0) return std::optional<core::Dtype>();
  const auto dtype = core::dtype_from_number(number);
  if (!dtype) return core::refuse(RefusalCode::value_out_of_range, "element type");
  return dtype;
}

std::uint8_t number_of(const std::optional<core::Dtype>& dtype) {
  return dtype ? static_cast<std::uint8_t>(*dtype) : 0;
}

void write_tensor(ByteWriter& out, const std::optional<PlacedTensor>& tensor) {
  out.u8(tensor ? static_cast<std::uint8_t>(tensor->dtype) : 0);
  if (!tensor) return;
  write_list(out, tensor->shape, [&](std::int64_t size) { out.i64(size); });
  out.u64(tensor->data);
}

Result<std::optional<PlacedTensor>> read_tensor(ByteReader& in) {
  ISOTRACE_TRY(const std::optional<core::Dtype> dtype, read_dtype(in));
  if (!dtype) return std::optional<PlacedTensor>();
  PlacedTensor tensor{*dtype, {}, 0};
  ISOTRACE_TRY(tensor.shape, read_list<std::int64_t>(in, 8, core::limits::tensor_rank_max,
                                                     [&] { return in.i64(); }));
  ISOTRACE_TRY(tensor.data, in.u64());
  ISOTRACE_TRY_DONE(core::byte_count(tensor.dtype, tensor.shape));
  return std::optional(std::move(tensor));
}

Result<PlacedTensor> read_result(ByteReader& in) {
  ISOTRACE_TRY(std::optional<PlacedTensor> tensor, read_tensor(in));
  if (!tensor) return core::refuse(RefusalCode::value_out_of_range, "element type");
  return *std::move(tensor);
}

Result<Question> read_question(ByteReader& in) {
  constexpr std::size_t most = core::limits::node_operands_max;
  ISOTRACE_TRY(const std::uint16_t number, in.u16());
  const auto op = core::op_from_number(number);
  if (!op) return core::refuse(RefusalCode::value_out_of_range, "operation");
  Question question{*op, {}, {}, 0};
  ISOTRACE_TRY(question.attributes,
               read_list<core::Attribute>(in, 9, most, [&] { return read_attribute(in); }));
  ISOTRACE_TRY(question.operands,
               read_list<std::optional<core::Dtype>>(in, 1, most, [&] { return read_dtype(in); }));
  ISOTRACE_TRY(question.results, in.u32());
  return question;
}

void write_question(ByteWriter& out, const Question& question) {
  out.u16(static_cast<std::uint16_t>(question.op));
  write_list(out, question.attributes, [&](const auto& one) { write_attribute(out, one); });
  write_list(out, question.operands, [&](const auto& dtype) { out.u8(number_of(dtype)); });
  out.u32(question.results);
}

}  // namespace

core::Bytes write_request(const Request& request) {
  ByteWriter out;
  write_question(out, request.question);
  out.u8(request.operands ? 1 : 0);
  if (request.operands) {
    write_list(out, *request.operands, [&](const auto& tensor) { write_tensor(out, tensor); });
  }
  return out.take();
}

core::Bytes write_reply(const Reply& reply) {
  ByteWriter out;
  out.u8(static_cast<std::uint8_t>(reply.answer)).text(reply.detail);
  write_list(out, reply.results, [&](const PlacedTensor& one) { write_tensor(out, one); });
  out.u8(reply.description ? 1 : 0);
  if (reply.description) {
    const Description& description = *reply.description;
    out.text(description.name).text(description.version).text(description.device);
  }
  return out.take();
}

Result<Request> parse_request(core::ByteView bytes) {
  ByteReader in(bytes);
  ISOTRACE_TRY(Question question, read_question(in));
  Request request{std::move(question), {}};
  ISOTRACE_TRY(const std::uint8_t to_execute, in.u8());
  if (to_execute != 0) {
    ISOTRACE_TRY(request.operands,
                 read_list<std::optional<PlacedTensor>>(in, 1, core::limits::node_operands_max,
                                                        [&] { return read_tensor(in); }));
  }
  ISOTRACE_TRY_DONE(in.end());
  return request;
}

Result<Reply> parse_reply(core::ByteView bytes) {
  ByteReader in(bytes);
  Reply reply;
  ISOTRACE_TRY(const std::uint8_t answer, in.u8());
  if (answer > static_cast<std::uint8_t>(answer_last)) {
    return core::refuse(RefusalCode::value_out_of_range, "answer");
  }
  reply.answer = static_cast<Answer>(answer);
  ISOTRACE_TRY(reply.detail, in.text(detail_bytes_max));
  ISOTRACE_TRY(reply.results, read_list<PlacedTensor>(in, 17, core::limits::node_operands_max,
                                                      [&] { return read_result(in); }));
  ISOTRACE_TRY(const std::uint8_t described, in.u8());
  if (described != 0) {
    Description& description = reply.description.emplace();
    ISOTRACE_TRY(description.name, in.text(name_bytes_max));
    ISOTRACE_TRY(description.version, in.text(name_bytes_max));
    ISOTRACE_TRY(description.device, in.text(device_bytes_max));
  }
  ISOTRACE_TRY_DONE(in.end());
  return reply;
}

}  // namespace isotrace::backends::plugin
