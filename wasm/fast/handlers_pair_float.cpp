// A product and what it is added to: two roundings, as in the module.
#include <isotrace/wasm/fast/pair_rows.hpp>
#include <isotrace/wasm/numeric/numeric_stack.hpp>

namespace isotrace::wasm::fast {
namespace {

template <class F>
constexpr UnaryRow rows[] = {
    pair_row<FloatMultiply, From::slot, FloatAdd, From::slot, F>(),
    pair_row<FloatMultiply, From::slot, FloatSubtract, From::slot, F>(),
    pair_row<FloatMultiply, From::slot, Exchanged<FloatSubtract>, From::slot, F>()};

/// Opcodes as those of f32.
template <class F>
const UnaryRow* find(Opcode first, From y, Opcode second, From z, bool exchanged) {
  if (first != Opcode::f32_mul || y != From::slot || z != From::slot) return nullptr;
  if (second == Opcode::f32_add) return &rows<F>[0];
  if (second == Opcode::f32_sub) return &rows<F>[exchanged ? 2 : 1];
  return nullptr;
}

Opcode as_f32(Opcode opcode) {
  if (opcode < Opcode::f64_add || opcode > Opcode::f64_div) return Opcode::nop;
  return counterpart(opcode, Opcode::f64_add, Opcode::f32_add);
}

}  // namespace

const UnaryRow* find_pair_f32(const PairKey& key) {
  return find<float>(key.first, key.y, key.second, key.z, key.exchanged);
}

const UnaryRow* find_pair_f64(const PairKey& key) {
  return find<double>(as_f32(key.first), key.y, as_f32(key.second), key.z, key.exchanged);
}

}  // namespace isotrace::wasm::fast
