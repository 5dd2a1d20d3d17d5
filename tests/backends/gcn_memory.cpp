// Memory: the host's for what is global, shared memory of the block, and each thread's own.
#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

using U = std::uint32_t;
using UL = std::uint64_t;

/// What an instruction moves for a lane: bytes, and whether they are widened with their sign.
struct Width {
  unsigned bytes;
  bool is_signed = false;
};

constexpr unsigned bytes_max = 16;

std::uint8_t* own_memory(Machine& m, unsigned lane, UL offset, unsigned size) {
  Wave& wave = *m.wave;
  static std::uint8_t beyond[bytes_max];
  if (offset > wave.own_size || size > wave.own_size - offset) {
    m.report("a thread's memory beyond its end");
    return beyond;
  }
  return &wave.own[lane * UL{wave.own_size} + offset];
}

/// Where an address of any kind lies on the host.
std::uint8_t* place(Machine& m, unsigned lane, UL address, unsigned size, bool writes) {
  const UL base = address >> 48;
  if (base == private_base) return own_memory(m, lane, static_cast<U>(address), size);
  if (base == shared_base) {
    const U at = static_cast<U>(address);
    const UL there =
        writes ? m.shared.write(at, size, m.wave->number) : m.shared.read(at, size, m.wave->number);
    return reinterpret_cast<std::uint8_t*>(there);
  }
  return reinterpret_cast<std::uint8_t*>(address);
}

/// Registers of a lane from `first` on.
void load_lane(Wave& wave, const Operand& first, unsigned lane, const std::uint8_t* from,
               Width width) {
  U words[bytes_max / 4] = {};
  std::memcpy(words, from, width.bytes);
  if (width.is_signed) {
    const unsigned unused = 32 - 8 * width.bytes;
    words[0] = static_cast<U>(static_cast<std::int32_t>(words[0] << unused) >> unused);
  }
  for (unsigned i = 0; i < (width.bytes + 3) / 4; ++i) wave.v[first.index + i][lane] = words[i];
}
void store_lane(const Wave& wave, const Operand& first, unsigned lane, std::uint8_t* to,
                Width width) {
  U words[bytes_max / 4] = {};
  for (unsigned i = 0; i < (width.bytes + 3) / 4; ++i) words[i] = wave.v[first.index + i][lane];
  std::memcpy(to, words, width.bytes);
}

/// Two registers with an address; or one with an offset, and a scalar pair.
UL global_address(const Wave& wave, const Instruction& in, unsigned lane, const Operand& at,
                  const Operand* base) {
  const auto offset = static_cast<UL>(in.offset);
  if (base == nullptr || base->kind != Operand::Kind::scalar) {
    return Source<UL>(wave, at)(lane) + offset;
  }
  return wave.pair(base->index) + Source<U>(wave, at)(lane) + offset;
}

template <Width width>
void global_load(Machine& m, const Instruction& in) {
  const Operand* const base = in.operands.size() > 2 ? &in.operands[2] : nullptr;
  m.each_lane_in_order([&](unsigned lane) {
    const UL address = global_address(*m.wave, in, lane, in.operands[1], base);
    load_lane(*m.wave, in.operands[0], lane, place(m, lane, address, width.bytes, false), width);
  });
}
template <Width width>
void global_store(Machine& m, const Instruction& in) {
  const Operand* const base = in.operands.size() > 2 ? &in.operands[2] : nullptr;
  m.each_lane_in_order([&](unsigned lane) {
    const UL address = global_address(*m.wave, in, lane, in.operands[0], base);
    store_lane(*m.wave, in.operands[1], lane, place(m, lane, address, width.bytes, true), width);
  });
}

/// Adds 64 bits, and gives what was there.
void atomic_add(Machine& m, const Instruction& in) {
  if (!in.modifiers.contains("glc")) m.report("an atomic addition without its old value");
  m.each_lane_in_order([&](unsigned lane) {
    const UL address = global_address(*m.wave, in, lane, in.operands[1], &in.operands[3]);
    const UL more = Source<UL>(*m.wave, in.operands[2])(lane);
    UL old = 0;
    std::memcpy(&old, reinterpret_cast<const void*>(address), sizeof(old));
    const UL sum = old + more;
    std::memcpy(reinterpret_cast<void*>(address), &sum, sizeof(sum));
    put<UL>(*m.wave, in.operands[0], lane, old);
  });
}

/// Scalars from the host's memory.
template <unsigned words>
void scalar_load(Machine& m, const Instruction& in) {
  Wave& wave = *m.wave;
  const UL offset = Source<U>(wave, in.operands[2])(0);
  const UL address = (wave.pair(in.operands[1].index) & ~UL{3}) + offset;
  std::memcpy(&wave.s[in.operands[0].index], reinterpret_cast<const void*>(address), 4 * words);
}

/// A thread's own memory, at an offset that a register and the instruction give.
UL own_offset(Machine& m, const Instruction& in, unsigned lane) {
  const Operand& wave_offset = in.operands[3];
  if (Source<U>(*m.wave, wave_offset)(0) != 0) m.report("an offset of the wave");
  const U at = in.modifiers.contains("offen") ? Source<U>(*m.wave, in.operands[1])(lane) : 0;
  return at + static_cast<UL>(in.offset);
}
template <Width width>
void own_load(Machine& m, const Instruction& in) {
  m.each_lane_in_order([&](unsigned lane) {
    const UL at = own_offset(m, in, lane);
    load_lane(*m.wave, in.operands[0], lane, own_memory(m, lane, at, width.bytes), width);
  });
}
template <Width width>
void own_store(Machine& m, const Instruction& in) {
  m.each_lane_in_order([&](unsigned lane) {
    const UL at = own_offset(m, in, lane);
    store_lane(*m.wave, in.operands[0], lane, own_memory(m, lane, at, width.bytes), width);
  });
}

std::uint8_t* shared_place(Machine& m, const Instruction& in, unsigned lane, const Operand& at,
                           std::int64_t offset, unsigned size, bool writes) {
  const U address = Source<U>(*m.wave, at)(lane) + static_cast<U>(offset);
  if (address % (size == 12 ? 4 : size < 8 ? size : 4) != 0) m.report(in.name + " misaligned");
  return place(m, lane, shared_base << 48 | address, size, writes);
}
template <Width width>
void shared_load(Machine& m, const Instruction& in) {
  m.each_lane_in_order([&](unsigned lane) {
    const std::uint8_t* const from =
        shared_place(m, in, lane, in.operands[1], in.offset, width.bytes, false);
    load_lane(*m.wave, in.operands[0], lane, from, width);
  });
}
template <Width width>
void shared_store(Machine& m, const Instruction& in) {
  m.each_lane_in_order([&](unsigned lane) {
    std::uint8_t* const to =
        shared_place(m, in, lane, in.operands[0], in.offset, width.bytes, true);
    store_lane(*m.wave, in.operands[1], lane, to, width);
  });
}
/// Two numbers, whose offsets count numbers times `unit`.
template <Width width, unsigned unit>
void shared_load_two(Machine& m, const Instruction& in) {
  m.each_lane_in_order([&](unsigned lane) {
    std::uint8_t both[bytes_max];
    const std::int64_t offsets[] = {in.offset, in.second_offset};
    for (unsigned i = 0; i < 2; ++i) {
      const std::int64_t offset = offsets[i] * std::int64_t{width.bytes * unit};
      std::memcpy(both + i * width.bytes,
                  shared_place(m, in, lane, in.operands[1], offset, width.bytes, false),
                  width.bytes);
    }
    load_lane(*m.wave, in.operands[0], lane, both, {2 * width.bytes});
  });
}

template <Width width, unsigned unit>
void shared_store_two(Machine& m, const Instruction& in) {
  m.each_lane_in_order([&](unsigned lane) {
    const std::int64_t offsets[] = {in.offset, in.second_offset};
    for (unsigned i = 0; i < 2; ++i) {
      const std::int64_t offset = offsets[i] * std::int64_t{width.bytes * unit};
      std::uint8_t* const to = shared_place(m, in, lane, in.operands[0], offset, width.bytes, true);
      store_lane(*m.wave, in.operands[1 + i], lane, to, width);
    }
  });
}

void add_global(Executes& to) {
  for (const std::string kind : {"global_", "flat_"}) {
    to[kind + "load_ubyte"] = global_load<Width{1}>;
    to[kind + "load_sbyte"] = global_load<Width{1, true}>;
    to[kind + "load_ushort"] = global_load<Width{2}>;
    to[kind + "load_sshort"] = global_load<Width{2, true}>;
    to[kind + "load_dword"] = global_load<Width{4}>;
    to[kind + "load_dwordx2"] = global_load<Width{8}>;
    to[kind + "load_dwordx3"] = global_load<Width{12}>;
    to[kind + "load_dwordx4"] = global_load<Width{16}>;
    to[kind + "store_byte"] = global_store<Width{1}>;
    to[kind + "store_short"] = global_store<Width{2}>;
    to[kind + "store_dword"] = global_store<Width{4}>;
    to[kind + "store_dwordx2"] = global_store<Width{8}>;
    to[kind + "store_dwordx3"] = global_store<Width{12}>;
    to[kind + "store_dwordx4"] = global_store<Width{16}>;
  }
  to["global_atomic_add_x2"] = atomic_add;
  to["s_load_dword"] = scalar_load<1>;
  to["s_load_dwordx2"] = scalar_load<2>;
  to["s_load_dwordx4"] = scalar_load<4>;
  to["s_load_dwordx8"] = scalar_load<8>;
  to["s_load_dwordx16"] = scalar_load<16>;
}

void add_own(Executes& to) {
  to["buffer_load_ubyte"] = own_load<Width{1}>;
  to["buffer_load_ushort"] = own_load<Width{2}>;
  to["buffer_load_dword"] = own_load<Width{4}>;
  to["buffer_load_dwordx2"] = own_load<Width{8}>;
  to["buffer_load_dwordx4"] = own_load<Width{16}>;
  to["buffer_store_byte"] = own_store<Width{1}>;
  to["buffer_store_short"] = own_store<Width{2}>;
  to["buffer_store_dword"] = own_store<Width{4}>;
  to["buffer_store_dwordx2"] = own_store<Width{8}>;
  to["buffer_store_dwordx4"] = own_store<Width{16}>;
}

void add_shared(Executes& to) {
  to["ds_read_u8"] = shared_load<Width{1}>;
  to["ds_read_i8"] = shared_load<Width{1, true}>;
  to["ds_read_u16"] = shared_load<Width{2}>;
  to["ds_read_i16"] = shared_load<Width{2, true}>;
  to["ds_read_b32"] = shared_load<Width{4}>;
  to["ds_read_b64"] = shared_load<Width{8}>;
  to["ds_read_b96"] = shared_load<Width{12}>;
  to["ds_read_b128"] = shared_load<Width{16}>;
  to["ds_write_b8"] = shared_store<Width{1}>;
  to["ds_write_b16"] = shared_store<Width{2}>;
  to["ds_write_b32"] = shared_store<Width{4}>;
  to["ds_write_b64"] = shared_store<Width{8}>;
  to["ds_write_b96"] = shared_store<Width{12}>;
  to["ds_write_b128"] = shared_store<Width{16}>;
  to["ds_read2_b32"] = shared_load_two<Width{4}, 1>;
  to["ds_read2_b64"] = shared_load_two<Width{8}, 1>;
  to["ds_read2st64_b32"] = shared_load_two<Width{4}, 64>;
  to["ds_read2st64_b64"] = shared_load_two<Width{8}, 64>;
  to["ds_write2_b32"] = shared_store_two<Width{4}, 1>;
  to["ds_write2_b64"] = shared_store_two<Width{8}, 1>;
  to["ds_write2st64_b32"] = shared_store_two<Width{4}, 64>;
  to["ds_write2st64_b64"] = shared_store_two<Width{8}, 64>;
}

}  // namespace

void add_memory_instructions(Executes& to) {
  add_global(to);
  add_own(to);
  add_shared(to);
}

}  // namespace isotrace::gcn
