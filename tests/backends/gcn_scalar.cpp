// Arithmetic of scalar registers, masks, and where a wave goes on.
#include <bit>

#include <tests/backends/gcn_machine.hpp>

namespace isotrace::gcn {
namespace {

using U = std::uint32_t;
using I = std::int32_t;
using UL = std::uint64_t;
using IL = std::int64_t;

template <class T>
T value(const Wave& wave, const Operand& operand) {
  return Source<T>(wave, operand)(0);
}
void put_scalar(Wave& wave, const Operand& to, U x) {
  if (to.index != null_register) wave.s[to.index] = x;
}
void put_scalar(Wave& wave, const Operand& to, UL x) { wave.put_pair(to.index, x); }

/// f(scc, operands), whose result is that of the instruction.
template <class R, class A, class F>
constexpr Execute unary(F) {
  return [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    put_scalar(wave, in.operands[0], R(F{}(wave.scc, value<A>(wave, in.operands[1]))));
  };
}
template <class R, class A, class B, class F>
constexpr Execute binary(F) {
  return [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    put_scalar(wave, in.operands[0],
               R(F{}(wave.scc, value<A>(wave, in.operands[1]), value<B>(wave, in.operands[2]))));
  };
}
template <class T, class F>
constexpr Execute comparison(F) {
  return [](Machine& m, const Instruction& in) {
    m.wave->scc = F{}(value<T>(*m.wave, in.operands[0]), value<T>(*m.wave, in.operands[1]));
  };
}

U short_signed(U x) { return static_cast<U>(static_cast<std::int16_t>(x)); }

/// With `from` the mask of lanes before: EXEC = f(operand, EXEC).
template <class F>
constexpr Execute save_exec(F) {
  return [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    const UL from = wave.mask(exec);
    const UL operand =
        wave.lanes == 64 ? value<UL>(wave, in.operands[1]) : UL{value<U>(wave, in.operands[1])};
    const UL lanes = wave.lanes == 64 ? ~UL{0} : UL{0xFFFFFFFF};
    wave.put_mask(in.operands[0].index, from);
    const UL after = F{}(operand, from) & lanes;
    wave.put_mask(exec, after);
    wave.scc = after != 0;
  };
}

template <class T>
void add_bits(Executes& to, const std::string& width) {
  to["s_mov_" + width] = unary<T, T>([](bool&, T x) { return x; });
  to["s_not_" + width] = unary<T, T>([](bool& scc, T x) { return scc = x != ~T{0}, ~x; });
  to["s_and_" + width] =
      binary<T, T, T>([](bool& scc, T a, T b) { return scc = (a & b) != 0, a & b; });
  to["s_or_" + width] =
      binary<T, T, T>([](bool& scc, T a, T b) { return scc = (a | b) != 0, a | b; });
  to["s_xor_" + width] =
      binary<T, T, T>([](bool& scc, T a, T b) { return scc = (a ^ b) != 0, a ^ b; });
  to["s_andn2_" + width] =
      binary<T, T, T>([](bool& scc, T a, T b) { return scc = (a & ~b) != 0, a & ~b; });
  to["s_orn2_" + width] =
      binary<T, T, T>([](bool& scc, T a, T b) { return scc = (a | ~b) != 0, a | ~b; });
  to["s_cselect_" + width] = binary<T, T, T>([](bool& scc, T a, T b) { return scc ? a : b; });
  to["s_and_saveexec_" + width] = save_exec([](UL a, UL b) { return a & b; });
  to["s_or_saveexec_" + width] = save_exec([](UL a, UL b) { return a | b; });
  to["s_andn2_saveexec_" + width] = save_exec([](UL a, UL b) { return a & ~b; });
  to["s_lshl_" + width] = binary<T, T, U>([](bool& scc, T a, U b) {
    const T x = a << (b % (8 * sizeof(T)));
    return scc = x != 0, x;
  });
  to["s_lshr_" + width] = binary<T, T, U>([](bool& scc, T a, U b) {
    const T x = a >> (b % (8 * sizeof(T)));
    return scc = x != 0, x;
  });
}

void add_sums(Executes& to) {
  to["s_add_u32"] = binary<U, U, U>([](bool& scc, U a, U b) { return scc = a + b < a, a + b; });
  to["s_sub_u32"] = binary<U, U, U>([](bool& scc, U a, U b) { return scc = a < b, a - b; });
  to["s_addc_u32"] = binary<U, U, U>([](bool& scc, U a, U b) {
    const UL sum = UL{a} + b + (scc ? 1 : 0);
    return scc = sum >> 32 != 0, static_cast<U>(sum);
  });
  to["s_subb_u32"] = binary<U, U, U>([](bool& scc, U a, U b) {
    const UL difference = UL{a} - b - (scc ? 1 : 0);
    return scc = difference >> 32 != 0, static_cast<U>(difference);
  });
  to["s_add_i32"] = binary<U, U, U>(
      [](bool& scc, U a, U b) { return scc = (((a + b) ^ a) & ((a + b) ^ b)) >> 31 != 0, a + b; });
  to["s_sub_i32"] = binary<U, U, U>(
      [](bool& scc, U a, U b) { return scc = ((a ^ b) & ((a - b) ^ a)) >> 31 != 0, a - b; });
  to["s_mul_i32"] = binary<U, U, U>([](bool&, U a, U b) { return a * b; });
  to["s_mul_hi_u32"] =
      binary<U, U, U>([](bool&, U a, U b) { return static_cast<U>(UL{a} * b >> 32); });
  to["s_ashr_i32"] = binary<U, I, U>(
      [](bool& scc, I a, U b) { return scc = a >> (b & 31) != 0, static_cast<U>(a >> (b & 31)); });
  to["s_ashr_i64"] = binary<UL, IL, U>([](bool& scc, IL a, U b) {
    return scc = a >> (b & 63) != 0, static_cast<UL>(a >> (b & 63));
  });
  to["s_addk_i32"] = [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    U& sum = wave.s[in.operands[0].index];
    const U by = short_signed(value<U>(wave, in.operands[1]));
    wave.scc = (((sum + by) ^ sum) & ((sum + by) ^ by)) >> 31 != 0;
    sum += by;
  };
  to["s_brev_b32"] = unary<U, U>([](bool&, U x) {
    U out = 0;
    for (unsigned i = 0; i < 32; ++i) out |= (x >> i & 1) << (31 - i);
    return out;
  });
  to["s_movk_i32"] = unary<U, U>([](bool&, U x) { return short_signed(x); });
  to["s_mulk_i32"] = [](Machine& m, const Instruction& in) {
    Wave& wave = *m.wave;
    wave.s[in.operands[0].index] *= short_signed(value<U>(wave, in.operands[1]));
  };
}

void add_tests(Executes& to) {
  to["s_cmp_eq_u32"] = comparison<U>([](U a, U b) { return a == b; });
  to["s_cmp_lg_u32"] = comparison<U>([](U a, U b) { return a != b; });
  to["s_cmp_gt_u32"] = comparison<U>([](U a, U b) { return a > b; });
  to["s_cmp_ge_u32"] = comparison<U>([](U a, U b) { return a >= b; });
  to["s_cmp_lt_u32"] = comparison<U>([](U a, U b) { return a < b; });
  to["s_cmp_le_u32"] = comparison<U>([](U a, U b) { return a <= b; });
  to["s_cmp_gt_i32"] = comparison<I>([](I a, I b) { return a > b; });
  to["s_cmp_ge_i32"] = comparison<I>([](I a, I b) { return a >= b; });
  to["s_cmp_lt_i32"] = comparison<I>([](I a, I b) { return a < b; });
  to["s_cmp_le_i32"] = comparison<I>([](I a, I b) { return a <= b; });
  to["s_cmp_eq_i32"] = to["s_cmp_eq_u32"];
  to["s_cmp_lg_i32"] = to["s_cmp_lg_u32"];
  to["s_cmp_eq_u64"] = comparison<UL>([](UL a, UL b) { return a == b; });
  to["s_cmp_lg_u64"] = comparison<UL>([](UL a, UL b) { return a != b; });
  to["s_bitcmp0_b32"] = comparison<U>([](U a, U b) { return (a >> (b & 31) & 1) == 0; });
  to["s_bitcmp1_b32"] = comparison<U>([](U a, U b) { return (a >> (b & 31) & 1) != 0; });
  to["s_cmpk_lg_i32"] = comparison<U>([](U a, U b) { return a != short_signed(b); });
  to["s_cmpk_lg_u32"] = comparison<U>([](U a, U b) { return a != (b & 0xFFFF); });
}

template <class F>
constexpr Execute branch(F) {
  return [](Machine& m, const Instruction& in) {
    if (F{}(*m.wave)) m.wave->next = in.target;
  };
}

void add_branches(Executes& to) {
  to["s_branch"] = branch([](const Wave&) { return true; });
  to["s_cbranch_scc0"] = branch([](const Wave& w) { return !w.scc; });
  to["s_cbranch_scc1"] = branch([](const Wave& w) { return w.scc; });
  to["s_cbranch_vccz"] = branch([](const Wave& w) { return w.mask(vcc) == 0; });
  to["s_cbranch_vccnz"] = branch([](const Wave& w) { return w.mask(vcc) != 0; });
  to["s_cbranch_execz"] = branch([](const Wave& w) { return w.mask(exec) == 0; });
  to["s_cbranch_execnz"] = branch([](const Wave& w) { return w.mask(exec) != 0; });
  to["s_barrier"] = [](Machine& m, const Instruction&) { m.met = Met::barrier; };
  to["s_endpgm"] = [](Machine& m, const Instruction&) { m.met = Met::end; };
  to["s_trap"] = to["s_code_end"] = [](Machine& m, const Instruction& in) { m.report(in.name); };
}

/// Registers of the hardware: where a thread's own memory and shared memory begin.
void get_register(Machine& m, const Instruction& in) {
  if (in.modifiers.contains("hwreg(HW_REG_SH_MEM_BASES, 0, 16)")) {
    m.wave->s[in.operands[0].index] = private_base;
  } else if (in.modifiers.contains("hwreg(HW_REG_SH_MEM_BASES, 16, 16)")) {
    m.wave->s[in.operands[0].index] = shared_base;
  } else {
    m.report("s_getreg_b32 of another register");
  }
}
/// Rounding and subnormal numbers stay as the kernel began.
void set_register(Machine& m, const Instruction& in) {
  for (const auto& [name, text] : in.modifiers) {
    if (name.find("FLAT_SCR") == std::string::npos) m.report("s_setreg_b32 of " + name);
  }
}

}  // namespace

void add_scalar_instructions(Executes& to) {
  add_bits<U>(to, "b32");
  add_bits<UL>(to, "b64");
  add_sums(to);
  add_tests(to);
  add_branches(to);
  to["s_getreg_b32"] = get_register;
  to["s_setreg_b32"] = set_register;
  to["s_getpc_b64"] = [](Machine& m, const Instruction& in) {
    const auto image = reinterpret_cast<std::uint64_t>(m.code.image.data());
    m.wave->put_pair(in.operands[0].index, image + in.address);
  };
  to["s_set_gpr_idx_on"] = [](Machine& m, const Instruction& in) {
    if (!in.modifiers.contains("gpr_idx(DST)")) m.report("s_set_gpr_idx_on of another operand");
    m.wave->s[m0] = value<U>(*m.wave, in.operands[0]) & 0xFF;
    m.wave->moved_by = m.wave->s[m0];
  };
  to["s_set_gpr_idx_off"] = [](Machine& m, const Instruction&) { m.wave->moved_by = 0; };
  // What waits, fetches code early or has no effect of its own.
  for (const char* const name :
       {"s_nop", "s_waitcnt", "s_waitcnt_vscnt", "s_clause", "s_inst_prefetch", "buffer_gl0_inv"}) {
    to[name] = [](Machine&, const Instruction&) {};
  }
}

}  // namespace isotrace::gcn
