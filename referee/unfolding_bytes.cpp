// Unfoldings as bytes. Parties send them; a referee reads those whose digest both have given, and
// believes nothing in them that the program does not allow.
#include <isotrace/core/limits.hpp>
#include <isotrace/referee/unfolding.hpp>

namespace isotrace::referee {
namespace {

using core::ByteReader;
using core::ByteWriter;
using trace::TensorRecord;

void write_record(ByteWriter& out, const TensorRecord& record) {
  out.raw(record.digest.view()).u8(static_cast<std::uint8_t>(record.dtype));
  out.u64(record.shape.size());
  for (const std::int64_t dim : record.shape) out.i64(dim);
}

std::optional<core::Digest> read_digest(ByteReader& in) {
  const auto bytes = in.raw(sizeof(core::Digest::bytes));
  if (!bytes) return std::nullopt;
  core::Digest digest;
  std::copy(bytes->begin(), bytes->end(), digest.bytes.begin());
  return digest;
}

std::optional<TensorRecord> read_record(ByteReader& in) {
  const auto digest = read_digest(in);
  const auto number = in.u8();
  const auto dtype = number ? core::dtype_from_number(*number) : std::nullopt;
  const auto rank = in.count(8, core::limits::tensor_rank_max);
  if (!digest || !dtype || !rank) return std::nullopt;
  TensorRecord record{*digest, *dtype, core::Shape(*rank)};
  for (std::int64_t& dim : record.shape) {
    const auto read = in.i64();
    if (!read || *read < 0) return std::nullopt;
    dim = *read;
  }
  return record;
}

/// As many as the count says, each of at least so many bytes.
template <class T, class Read>
bool read_list(ByteReader& in, std::vector<T>& list, std::size_t bytes, const Read& read) {
  const auto count = in.count(bytes, std::size_t{1} << 24);
  if (!count) return false;
  for (std::size_t i = 0; i < *count; ++i) {
    auto element = read(in);
    if (!element) return false;
    list.push_back(*std::move(element));
  }
  return true;
}

}  // namespace

void Unfolding::write_frame(ByteWriter& out, const Frame& frame) const {
  out.u64(frame.node);
  std::uint64_t known = 0;
  for (const auto& value : frame.values) known += value ? 1 : 0;
  out.u64(known);
  for (std::size_t id = 0; id < frame.values.size(); ++id) {
    if (frame.values[id]) write_record(out.u32(static_cast<std::uint32_t>(id)), *frame.values[id]);
  }
  out.u8(frame.open ? 1 : 0);
  if (!frame.open) return;
  const Open& open = *frame.open;
  out.i64(open.round).i64(open.rounds_max).u8(open.taken ? 1 : 0).u8(open.closing ? 1 : 0);
  out.u8(open.condition ? 1 : 0);
  if (open.condition) write_record(out, *open.condition);
  out.u64(open.states.size());
  for (const TensorRecord& state : open.states) write_record(out, state);
  out.u64(open.chains.size());
  for (const core::Digest& digest : open.chains) out.raw(digest.view());
}

core::Bytes Unfolding::write() const {
  ByteWriter out;
  out.text("isotrace.unfolding.v1").u64(stack_.size());
  for (const Frame& frame : stack_) write_frame(out, frame);
  return out.take();
}

bool Unfolding::read_frame(ByteReader& in, Frame& frame) {
  const auto node = in.u64();
  const auto known = in.count(4 + sizeof(core::Digest::bytes) + 9, frame.values.size());
  if (!node || !known || *node > frame.program->nodes.size()) return false;
  frame.node = static_cast<std::size_t>(*node);
  for (std::size_t i = 0; i < *known; ++i) {
    const auto id = in.u32();
    auto record = read_record(in);
    if (!id || *id >= frame.values.size() || !record) return false;
    frame.values[*id] = *std::move(record);
  }
  const auto opened = in.u8();
  if (!opened) return false;
  if (*opened == 0) return true;
  if (frame.node == frame.program->nodes.size()) return false;
  Open open;
  const auto round = in.i64();
  const auto rounds = in.i64();
  const auto taken = in.u8();
  const auto closing = in.u8();
  const auto condition = in.u8();
  if (!round || !rounds || !taken || !closing || !condition) return false;
  open.round = *round;
  open.rounds_max = *rounds;
  open.taken = *taken != 0;
  open.closing = *closing != 0;
  if (*condition != 0 && !(open.condition = read_record(in))) return false;
  if (!read_list(in, open.states, sizeof(core::Digest::bytes) + 9, read_record) ||
      !read_list(in, open.chains, sizeof(core::Digest::bytes), read_digest)) {
    return false;
  }
  frame.open = std::move(open);
  return core::op_info(frame.program->nodes[frame.node].op).control;
}

std::optional<Unfolding> Unfolding::parse(const core::Program& program, core::ByteView bytes) {
  ByteReader in(bytes);
  const auto head = in.text(64);
  const auto frames = in.count(17, std::size_t{1} << 16);
  if (!head || *head != "isotrace.unfolding.v1" || !frames || *frames == 0) return std::nullopt;
  Unfolding read(program);
  read.push(program);
  for (std::size_t i = 0;; ++i) {
    if (!read.read_frame(in, read.stack_.back())) return std::nullopt;
    if (i + 1 == *frames) break;
    // Every frame but the last executes a program inside one of its nodes.
    const Frame& frame = read.stack_.back();
    if (!frame.open || frame.open->closing) return std::nullopt;
    read.push(inside(frame.program->nodes[frame.node], frame.open->taken));
  }
  if (!in.end()) return std::nullopt;
  return read;
}

}  // namespace isotrace::referee
