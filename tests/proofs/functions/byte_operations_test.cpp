// Every integer opcode on operands of eight bits: the term's value for all of them is what the
// engine computes; and for one first operand and all second ones our gates, Z3 and cvc5 agree that
// the term is the table of these values, and where a table with one wrong entry is wrong. With
// ISOTRACE_DIFFERENTIAL of all opcodes and operands, else of a part.
#include <cstdlib>

#include <isotrace/proofs/obligation/integers.hpp>
#include <isotrace/smt/decide.hpp>
#include <isotrace/wasm/numeric/numeric.hpp>

#include "tests/proofs/functions/claims.hpp"

namespace isotrace::proofs::tests {
namespace {

using bits::Term;
using bits::TermPool;
using wasm::Slot;

/// Of an opcode, whether it takes i64, and how many operands.
struct Integer {
  const wasm::OpcodeInfo* info;
  bool wide;
  std::size_t operands;
};

std::vector<Integer> integer_opcodes() {
  std::vector<Integer> found;
  for (std::uint32_t code = 0x45; code <= 0xC4; ++code) {
    const wasm::OpcodeInfo* info = wasm::find_opcode(code);
    if (info == nullptr || info->signature.find_first_of("fF") != std::string_view::npos) continue;
    found.push_back({info, info->signature[0] == 'I', info->signature.find(':')});
  }
  return found;
}

/// Eight bits as an operand: odd opcodes have them as signed numbers.
Slot widened(const Integer& opcode, unsigned byte) {
  const bool is_signed = static_cast<unsigned>(opcode.info->opcode) % 2 == 1;
  const auto number = is_signed ? static_cast<std::int64_t>(static_cast<std::int8_t>(byte))
                                : static_cast<std::int64_t>(byte);
  return opcode.wide ? static_cast<Slot>(number) : static_cast<std::uint32_t>(number);
}

/// What the engine gives; nothing if it traps.
std::optional<Slot> execute(const Integer& opcode, unsigned a, unsigned b) {
  std::vector<Slot> slots = {widened(opcode, a)};
  if (opcode.operands == 2) slots.push_back(widened(opcode, b));
  if (wasm::execute_numeric(opcode.info->opcode, slots) != wasm::Trap::none) return std::nullopt;
  return slots.back();
}

Term widened(TermPool& pool, const Integer& opcode, Term byte) {
  const bool is_signed = static_cast<unsigned>(opcode.info->opcode) % 2 == 1;
  const unsigned width = opcode.wide ? 64 : 32;
  return is_signed ? pool.sign_extend(byte, width) : pool.zero_extend(byte, width);
}

obligation::Computed computed(TermPool& pool, const Integer& opcode, Term a, Term b) {
  std::vector<Term> operands = {widened(pool, opcode, a)};
  if (opcode.operands == 2) operands.push_back(widened(pool, opcode, b));
  return *obligation::compute_numeric(pool, opcode.info->opcode, operands);
}

TEST(ByteOperations, TermsHaveTheValuesOfTheEngineForAllOperands) {
  for (const Integer& opcode : integer_opcodes()) {
    TermPool pool;
    const auto term = computed(pool, opcode, pool.variable("a", bits::vector_sort(8)),
                               pool.variable("b", bits::vector_sort(8)));
    const unsigned second_step = opcode.operands == 2 ? 1 : 256;
    const bool sampled = std::getenv("ISOTRACE_DIFFERENTIAL") == nullptr;
    const unsigned first_step = opcode.operands == 2 && sampled ? 17 : 1;
    for (unsigned a = 0; a < 256; a += first_step) {
      for (unsigned b = 0; b < 256; b += second_step) {
        const auto right = execute(opcode, a, b);
        const bits::Assignment assignment{{{"a", a}, {"b", b}}, {}};
        const auto values = bits::evaluate(pool, {term.value, pool.bit(term.trap)}, assignment);
        ASSERT_TRUE(values.has_value());
        ASSERT_EQ((*values)[1] != 0, !right.has_value()) << opcode.info->text << a << ' ' << b;
        ASSERT_EQ((*values)[0], right.value_or(static_cast<Slot>((*values)[0])))
            << opcode.info->text << ' ' << a << ' ' << b;
      }
    }
  }
}

/// The entry of a table by the bits of a byte.
Term look_up(TermPool& pool, const std::vector<Term>& table, Term byte) {
  std::vector<Term> level = table;
  for (unsigned bit = 0; bit < 8; ++bit) {
    const Term set = pool.equal(pool.extract(byte, bit, bit), pool.constant(1, 1));
    std::vector<Term> next;
    for (std::size_t i = 0; i < level.size(); i += 2) {
      next.push_back(pool.ite(set, level[i + 1], level[i]));
    }
    level = std::move(next);
  }
  return level[0];
}

/// That the term of op(a, x), or of op(x), for some x is not what the table says. All engines are
/// asked, and must agree. `wrong`: this entry has one bit that is not so.
void ask_all(const Integer& opcode, unsigned a, std::optional<unsigned> wrong) {
  TermPool pool;
  const Term x = pool.variable("x", bits::vector_sort(8));
  const bool two = opcode.operands == 2;
  const auto term = computed(pool, opcode, two ? pool.constant(a, 8) : x, x);
  const unsigned width = pool.width(term.value);
  std::vector<Term> values;
  std::vector<Term> traps;
  for (unsigned b = 0; b < 256; ++b) {
    const auto right = two ? execute(opcode, a, b) : execute(opcode, b, 0);
    const Slot flip = wrong == b ? 1 : 0;
    values.push_back(pool.constant(right.value_or(0) ^ flip, width));
    // Where it traps, the wrong entry says that it does not.
    traps.push_back(pool.boolean(!right && wrong != b));
  }
  const Term traps_here = look_up(pool, traps, x);
  const Term differs = pool.bool_or(
      pool.bool_xor(term.trap, traps_here),
      pool.bool_and(pool.bool_not(term.trap), pool.distinct(term.value, look_up(pool, values, x))));
  smt::DecideOptions options;
  options.agree = true;
  options.limits.wall_milliseconds = 60'000;
  options.alarm_folder = testing::TempDir();
  const auto decision = smt::decide(pool, differs, options);
  ASSERT_TRUE(decision.has_value()) << core::describe(decision.error());
  if (!wrong) {
    ASSERT_EQ(decision->kind, smt::Decision::Kind::unsat) << opcode.info->text << ' ' << a;
    ASSERT_TRUE(decision->checked);
    return;
  }
  ASSERT_EQ(decision->kind, smt::Decision::Kind::sat) << opcode.info->text << ' ' << a;
  ASSERT_EQ(decision->model.scalars.at("x"), bits::Value{*wrong}) << opcode.info->text;
}

TEST(ByteOperations, AllEnginesFindTheTableOfTheEngine) {
  const bool all = std::getenv("ISOTRACE_DIFFERENTIAL") != nullptr;
  const std::vector<Integer> opcodes = integer_opcodes();
  ASSERT_EQ(opcodes.size(), 66U);
  for (std::size_t i = 0; i < opcodes.size(); ++i) {
    // Z3 and cvc5 take minutes for all of them.
    const std::string_view name = opcodes[i].info->text;
    if (!all && name != "i32.lt_s" && name != "i32.extend8_s") continue;
    const auto code = static_cast<unsigned>(opcodes[i].info->opcode);
    const unsigned a = 77 * code % 256;
    ask_all(opcodes[i], a, {});
    ask_all(opcodes[i], a, (a + 3 * code) % 256);
  }
}

}  // namespace
}  // namespace isotrace::proofs::tests
