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

template <class Stored, class R, From from, To to, bool notes>
void load(ISOTRACE_FAST_REGISTERS) {
  if constexpr (notes) {
    ISOTRACE_FAST_MAKE_ROOM;
  }
  const u64 address = place<from>(pc, frame, accumulator, floats);
  if (address + sizeof(Stored) > context->memory_size) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  const R value = read<Stored, R>(memory + address);
  if constexpr (notes) context->effects->put(to_slot(value), sizeof(R));
  deliver<to>(value, pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(3);
}

template <class Stored, class R, From b, To to, bool notes>
void load_at_sum(ISOTRACE_FAST_REGISTERS) {
  if constexpr (notes) {
    ISOTRACE_FAST_MAKE_ROOM;
  }
  const u32 base = operand<u32, From::slot, field_a, 3>(pc, frame, accumulator, floats) +
                   operand<u32, b, field_b, 3>(pc, frame, accumulator, floats);
  const u64 address = u64{base} + pc[2];
  if (address + sizeof(Stored) > context->memory_size) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  const R value = read<Stored, R>(memory + address);
  if constexpr (notes) context->effects->put(to_slot(value), sizeof(R));
  deliver<to>(value, pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(3 + constants(b));
}

/// What is not in bounds, or not marked yet: traps, or marks it.
[[gnu::noinline]] bool can_mark(Context& context, u64 size) {
  if (context.store_place + size > context.memory_size) return false;
  Store& store = *context.store;
  const ModuleInstance& instance = store.instances[context.instance];
  store.memories[instance.memories[0]].data.mark(context.store_place, size);
  return true;
}

/// Then begins the operation anew. Not a part of handlers, which would have to keep registers for
/// it.
template <unsigned size>
[[gnu::noinline]] void mark_and_repeat(ISOTRACE_FAST_REGISTERS) {
  if (!can_mark(*context, size)) [[unlikely]] {
    ISOTRACE_FAST_TRAP(Trap::out_of_bounds_memory_access);
  }
  ISOTRACE_FAST_GO;
}

/// Whether the chunks there are marked, and so in bounds: outside of the memory nothing ever is,
/// which makes a second test of bounds unnecessary. Reading is cheaper than marking each time.
template <class Stored>
[[gnu::always_inline]] inline bool is_marked(const u8* memory, u64 address, u64 memory_size) {
  if (bare) return address + sizeof(Stored) <= memory_size;
  const u8* const mark =
      memory + (address >> LinearMemory::chunk_shift) - LinearMemory::marks_distance;
  if (*mark == 0) [[unlikely]]
    return false;
  // What is aligned lies in one chunk.
  if ((address & (sizeof(Stored) - 1)) != 0) [[unlikely]] {
    if ((address & chunk_mask) + sizeof(Stored) > chunk_mask + 1) return mark[1] != 0;
  }
  return true;
}

#define ISOTRACE_FAST_MARK(Stored)                                              \
  if (!is_marked<Stored>(memory, address, context->memory_size)) [[unlikely]] { \
    context->store_place = address;                                             \
    ISOTRACE_FAST_JUMP mark_and_repeat<sizeof(Stored)>(ISOTRACE_FAST_PASS);     \
  }

/// The low bytes; in bounds and marked.
template <class Stored, bool notes, class T>
[[gnu::always_inline]] inline void write(u8* memory, u64 address, T value, Context& context) {
  if constexpr (notes) {
    EffectStream::Cursor effects(*context.effects);
    effects.put(address, 4);
    effects.put(to_slot(value), sizeof(T));
  }
  const auto stored = static_cast<Stored>(value);
  std::memcpy(memory + address, &stored, sizeof stored);
}

template <class T, class Stored, From from, From value, bool notes>
void store(ISOTRACE_FAST_REGISTERS) {
  if constexpr (notes) {
    ISOTRACE_FAST_MAKE_ROOM;
  }
  const u64 address = place<from>(pc, frame, accumulator, floats);
  ISOTRACE_FAST_MARK(Stored);
  write<Stored, notes>(memory, address,
                       operand<T, value, field_b, 3>(pc, frame, accumulator, floats), *context);
  ISOTRACE_FAST_NEXT(3 + constants(value));
}

template <class T, class Stored, From addend, From value, bool notes>
void store_at_sum(ISOTRACE_FAST_REGISTERS) {
  if constexpr (notes) {
    ISOTRACE_FAST_MAKE_ROOM;
  }
  const u32 base = operand<u32, From::slot, field_a, 3>(pc, frame, accumulator, floats) +
                   operand<u32, addend, field_result, 3>(pc, frame, accumulator, floats);
  const u64 address = u64{base} + pc[2];
  constexpr unsigned words = 3 + constants(addend);
  ISOTRACE_FAST_MARK(Stored);
  write<Stored, notes>(memory, address,
                       operand<T, value, field_b, words>(pc, frame, accumulator, floats), *context);
  ISOTRACE_FAST_NEXT(words + constants(value));
}

#undef ISOTRACE_FAST_MARK

template <class Stored, class R, From from, bool notes>
constexpr ByResult load_by_result() {
  return {{load<Stored, R, from, To::slot, notes>, load<Stored, R, from, To::accumulator, notes>,
           load<Stored, R, from, To::both, notes>}};
}

template <class Stored, class R, From from, bool notes>
constexpr ByResult sum_by_result() {
  return {{load_at_sum<Stored, R, from, To::slot, notes>,
           load_at_sum<Stored, R, from, To::accumulator, notes>,
           load_at_sum<Stored, R, from, To::both, notes>}};
}

template <class Stored, class R, bool notes>
constexpr LoadRow load_row() {
  using enum From;
  return {
      {{load_by_result<Stored, R, slot, notes>(), load_by_result<Stored, R, accumulator, notes>(),
        load_by_result<Stored, R, constant, notes>()}},
      {sum_by_result<Stored, R, slot, notes>(), sum_by_result<Stored, R, accumulator, notes>(),
       sum_by_result<Stored, R, constant, notes>()}};
}

template <class T, class Stored, From address, bool notes>
constexpr StoreRow& add_stores(StoreRow& row) {
  using enum From;
  Handler* const from = row.from[static_cast<int>(address)];
  from[static_cast<int>(slot)] = store<T, Stored, address, slot, notes>;
  if constexpr (address != accumulator) {
    from[static_cast<int>(accumulator)] = store<T, Stored, address, accumulator, notes>;
  }
  from[static_cast<int>(constant)] = store<T, Stored, address, constant, notes>;
  return row;
}

template <class T, class Stored, bool notes>
constexpr StoreRow store_row() {
  using enum From;
  StoreRow row{
      {},
      {{store_at_sum<T, Stored, slot, slot, notes>, store_at_sum<T, Stored, slot, constant, notes>},
       {store_at_sum<T, Stored, constant, slot, notes>,
        store_at_sum<T, Stored, constant, constant, notes>}}};
  add_stores<T, Stored, slot, notes>(row);
  add_stores<T, Stored, accumulator, notes>(row);
  return add_stores<T, Stored, constant, notes>(row);
}

/// From i32.load on.
template <bool notes>
constexpr LoadRow loads[] = {
    load_row<u32, u32, notes>(),       load_row<u64, u64, notes>(), load_row<float, float, notes>(),
    load_row<double, double, notes>(), load_row<i8, u32, notes>(),  load_row<u8, u32, notes>(),
    load_row<i16, u32, notes>(),       load_row<u16, u32, notes>(), load_row<i8, u64, notes>(),
    load_row<u8, u64, notes>(),        load_row<i16, u64, notes>(), load_row<u16, u64, notes>(),
    load_row<i32, u64, notes>(),       load_row<u32, u64, notes>()};

/// From i32.store on.
template <bool notes>
constexpr StoreRow stores[] = {store_row<u32, u32, notes>(),     store_row<u64, u64, notes>(),
                               store_row<float, float, notes>(), store_row<double, double, notes>(),
                               store_row<u32, u8, notes>(),      store_row<u32, u16, notes>(),
                               store_row<u64, u8, notes>(),      store_row<u64, u16, notes>(),
                               store_row<u64, u32, notes>()};

}  // namespace

const LoadRow* find_load(Opcode opcode, bool notes) {
  if (opcode < Opcode::i32_load || opcode > Opcode::i64_load32_u) return nullptr;
  const auto row = static_cast<unsigned>(opcode) - static_cast<unsigned>(Opcode::i32_load);
  return notes ? &loads<true>[row] : &loads<false>[row];
}

const StoreRow* find_store(Opcode opcode, bool notes) {
  if (opcode < Opcode::i32_store || opcode > Opcode::i64_store32) return nullptr;
  const auto row = static_cast<unsigned>(opcode) - static_cast<unsigned>(Opcode::i32_store);
  return notes ? &stores<true>[row] : &stores<false>[row];
}

}  // namespace isotrace::wasm::fast
