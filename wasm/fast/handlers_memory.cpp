// Loads and stores. Little-endian, as the host must be.
#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/operands.hpp>
#include <isotrace/wasm/sized_integers.hpp>

namespace isotrace::wasm::fast {
namespace {

using namespace sized;

static_assert(std::endian::native == std::endian::little);

inline constexpr u64 chunk_mask = (u64{1} << LinearMemory::chunk_shift) - 1;

/// The address in an operand, plus the offset; with no operand, the offset.
template <From from>
[[gnu::always_inline]] inline u64 place(const Word* pc, const Slot* frame, Slot accumulator,
                                        FloatRegister floats) {
  if constexpr (from == From::constant) return pc[2];
  return u64{operand<u32, from, field_a, 2>(pc, frame, accumulator, floats)} + pc[2];
}

template <class Stored, class R>
[[gnu::always_inline]] inline R read(const u8* from) {
  Stored value;
  std::memcpy(&value, from, sizeof value);
  return static_cast<R>(value);
}

template <class Stored, class R, From from, To to>
void load(ISOTRACE_FAST_REGISTERS) {
  const u64 address = place<from>(pc, frame, accumulator, floats);
  if (address + sizeof(Stored) > context->memory_size) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  deliver<to>(read<Stored, R>(memory + address), pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(3);
}

template <class Stored, class R, From b, To to>
void load_at_sum(ISOTRACE_FAST_REGISTERS) {
  const u32 base = operand<u32, From::slot, field_a, 3>(pc, frame, accumulator, floats) +
                   operand<u32, b, field_b, 3>(pc, frame, accumulator, floats);
  const u64 address = u64{base} + pc[2];
  if (address + sizeof(Stored) > context->memory_size) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  deliver<to>(read<Stored, R>(memory + address), pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(3 + constants(b));
}

/// Marks what the operation at pc is about to write at context->store_place.
[[gnu::noinline]] void mark(Context& context, u64 size) {
  Store& store = *context.store;
  const ModuleInstance& instance = store.instances[context.instance];
  store.memories[instance.memories[0]].data.mark(context.store_place, size);
}

/// And begins the operation anew. Not a part of handlers, which would have to keep registers for
/// it.
template <unsigned size>
[[gnu::noinline]] void mark_and_repeat(ISOTRACE_FAST_REGISTERS) {
  mark(*context, size);
  ISOTRACE_FAST_GO;
}

/// In bounds: whether the chunks there are marked. Reading it is cheaper than marking each time.
template <class Stored>
[[gnu::always_inline]] inline bool is_marked(u64 address, const Context& context) {
  if (bare) return true;
  const u8* const mark = context.marks + (address >> LinearMemory::chunk_shift);
  if (*mark == 0) [[unlikely]]
    return false;
  if constexpr (sizeof(Stored) > 1) {
    if ((address & chunk_mask) + sizeof(Stored) > chunk_mask + 1) [[unlikely]]
      return mark[1] != 0;
  }
  return true;
}

#define ISOTRACE_FAST_MARK(Stored)                                          \
  if (!is_marked<Stored>(address, *context)) [[unlikely]] {                 \
    context->store_place = address;                                         \
    ISOTRACE_FAST_JUMP mark_and_repeat<sizeof(Stored)>(ISOTRACE_FAST_PASS); \
  }

/// The low bytes; in bounds and marked.
template <class Stored, class T>
[[gnu::always_inline]] inline void write(u8* memory, u64 address, T value) {
  const auto stored = static_cast<Stored>(value);
  std::memcpy(memory + address, &stored, sizeof stored);
}

template <class T, class Stored, From from, From value>
void store(ISOTRACE_FAST_REGISTERS) {
  const u64 address = place<from>(pc, frame, accumulator, floats);
  if (address + sizeof(Stored) > context->memory_size) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  ISOTRACE_FAST_MARK(Stored);
  write<Stored>(memory, address, operand<T, value, field_b, 3>(pc, frame, accumulator, floats));
  ISOTRACE_FAST_NEXT(3 + constants(value));
}

template <class T, class Stored, From addend, From value>
void store_at_sum(ISOTRACE_FAST_REGISTERS) {
  const u32 base = operand<u32, From::slot, field_a, 3>(pc, frame, accumulator, floats) +
                   operand<u32, addend, field_result, 3>(pc, frame, accumulator, floats);
  const u64 address = u64{base} + pc[2];
  if (address + sizeof(Stored) > context->memory_size) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  constexpr unsigned words = 3 + constants(addend);
  ISOTRACE_FAST_MARK(Stored);
  write<Stored>(memory, address, operand<T, value, field_b, words>(pc, frame, accumulator, floats));
  ISOTRACE_FAST_NEXT(words + constants(value));
}

#undef ISOTRACE_FAST_MARK

template <class Stored, class R, From from>
constexpr ByResult load_by_result() {
  return {{load<Stored, R, from, To::slot>, load<Stored, R, from, To::accumulator>,
           load<Stored, R, from, To::both>}};
}

template <class Stored, class R, From from>
constexpr ByResult sum_by_result() {
  return {{load_at_sum<Stored, R, from, To::slot>, load_at_sum<Stored, R, from, To::accumulator>,
           load_at_sum<Stored, R, from, To::both>}};
}

template <class Stored, class R>
constexpr LoadRow load_row() {
  using enum From;
  return {{{load_by_result<Stored, R, slot>(), load_by_result<Stored, R, accumulator>(),
            load_by_result<Stored, R, constant>()}},
          {sum_by_result<Stored, R, slot>(), sum_by_result<Stored, R, accumulator>(),
           sum_by_result<Stored, R, constant>()}};
}

template <class T, class Stored>
constexpr StoreRow store_row() {
  using enum From;
  return {{{store<T, Stored, slot, slot>, store<T, Stored, slot, accumulator>,
            store<T, Stored, slot, constant>},
           {store<T, Stored, accumulator, slot>, nullptr, store<T, Stored, accumulator, constant>},
           {store<T, Stored, constant, slot>, store<T, Stored, constant, accumulator>,
            store<T, Stored, constant, constant>}},
          {{store_at_sum<T, Stored, slot, slot>, store_at_sum<T, Stored, slot, constant>},
           {store_at_sum<T, Stored, constant, slot>, store_at_sum<T, Stored, constant, constant>}}};
}

/// From i32.load on.
constexpr LoadRow loads[] = {
    load_row<u32, u32>(),       load_row<u64, u64>(), load_row<float, float>(),
    load_row<double, double>(), load_row<i8, u32>(),  load_row<u8, u32>(),
    load_row<i16, u32>(),       load_row<u16, u32>(), load_row<i8, u64>(),
    load_row<u8, u64>(),        load_row<i16, u64>(), load_row<u16, u64>(),
    load_row<i32, u64>(),       load_row<u32, u64>()};

/// From i32.store on.
constexpr StoreRow stores[] = {
    store_row<u32, u32>(),       store_row<u64, u64>(), store_row<float, float>(),
    store_row<double, double>(), store_row<u32, u8>(),  store_row<u32, u16>(),
    store_row<u64, u8>(),        store_row<u64, u16>(), store_row<u64, u32>()};

}  // namespace

const LoadRow* find_load(Opcode opcode) {
  if (opcode < Opcode::i32_load || opcode > Opcode::i64_load32_u) return nullptr;
  return &loads[static_cast<unsigned>(opcode) - static_cast<unsigned>(Opcode::i32_load)];
}

const StoreRow* find_store(Opcode opcode) {
  if (opcode < Opcode::i32_store || opcode > Opcode::i64_store32) return nullptr;
  return &stores[static_cast<unsigned>(opcode) - static_cast<unsigned>(Opcode::i32_store)];
}

}  // namespace isotrace::wasm::fast
