#include <isotrace/wasm/numeric/trap.hpp>

namespace isotrace::wasm {

std::string_view trap_text(Trap trap) {
  switch (trap) {
    case Trap::none: return "none";
    case Trap::unreachable: return "unreachable";
    case Trap::integer_divide_by_zero: return "integer divide by zero";
    case Trap::integer_overflow: return "integer overflow";
    case Trap::invalid_conversion_to_integer: return "invalid conversion to integer";
    case Trap::out_of_bounds_memory_access: return "out of bounds memory access";
    case Trap::out_of_bounds_table_access: return "out of bounds table access";
    case Trap::undefined_element: return "undefined element";
    case Trap::uninitialized_element: return "uninitialized element";
    case Trap::indirect_call_type_mismatch: return "indirect call type mismatch";
    case Trap::call_stack_exhausted: return "call stack exhausted";
    case Trap::exit: return "exit";
    case Trap::host_refused: return "host refused";
  }
  return "unknown trap";
}

}  // namespace isotrace::wasm
