#include <isotrace/smt/answer.hpp>

#include <isotrace/core/limits.hpp>
#include <isotrace/smt/number_text.hpp>

namespace isotrace::smt {
namespace {

using core::ByteReader;
using core::ByteWriter;
using core::RefusalCode;

/// Of a numerator or denominator together.
constexpr std::size_t number_text_max = std::size_t{1} << 20;

void write_value(ByteWriter& writer, bits::Value value) {
  writer.u64(static_cast<std::uint64_t>(value)).u64(static_cast<std::uint64_t>(value >> 64));
}

core::Result<bits::Value> read_value(ByteReader& reader) {
  ISOTRACE_TRY(const std::uint64_t low, reader.u64());
  ISOTRACE_TRY(const std::uint64_t high, reader.u64());
  return bits::Value{high} << 64 | low;
}

core::Result<bits::MemoryValue> read_memory(ByteReader& reader) {
  bits::MemoryValue memory;
  ISOTRACE_TRY(memory.otherwise, reader.u8());
  ISOTRACE_TRY(const std::size_t count, reader.count(5, core::limits::smt_terms_max));
  for (std::size_t i = 0; i < count; ++i) {
    ISOTRACE_TRY(const std::uint32_t address, reader.u32());
    ISOTRACE_TRY(memory.bytes[address], reader.u8());
  }
  return memory;
}

core::Result<Answer> read_fields(ByteReader& reader) {
  Answer answer;
  ISOTRACE_TRY(const std::uint8_t kind, reader.u8());
  if (kind > static_cast<std::uint8_t>(Answer::Kind::rejected)) {
    return core::refuse(RefusalCode::solver_failed, "kind", std::to_string(kind));
  }
  answer.kind = static_cast<Answer::Kind>(kind);
  ISOTRACE_TRY(answer.detail, reader.text(1 << 16));
  ISOTRACE_TRY(const std::size_t scalars, reader.count(24, core::limits::smt_terms_max));
  for (std::size_t i = 0; i < scalars; ++i) {
    ISOTRACE_TRY(const std::string name, reader.text(core::limits::name_bytes_max));
    ISOTRACE_TRY(answer.model.scalars[name], read_value(reader));
  }
  ISOTRACE_TRY(const std::size_t memories, reader.count(17, core::limits::smt_terms_max));
  for (std::size_t i = 0; i < memories; ++i) {
    ISOTRACE_TRY(const std::string name, reader.text(core::limits::name_bytes_max));
    ISOTRACE_TRY(answer.model.memories[name], read_memory(reader));
  }
  ISOTRACE_TRY(const std::size_t numbers, reader.count(17, core::limits::smt_terms_max));
  for (std::size_t i = 0; i < numbers; ++i) {
    ISOTRACE_TRY(const std::string name, reader.text(core::limits::name_bytes_max));
    ISOTRACE_TRY(const std::string number, reader.text(number_text_max));
    ISOTRACE_TRY(answer.model.numbers[name], read_number_text(number));
  }
  ISOTRACE_TRY(const core::ByteView lrat, reader.block());
  answer.lrat.assign(lrat.begin(), lrat.end());
  ISOTRACE_TRY(answer.solve_milliseconds, reader.f64());
  ISOTRACE_TRY(answer.trim_milliseconds, reader.f64());
  ISOTRACE_TRY_DONE(reader.end());
  return answer;
}

}  // namespace

std::string write_answer(const Answer& answer) {
  ByteWriter writer;
  writer.u8(static_cast<std::uint8_t>(answer.kind)).text(answer.detail.substr(0, 1 << 16));
  writer.u64(answer.model.scalars.size());
  for (const auto& [name, value] : answer.model.scalars) {
    writer.text(name);
    write_value(writer, value);
  }
  writer.u64(answer.model.memories.size());
  for (const auto& [name, memory] : answer.model.memories) {
    writer.text(name).u8(memory.otherwise).u64(memory.bytes.size());
    for (const auto& [address, byte] : memory.bytes) writer.u32(address).u8(byte);
  }
  writer.u64(answer.model.numbers.size());
  for (const auto& [name, number] : answer.model.numbers) writer.text(name).text(number.str());
  writer.block(answer.lrat).f64(answer.solve_milliseconds).f64(answer.trim_milliseconds);
  return std::string(core::as_text(writer.bytes()));
}

core::Result<Answer> read_answer(std::string_view text) {
  ByteReader reader(core::as_bytes(text));
  auto answer = read_fields(reader);
  if (!answer) {
    return core::refuse(RefusalCode::solver_failed, "answer", core::describe(answer.error()));
  }
  return answer;
}

}  // namespace isotrace::smt
