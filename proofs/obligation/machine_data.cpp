// Locals, globals, memory.
#include <algorithm>

#include <isotrace/core/limits.hpp>
#include <isotrace/proofs/obligation/integers.hpp>
#include <isotrace/proofs/obligation/machine.hpp>

namespace isotrace::proofs::obligation {
namespace {

using bits::Term;
using core::Done;
using core::Result;
using wasm::Opcode;

/// Bytes that a bulk operation moves for certain before they count as rounds of a loop.
constexpr std::uint32_t bulk_bytes = 256;

}  // namespace

Result<Done> Machine::execute_variable() {
  const std::uint32_t index = now_.first;
  switch (now_.opcode) {
    case Opcode::local_get: push(Term(path_->slots[index])); return Done{};
    case Opcode::local_set: {
      const Term value = pop();
      path_->slots[index] = value;
      return Done{};
    }
    case Opcode::local_tee: path_->slots[index] = path_->slots.back(); return Done{};
    default: break;
  }
  if (wasm::is_reference(module_.globals[index].type.value)) {
    return refuse_instruction("references");
  }
  if (now_.opcode == Opcode::global_get) {
    push(path_->globals[index]);
  } else {
    path_->globals[index] = pop();
  }
  return Done{};
}

Result<Done> Machine::execute_memory() {
  switch (now_.opcode) {
    case Opcode::i32_load:
    case Opcode::f32_load: return load(4, 32, false);
    case Opcode::i64_load:
    case Opcode::f64_load: return load(8, 64, false);
    case Opcode::i32_load8_s: return load(1, 32, true);
    case Opcode::i32_load8_u: return load(1, 32, false);
    case Opcode::i32_load16_s: return load(2, 32, true);
    case Opcode::i32_load16_u: return load(2, 32, false);
    case Opcode::i64_load8_s: return load(1, 64, true);
    case Opcode::i64_load8_u: return load(1, 64, false);
    case Opcode::i64_load16_s: return load(2, 64, true);
    case Opcode::i64_load16_u: return load(2, 64, false);
    case Opcode::i64_load32_s: return load(4, 64, true);
    case Opcode::i64_load32_u: return load(4, 64, false);
    case Opcode::i32_store:
    case Opcode::f32_store:
    case Opcode::i64_store32: return store(4);
    case Opcode::i64_store:
    case Opcode::f64_store: return store(8);
    case Opcode::i32_store8:
    case Opcode::i64_store8: return store(1);
    case Opcode::i32_store16:
    case Opcode::i64_store16: return store(2);
    case Opcode::memory_size: push(word(path_->pages)); return Done{};
    case Opcode::memory_grow: return memory_grow();
    default: return execute_bulk();
  }
}

/// Traps unless begin + count <= size, as numbers.
void Machine::trap_unless_within(Term begin, Term count, std::uint64_t size) {
  const Term end = pool_.bvadd(pool_.zero_extend(begin, 34), pool_.zero_extend(count, 34));
  trap_if(pool_.bvult(pool_.constant(size, 34), end));
}

std::optional<Term> Machine::place(std::uint32_t offset, unsigned size) {
  const Term base = pop();
  const std::uint64_t bytes = path_->pages * wasm::page_bytes;
  if (std::uint64_t{offset} + size > bytes) {
    end_path();
    return std::nullopt;
  }
  const std::uint64_t last = bytes - offset - size;
  if (memory_.known_bits().of(base).most() > last) {
    trap_if(pool_.bvult(word(last), base));
    if (!path_) return std::nullopt;
  }
  return add_constant(pool_, base, offset);
}

Result<Done> Machine::load(unsigned bytes, unsigned width, bool is_signed) {
  const auto address = place(now_.second, bytes);
  if (!address) return Done{};
  const Term value = memory_.load(path_->memory, *address, bytes);
  push(is_signed ? pool_.sign_extend(value, width) : pool_.zero_extend(value, width));
  return Done{};
}

Result<Done> Machine::store(unsigned bytes) {
  const Term value = pop();
  const auto address = place(now_.second, bytes);
  if (!address) return Done{};
  path_->memory = memory_.store(path_->memory, *address, value, bytes);
  return Done{};
}

/// Succeeds if and only if the memory's own maximum and the profile allow it.
Result<Done> Machine::memory_grow() {
  const auto more = pool_.constant_value(pop());
  if (!more) return refuse_instruction("by a number that depends on the arguments");
  const std::uint32_t own =
      module_.memories[0].limits.most.value_or(core::limits::wasm_memory_pages_max);
  const std::uint64_t most = std::min<std::uint64_t>(own, core::limits::wasm_memory_pages_max);
  const std::uint64_t after = path_->pages + static_cast<std::uint64_t>(*more);
  if (after > most) {
    push(word(UINT32_MAX));
    return Done{};
  }
  if (*more > 0 && memory_.arbitrary()) {
    return refuse_instruction("new pages are zero, and the memory is arbitrary");
  }
  push(word(path_->pages));
  path_->pages = static_cast<std::uint32_t>(after);
  return Done{};
}

std::uint32_t Machine::bulk_rounds(Term count) {
  const std::uint64_t most = memory_.known_bits().of(count).most();
  const std::uint64_t rounds = pool_.constant_value(count)
                                   ? std::min<std::uint64_t>(most, core::limits::unwind_max)
                                   : std::min<std::uint64_t>(most, bulk_bytes + unwind_);
  if (most > rounds) {
    auto beyond = split(path_, pool_.bvult(word(rounds), count));
    if (beyond) cut_path(*beyond);
  }
  return static_cast<std::uint32_t>(rounds);
}

/// A byte of a segment; of one beyond its end, which has trapped, any.
Term Machine::segment_byte(const wasm::DataSegment& segment, Term source, std::uint32_t i) {
  const auto from = pool_.constant_value(source);
  const std::uint64_t at = static_cast<std::uint64_t>(from.value_or(0)) + i;
  const std::uint8_t byte = at < segment.size ? module_.bytes[segment.begin + at] : 0;
  return pool_.constant(byte, bits::byte_width);
}

/// memory.init, data.drop, memory.copy, memory.fill. All bounds are checked before a byte moves.
Result<Done> Machine::execute_bulk() {
  const Opcode opcode = now_.opcode;
  if (opcode == Opcode::data_drop) return refuse_instruction("segments stay what they are");
  const Term count = pop();
  const Term source = pop();  // memory.fill: the value
  const Term target = pop();
  const std::uint64_t size = path_->pages * wasm::page_bytes;
  const wasm::DataSegment* segment = nullptr;
  if (opcode == Opcode::memory_init) {
    segment = &module_.datas[now_.first];
    if (!pool_.constant_value(source)) {
      return refuse_instruction("from a place that depends on the arguments");
    }
    // Active segments are dropped when they have been placed.
    const bool dropped = segment->mode != wasm::SegmentMode::passive;
    trap_unless_within(source, count, dropped ? 0 : segment->size);
  } else if (opcode == Opcode::memory_copy) {
    trap_unless_within(source, count, size);
  }
  if (path_) trap_unless_within(target, count, size);
  if (!path_) return Done{};
  const std::uint32_t rounds = bulk_rounds(count);
  if (!path_) return Done{};
  work_ += rounds;
  ISOTRACE_TRY_DONE(check_work());
  // What is read is read before anything is written, so that overlaps do not matter.
  std::vector<Term> bytes;
  for (std::uint32_t i = 0; i < rounds; ++i) {
    bytes.push_back(segment != nullptr ? segment_byte(*segment, source, i)
                    : opcode == Opcode::memory_copy
                        ? memory_.load(path_->memory, add_constant(pool_, source, i), 1)
                        : pool_.extract(source, 7, 0));
  }
  const std::uint64_t certain = memory_.known_bits().of(count).least();
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const Term written = memory_.store(path_->memory, add_constant(pool_, target, i), bytes[i], 1);
    path_->memory =
        i < certain ? written : pool_.ite(pool_.bvult(word(i), count), written, path_->memory);
  }
  return Done{};
}

}  // namespace isotrace::proofs::obligation
