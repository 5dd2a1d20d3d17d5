// What works on values of any type: copies, globals, select.
#include <isotrace/wasm/fast/handlers.hpp>
#include <isotrace/wasm/fast/operands.hpp>

namespace isotrace::wasm::fast {
namespace {

template <From from, To to>
void copy(ISOTRACE_FAST_REGISTERS) {
  const Slot value = operand<Slot, from, field_a, 2>(pc, frame, accumulator, floats);
  deliver<to>(value, pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(2 + constants(from));
}

/// Two copies, one after the other: of a to the result, of b to what field_c names.
void copy_two(ISOTRACE_FAST_REGISTERS) {
  frame[field(pc, field_result)] = frame[field(pc, field_a)];
  frame[field(pc, field_c)] = frame[field(pc, field_b)];
  ISOTRACE_FAST_NEXT(2);
}

template <To to>
void global_get(ISOTRACE_FAST_REGISTERS) {
  const Slot value = context->store->globals[pc[2]].value;
  deliver<to>(value, pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(3);
}

template <From from>
void global_set(ISOTRACE_FAST_REGISTERS) {
  context->store->globals[pc[2]].value =
      operand<Slot, from, field_a, 3>(pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(3 + constants(from));
}

template <From condition, From a, From b, To to>
void select(ISOTRACE_FAST_REGISTERS) {
  const auto truth = operand<std::uint32_t, condition, field_c, 2>(pc, frame, accumulator, floats);
  const Slot yes = operand<Slot, a, field_a, 2>(pc, frame, accumulator, floats);
  const Slot no = operand<Slot, b, field_b, 2 + constants(a)>(pc, frame, accumulator, floats);
  deliver<to>(truth != 0 ? yes : no, pc, frame, accumulator, floats);
  ISOTRACE_FAST_NEXT(2 + constants(a) + constants(b));
}

template <From from>
constexpr ByResult copy_by_result{
    {copy<from, To::slot>, copy<from, To::accumulator>, copy<from, To::both>}};

template <From condition, From a, From b>
constexpr ByResult select_by_result{{select<condition, a, b, To::slot>,
                                     select<condition, a, b, To::accumulator>,
                                     select<condition, a, b, To::both>}};

}  // namespace

const ByResult& copy_handlers(From from) {
  static constexpr ByResult rows[] = {copy_by_result<From::slot>, copy_by_result<From::accumulator>,
                                      copy_by_result<From::constant>,
                                      copy_by_result<From::float_accumulator>};
  return rows[static_cast<int>(from)];
}

Handler copy_two_handler() { return copy_two; }

const ByResult& global_get_handlers() {
  static constexpr ByResult row{
      {global_get<To::slot>, global_get<To::accumulator>, global_get<To::both>}};
  return row;
}

Handler global_set_handler(From from) {
  static constexpr Handler rows[] = {global_set<From::slot>, global_set<From::accumulator>,
                                     global_set<From::constant>,
                                     global_set<From::float_accumulator>};
  return rows[static_cast<int>(from)];
}

const ByResult& select_handlers(From condition, From a, From b) {
  using enum From;
  static constexpr ByResult rows[2][2][2] = {
      {{select_by_result<slot, slot, slot>, select_by_result<slot, slot, constant>},
       {select_by_result<slot, constant, slot>, select_by_result<slot, constant, constant>}},
      {{select_by_result<accumulator, slot, slot>, select_by_result<accumulator, slot, constant>},
       {select_by_result<accumulator, constant, slot>,
        select_by_result<accumulator, constant, constant>}}};
  return rows[condition == accumulator ? 1 : 0][a == constant ? 1 : 0][b == constant ? 1 : 0];
}

}  // namespace isotrace::wasm::fast
